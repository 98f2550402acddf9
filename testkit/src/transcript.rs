//! What tests send to fbchatd and what it answers, as files that two builds of fbchatd can be compared by.
//!
//! With `TRANSCRIPT=DIRECTORY`, every server that a test starts has a recorder in front of it, which passes bytes on as they
//! are and writes `DIRECTORY/TEST.txt`: the requests of each user, and then their long-polls, each with its answer. What differs
//! from run to run is masked: times, secrets, ports. Long lines are cut and end in a hash of the whole. `FBCHATD_BIN=PROGRAM`
//! chooses the build.
//!
//! The files are the same in each run only if each user sends one request after the other. These tests do:
//!
//! ```text
//! cargo test -p fbchatd --test integration -- old_clients:: bad_input::
//! cargo test -p fbchatd --test nonsense -- seeded
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// A request and the answer to it.
#[derive(Default)]
struct Exchange {
    request: Vec<u8>,
    answer: Vec<u8>,
}

type Exchanges = Arc<Mutex<Vec<Exchange>>>;

/// What is written when it is dropped.
pub struct Transcript {
    file: PathBuf,
    ports: Vec<u16>,
    exchanges: Exchanges,
}

impl Transcript {
    /// One for the running test, if transcripts are wanted; a test can have several. These ports of the server are masked.
    pub fn begin(ports: &[u16]) -> Option<Transcript> {
        static COUNT: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
        let directory = std::env::var_os("TRANSCRIPT")?;
        let thread = std::thread::current();
        let test = thread.name().filter(|name| *name != "main")?;
        let mut counts = COUNT.lock().unwrap();
        let count = counts.entry(test.to_owned()).or_default();
        *count += 1;
        let name = format!("{}-{count}.txt", test.replace("::", "-"));
        std::fs::create_dir_all(&directory).expect("the directory of TRANSCRIPT can be made");
        Some(Transcript {
            file: PathBuf::from(directory).join(name),
            ports: ports.to_vec(),
            exchanges: Exchanges::default(),
        })
    }

    pub fn record(&self, request: &[u8], answer: &[u8]) {
        self.exchanges.lock().unwrap().push(Exchange {
            request: request.to_vec(),
            answer: answer.to_vec(),
        });
    }
}

impl Drop for Transcript {
    fn drop(&mut self) {
        let exchanges = std::mem::take(&mut *self.exchanges.lock().unwrap());
        let text = masked(&exchanges, &self.ports);
        if let Err(error) = std::fs::write(&self.file, text) {
            eprintln!("{}: {error}", self.file.display());
        }
    }
}

/// A relay in front of a server that writes a transcript.
pub struct Recorder {
    address: SocketAddr,
    _transcript: Transcript,
}

