//! A link between client and server that fails as a test says.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: everything is passed on.
    None,
    /// Open connections are closed.
    Cut,
    /// Nothing is passed on, and nobody hears of it.
    Stall,
    /// Requests arrive, but in place of an answer the connection is closed.
    LoseAnswers,
    /// Requests arrive, but a proxy answers in place of the server.
    BadGateway,
    /// The client's side of open connections is closed.
    HalfClose,
    /// A connection is closed when the next request comes on it.
    CloseKept,
    /// A message is posted a second time, as on a connection of its own.
    Duplicate,
    /// Byte after byte.
    SlowBytes,
    /// Everything arrives later.
    Delay,
}

/// All faults.
pub const FAULTS: [Fault; 9] = [
    Fault::Cut,
    Fault::Stall,
    Fault::LoseAnswers,
    Fault::BadGateway,
    Fault::HalfClose,
    Fault::CloseKept,
    Fault::Duplicate,
    Fault::SlowBytes,
    Fault::Delay,
];

/// How often a connection without data looks for a new fault.
const TICK: Duration = Duration::from_millis(5);
const GATEWAY: &[u8] =
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A running link. It stops with the process.
pub struct FaultyLink {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    fault: Arc<Mutex<Fault>>,
}

impl FaultyLink {
    pub fn start(server: SocketAddr) -> FaultyLink {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let fault = Arc::new(Mutex::new(Fault::None));
        let shared = fault.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(upstream) = TcpStream::connect(server) else {
                    continue;
                };
                for answers in [false, true] {
                    let again = |stream: &TcpStream| stream.try_clone().expect("a descriptor");
                    let (client, upstream, fault) =
                        (again(&client), again(&upstream), shared.clone());
                    std::thread::spawn(move || match answers {
                        true => pass_on(upstream, client, true, server, &fault),
                        false => pass_on(client, upstream, false, server, &fault),
                    });
                }
            }
        });
        FaultyLink { url, fault }
    }

    /// From now on this happens.
    pub fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
}

/// Passes on what one side sends: the answers, or the requests.
fn pass_on(
    mut from: TcpStream,
    mut to: TcpStream,
    answers: bool,
    server: SocketAddr,
    fault: &Mutex<Fault>,
) -> Option<()> {
    let close = |from: &TcpStream, to: &TcpStream| {
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    };
    from.set_read_timeout(Some(TICK)).ok()?;
    let mut buffer = [0; 16 << 10];
    loop {
        let now = *fault.lock().unwrap();
        let read = match now {
            Fault::Cut => {
                close(&from, &to);
                return None;
            }
            Fault::HalfClose if !answers => {
                let _ = to.shutdown(Shutdown::Write);
                return None;
            }
            Fault::Stall => {
                std::thread::sleep(TICK);
                continue;
            }
            _ => from.read(&mut buffer),
        };
        let chunk = match read {
            Ok(0) => {
                let _ = to.shutdown(Shutdown::Write);
                return None;
            }
            Ok(length) => buffer.get(..length)?,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                continue;
            }
            Err(_) => {
                close(&from, &to);
                return None;
            }
        };
        let now = *fault.lock().unwrap();
        match now {
            Fault::LoseAnswers | Fault::BadGateway if answers => {
                if now == Fault::BadGateway {
                    let _ = to.write_all(GATEWAY);
                }
                close(&from, &to);
                return None;
            }
            Fault::CloseKept if !answers => {
                close(&from, &to);
                return None;
            }
            Fault::SlowBytes => {
                for byte in chunk {
                    to.write_all(&[*byte]).ok()?;
                    std::thread::yield_now();
                }
                continue;
            }
            Fault::Duplicate if !answers && chunk.starts_with(b"POST /ajax/chat/send.php") => {
                let mut copy = TcpStream::connect(server).ok()?;
                copy.write_all(chunk).ok()?;
                copy.set_read_timeout(Some(crate::LIMIT)).ok()?;
                let _ = copy.read(&mut [0]);
            }
            Fault::Delay => std::thread::sleep(10 * TICK),
            _ => {}
        }
        to.write_all(chunk).ok()?;
    }
}
