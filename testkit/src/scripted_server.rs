//! A server whose answers a test decides: enough of the protocol to bring a session to its long-poll, then anything.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the server does with a request.
pub enum Answer {
    /// 200 with this body.
    Body(Vec<u8>),
    /// Answers nothing until the client disconnects, which is then counted.
    Hold,
}

/// A running server. It stops with the process.
pub struct ScriptedServer {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// How many long-polls have arrived.
    pub polls: Arc<AtomicUsize>,
    /// How many held requests the client has dropped.
    pub dropped: Arc<AtomicUsize>,
    /// How many logouts have arrived.
    pub logouts: Arc<AtomicUsize>,
}

impl ScriptedServer {
    /// Starts a server whose long-polls are answered by `channel`, which is given the requested sequence number; the first is 0.
    pub fn channel(channel: impl Fn(i64) -> Answer + Send + Sync + 'static) -> ScriptedServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let counter = || Arc::new(AtomicUsize::new(0));
        let (polls, dropped, logouts) = (counter(), counter(), counter());
        let script = ScriptedServer {
            url,
            polls: polls.clone(),
            dropped: dropped.clone(),
            logouts: logouts.clone(),
        };
        let channel = Arc::new(channel);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let channel = channel.clone();
                let (polls, dropped, logouts) = (polls.clone(), dropped.clone(), logouts.clone());
                std::thread::spawn(move || {
                    let count = |counter: &AtomicUsize| counter.fetch_add(1, Ordering::SeqCst);
                    serve(stream, |request| match request {
                        Request::Poll(-1) => Answer::Body(FIRST.into()),
                        Request::Poll(seq) => {
                            count(&polls);
                            channel(seq)
                        }
                        Request::Logout => {
                            count(&logouts);
                            Answer::Body(Vec::new())
                        }
                        Request::Gone => {
                            count(&dropped);
                            Answer::Hold
                        }
                        Request::Page(body) => Answer::Body(body.into()),
                    })
                });
            }
        });
        script
    }
}

enum Request {
    Page(&'static str),
    Poll(i64),
    Logout,
    Gone,
}

const FORM: &str = r#"<html><form action="/login.php" method="post"><input type="hidden" name="lsd" value="x" />
<input name="email" /><input type="password" name="pass" /></form></html>"#;
const PAGE: &str = r#"<html><head><meta name="fbchat" content="{&quot;channel&quot;:&quot;/&quot;,&quot;batch&quot;:100,&quot;presence&quot;:true,&quot;message_limit&quot;:500}" /></head>
<input type="hidden" id="user" name="user" value="1" />
<input type="hidden" id="post_form_id" name="post_form_id" value="0123456789abcdef0123456789abcdef" /></html>"#;
const NOTHING: &str = r#"for (;;);{"error":0,"errorSummary":"","errorDescription":"No error.","payload":[],"bootload":[]}"#;

const FIRST: &str = r#"for (;;);{"t":"refresh","seq":0}"#;

fn serve(stream: TcpStream, mut act: impl FnMut(Request) -> Answer) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let length = head.to_ascii_lowercase();
        let length = length.split("content-length: ").nth(1);
        let length = length
            .and_then(|rest| rest.lines().next()?.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;

        let path = head.split(' ').nth(1)?;
        let mut cookie = "";
        let request = if let Some((_, seq)) = path.split_once("/p_1=") {
            Request::Poll(seq.split('?').next()?.parse().ok()?)
        } else if path.starts_with("/logout.php") {
            Request::Logout
        } else if path.starts_with("/login.php") && head.starts_with("POST") {
            cookie = "Set-Cookie: c_user=1; path=/\r\n";
            Request::Page("")
        } else if path.starts_with("/login.php") {
            Request::Page(FORM)
        } else if path.starts_with("/ajax/") {
            Request::Page(NOTHING)
        } else {
            Request::Page(PAGE)
        };
        match act(request) {
            Answer::Body(body) => {
                let head = format!(
                    "HTTP/1.1 200 OK\r\n{cookie}Content-Length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes()).ok()?;
                stream.write_all(&body).ok()?;
            }
            Answer::Hold => {
                let _ = reader.read(&mut [0]);
                act(Request::Gone);
                return None;
            }
        }
    }
}
