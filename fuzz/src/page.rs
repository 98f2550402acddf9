//! Pages: login forms, refusals, and what chat pages of every year say.

use fbchat::protocol::fuzzing;

pub fn run(data: &[u8]) {
    fuzzing::page(super::server(), data);
}
