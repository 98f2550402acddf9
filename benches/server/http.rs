//! A minimal HTTP client, so that the load needs little time compared with the servers that are measured.

use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A kept-alive connection.
pub struct Connection(BufReader<TcpStream>);

pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    /// The values of all headers of this name.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn header(&self, name: &str) -> &str {
        let found = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = found.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map_or("", |(_, value)| value)
    }

    /// Of the body.
    fn length(&self) -> usize {
        self.header("Content-Length").parse().unwrap_or(0)
    }
}

/// The size of the chunks in which a body is read and written.
const PIECE: usize = 64 << 10;

impl Connection {
    pub async fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        Connection(BufReader::with_capacity(2048, stream))
    }

    /// Sends a request and returns the answer.
    pub async fn ask(&mut self, request: &str) -> Answer {
        self.write(request.as_bytes()).await;
        self.answer(request).await
    }

    /// Sends a request, whose body continues with this content and this end, and returns the answer.
    pub async fn upload(&mut self, request: &str, content: &[u8], end: &str) -> Answer {
        self.write(request.as_bytes()).await;
        for piece in content.chunks(PIECE) {
            self.write(piece).await;
        }
        self.write(end.as_bytes()).await;
        self.answer(request).await
    }

    /// Sends a request, and returns the length of the body that comes back.
    pub async fn download(&mut self, request: &str) -> usize {
        self.write(request.as_bytes()).await;
        let answer = self.head(request).await;
        assert_eq!(answer.status, 200, "the answer to {request}");
        let (length, mut piece) = (answer.length(), vec![0; PIECE]);
        let mut left = length;
        while left > 0 {
            let most = left.min(PIECE);
            let read = self.0.read(piece.get_mut(..most).expect("room")).await;
            let read = read.expect("a body");
            assert_ne!(read, 0, "{left} bytes of {length} are missing");
            left -= read;
        }
        length
    }

    async fn write(&mut self, bytes: &[u8]) {
        let sent = self.0.get_mut().write_all(bytes).await;
        sent.expect("a server that listens");
    }

    async fn answer(&mut self, request: &str) -> Answer {
        let mut answer = self.head(request).await;
        let mut body = vec![0; answer.length()];
        self.0.read_exact(&mut body).await.expect("a body");
        answer.body = String::from_utf8(body).expect("text");
        answer
    }

    /// An answer without its body.
    async fn head(&mut self, request: &str) -> Answer {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.0.read_line(&mut head).await;
            assert_ne!(read.expect("an answer"), 0, "no answer to {request}");
        }
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        Answer {
            status: status.expect("a status"),
            head,
            body: String::new(),
        }
    }
}
