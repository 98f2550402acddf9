//! What users do, with all rules. Front ends call this and contain none of the rules.

pub mod detached;
pub mod echo;
pub mod login_attempts;
pub mod login_throttle;
pub mod passwords;
pub mod validate;
