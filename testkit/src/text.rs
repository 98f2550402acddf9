//! Small pieces of HTTP and HTML.

use crate::LIMIT;
use std::io::Read;
use std::net::TcpStream;

/// What stands between two marks.
#[track_caller]
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).map(|(_, rest)| rest);
    let found = rest.and_then(|rest| rest.split_once(after));
    found
        .unwrap_or_else(|| panic!("nothing between {before:?} and {after:?} in {text}"))
        .0
}

/// A form as the body of a request, with every byte of the values escaped.
pub fn encode(form: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (key, value) in form {
        let value: String = value.bytes().map(|b| format!("%{b:02x}")).collect();
        out += &format!("&{key}={value}");
    }
    out
}

/// What arrives until the server closes the connection.
#[track_caller]
pub fn read_all(mut stream: TcpStream) -> String {
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