impl Recorder {
    /// Begins to record, if transcripts are wanted and the server speaks plain HTTP.
    pub(crate) fn in_front_of(url: &str) -> Option<Recorder> {
        let server: SocketAddr = url.strip_prefix("http://")?.parse().ok()?;
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let transcript = Transcript::begin(&[server.port(), address.port()])?;
        let exchanges = transcript.exchanges.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let exchanges = exchanges.clone();
                std::thread::spawn(move || relay(client, server, exchanges));
            }
        });
        Some(Recorder {
            address,
            _transcript: transcript,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Passes bytes on until both sides have closed. What a client sends after an answer is the next request.
fn relay(client: TcpStream, server: SocketAddr, exchanges: Exchanges) -> Option<()> {
    let server = TcpStream::connect(server).ok()?;
    let (from_client, from_server) = (client.try_clone().ok()?, server.try_clone().ok()?);
    let current = Arc::new(Mutex::new(None::<usize>));
    let (asking, asked) = (current.clone(), exchanges.clone());
    let up = std::thread::spawn(move || {
        pump(from_client, server, |bytes| {
            let mut exchanges = asked.lock().unwrap();
            let mut current = asking.lock().unwrap();
            // What begins otherwise is the rest of a request that was refused before all of it had arrived.
            let begins = bytes.first().is_some_and(u8::is_ascii_uppercase);
            let unanswered = current.filter(|&index| exchanges[index].answer.is_empty() || !begins);
            let index = unanswered.unwrap_or_else(|| {
                exchanges.push(Exchange::default());
                exchanges.len() - 1
            });
            *current = Some(index);
            exchanges[index].request.extend(bytes);
        });
    });
    pump(from_server, client, |bytes| {
        let mut exchanges = exchanges.lock().unwrap();
        // A server may speak first, to say that it is busy.
        let index = *current.lock().unwrap().get_or_insert_with(|| {
            exchanges.push(Exchange::default());
            exchanges.len() - 1
        });
        if let Some(exchange) = exchanges.get_mut(index) {
            exchange.answer.extend(bytes);
        }
    });
    up.join().ok()
}

fn pump(mut from: TcpStream, mut to: TcpStream, mut note: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read) = from.read(&mut buffer) {
        if read == 0 {
            break;
        }
        note(&buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// The exchanges as text, with everything masked that differs from run to run. What is repeated while a test waits for
/// something is written once.
fn masked(exchanges: &[Exchange], ports: &[u16]) -> String {
    let mut secrets = Secrets::default();
    for exchange in exchanges {
        secrets.learn(&String::from_utf8_lossy(&exchange.answer));
    }
    // What users do at the same time comes in any order; what one of them does, in theirs.
    let mut groups = BTreeMap::<String, Vec<String>>::new();
    for exchange in exchanges {
        let group = group(&exchange.request);
        // Whether a poll is held when the test ends is a matter of time.
        if exchange.answer.is_empty() && group.starts_with("polls") {
            continue;
        }
        let mut text = String::new();
        let request =
            printable(&secrets.mask(&with_checked_length(&without_part(&exchange.request))));
        let answer = printable(&secrets.mask(&with_checked_length(&exchange.answer)));
        for (mark, part) in [('>', request), ('<', answer)] {
            for line in part.lines() {
                let line = mask_numbers(line, ports);
                let _ = writeln!(text, "{mark} {}", shortened(&line));
            }
        }
        let texts = groups.entry(group).or_default();
        if texts.last() != Some(&text) {
            texts.push(text);
        }
    }
    let mut out = String::new();
    for (name, texts) in groups {
        let _ = writeln!(out, "# {name}\n\n{}", texts.join("\n"));
    }
    out
}

/// Whose request it is, and whether it is a long-poll.
fn group(request: &[u8]) -> String {
    let request = String::from_utf8_lossy(request);
    let user = request.split("c_user=").nth(1).unwrap_or_default();
    let user: String = user.chars().take_while(char::is_ascii_digit).collect();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let kind = match path.starts_with("/x/") {
        true => "polls",
        false => "requests",
    };
    format!("{kind} of {user}")
}

/// The request without its body if that is not complete: how much was sent before the server refused it is a matter of time.
fn without_part(request: &[u8]) -> Vec<u8> {
    let Some(head) = find(request, b"\r\n\r\n") else {
        return request.to_vec();
    };
    let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let length = text.split("\r\ncontent-length: ").nth(1);
    let length = length.and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
    if length.is_some_and(|length| request.len() - head - 4 < length) {
        return [&request[..head], b"\r\n\r\n(cut)"].concat();
    }
    request.to_vec()
}

/// The message with a right Content-Length replaced by a word, since the length depends on numbers that are masked.
fn with_checked_length(message: &[u8]) -> Vec<u8> {
    const NAME: &[u8] = b"\r\ncontent-length: ";
    let Some(head) = find(message, b"\r\n\r\n") else {
        return message.to_vec();
    };
    let right = (message.len() - head - 4).to_string();
    let mut answer = message.to_vec();
    if let Some(at) = find(&answer[..head].to_ascii_lowercase(), NAME) {
        let start = at + NAME.len();
        let digits = answer[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit());
        let end = start + digits.count();
        if answer[start..end] == *right.as_bytes() {
            answer.splice(start..end, *b"RIGHT");
        }
    }
    answer
}

/// A long line without most of it, but with a hash of all.
fn shortened(line: &str) -> String {
    const LONGEST: usize = 1500;
    if line.len() <= LONGEST {
        return line.to_owned();
    }
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    let begin: String = line.chars().take(300).collect();
    format!(
        "{begin} ... {} bytes, hash {:016x}",
        line.len(),
        hasher.finish()
    )
}

/// Random values that the server has given out.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn learn(&mut self, answer: &str) {
        for mark in ["Set-Cookie: ", "set-cookie: "] {
            for cookie in answer.split(mark).skip(1) {
                let value = cookie
                    .split([';', '\r'])
                    .next()
                    .and_then(|pair| pair.split_once('='));
                let value = value
                    .map(|(_, value)| value)
                    .filter(|value| value.len() >= 8);
                self.0.extend(value.map(str::to_owned));
            }
        }
        let words = answer.split(|c: char| !c.is_ascii_alphanumeric());
        let random = words.filter(|word| {
            let hex = word
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            hex && word.len() >= 16 && word.bytes().any(|b| b.is_ascii_alphabetic())
        });
        self.0.extend(random.map(str::to_owned));
    }

    fn mask(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for secret in &self.0 {
            let escaped: String = secret.bytes().map(|b| format!("%{b:02x}")).collect();
            for form in [secret, &escaped] {
                replace(&mut bytes, form.as_bytes(), b"SECRET");
            }
        }
        bytes
    }
}

fn replace(bytes: &mut Vec<u8>, from: &[u8], to: &[u8]) {
    let mut at = 0;
    while let Some(found) = find(&bytes[at..], from) {
        bytes.splice(at + found..at + found + from.len(), to.iter().copied());
        at += found + to.len();
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

/// Text with everything escaped but line ends and what can be printed.
fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => text.push('\n'),
                c if c.is_control() => text.extend(c.escape_default()),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Masks times of these years, dates, ports, and the random numbers of messages.
fn mask_numbers(line: &str, ports: &[u16]) -> String {
    const DAYS: [&str; 7] = [
        "Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, ", "Sun, ",
    ];
    let mut out = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if DAYS.iter().any(|day| rest.starts_with(day))
            && let Some(date) = rest.get(..25)
            && date.as_bytes()[22] == b':'
        {
            out.push_str("DATE");
            rest = &rest[date.len()..];
        } else if c.is_ascii_digit() {
            let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = &rest[..rest.len() - after.len()];
            let is_time = [10, 13, 16].contains(&digits.len())
                && matches!(&digits[..2], "16" | "17" | "18" | "19");
            let is_port = digits.parse().is_ok_and(|port| ports.contains(&port));
            let names_id = out.ends_with("\"msgID\":\"") || out.ends_with("msg_id=");
            let is_id = names_id && digits.len() > 7;
            out.push_str(match (is_time, is_port, is_id) {
                (_, _, true) => "ID",
                (true, ..) => "TIME",
                (_, true, _) => "PORT",
                _ => digits,
            });
            rest = after;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}
