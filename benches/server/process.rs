//! The servers that are measured: a process each, apart from the load.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// A server that runs until this is dropped.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    /// From its start to its first answer.
    pub start_up: Duration,
}

/// Where nobody listens yet.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

impl Process {
    /// Starts a server that will listen there, and waits until it answers this path.
    pub fn start(command: &mut Command, address: SocketAddr, path: &str) -> Process {
        let start = Instant::now();
        let child = command.stdout(Stdio::null()).spawn();
        let mut process = Process {
            child: child.unwrap_or_else(|error| panic!("{command:?}: {error}")),
            address,
            start_up: Duration::ZERO,
        };
        while !answers(address, path) {
            assert!(start.elapsed() < PATIENCE, "{command:?} does not answer");
            std::thread::sleep(Duration::from_micros(500));
        }
        process.start_up = start.elapsed();
        process
    }

    /// Resident memory in KiB, with that of its children.
    pub fn rss(&self) -> f64 {
        let pid = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.expect("a process");
        let pids = children.split_whitespace().map(str::to_owned);
        pids.chain([pid.to_string()]).map(|pid| rss(&pid)).sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Not hard: nginx would leave its worker behind.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        let _ = self.child.wait();
    }
}

fn answers(address: SocketAddr, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

fn rss(pid: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.expect("a number of KiB")
}
