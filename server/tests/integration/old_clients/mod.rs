//! Clients of 2008 to 2010, which can no longer be changed.

mod calls;
mod channel;
mod client;
mod groups;
pub mod ruby;
