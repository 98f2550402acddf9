//! Programs that run beside a test.

use crate::LIMIT;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A program; killed when dropped.
pub struct Process {
    pub child: Child,
}

impl Process {
    pub fn spawn(command: &mut Command) -> Process {
        let child = command.spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Process { child }
    }

    /// Sends a signal, named as for kill(1).
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// SIGKILL, and waits for the end.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("-TERM");
        self.child.wait().unwrap()
    }

    /// Waits until a server answers this path with 200.
    pub fn wait_for_answer(&self, address: SocketAddr, path: &str) {
        let start = Instant::now();
        while !answers(address, path) {
            assert!(start.elapsed() < LIMIT, "{address} does not answer {path}");
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    /// Resident memory in KiB, with that of the program's children.
    pub fn rss(&self) -> f64 {
        self.pids().iter().map(|pid| rss(pid)).sum()
    }

    /// CPU time so far, with that of the program's children.
    pub fn cpu(&self) -> Duration {
        self.pids().iter().map(|pid| cpu(pid)).sum()
    }

    /// How often its threads, and those of the program's children, have waited so far.
    pub fn waits(&self) -> u64 {
        self.pids().iter().map(|pid| waits(pid)).sum()
    }

    /// The program and its children.
    fn pids(&self) -> Vec<String> {
        let pid = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.expect("the process is running");
        let pids = children.split_whitespace().map(str::to_owned);
        pids.chain([pid.to_string()]).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rss(pid: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
    let status = status.expect("the process is running");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.expect("a number of KiB")
}

/// The sum over the threads, which the scheduler counts in nanoseconds. Threads that have ended do not count.
fn cpu(pid: &str) -> Duration {
    let times = of_threads(pid, "schedstat");
    let times = times.iter().filter_map(|times| {
        let time = times.split(' ').next()?;
        time.parse::<u64>().ok()
    });
    Duration::from_nanos(times.sum())
}

fn waits(pid: &str) -> u64 {
    let statuses = of_threads(pid, "status");
    let counts = statuses.iter().filter_map(|status| {
        let mut lines = status.lines();
        let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        count.trim().parse::<u64>().ok()
    });
    counts.sum()
}

/// The contents of this file for each thread.
fn of_threads(pid: &str, file: &str) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.expect("the process is running").flatten();
    let texts = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join(file)).ok());
    texts.collect()
}

fn answers(address: SocketAddr, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.set_read_timeout(Some(LIMIT)).is_ok()
        && stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// An address on loopback where nothing listens.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

/// The lines that a program writes, read by a thread so that waiting for one has a limit and the program is never blocked.
pub struct Lines(Mutex<Receiver<String>>);

impl Lines {
    pub fn of(output: impl Read + Send + 'static) -> Lines {
        let (send, lines) = channel();
        std::thread::spawn(move || {
            // Reads on after the receiver is gone.
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Lines(Mutex::new(lines))
    }

    /// The next line, or why there is none.
    pub fn next_before(&self, deadline: Instant) -> Result<String, RecvTimeoutError> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.0.lock().unwrap().recv_timeout(left)
    }

    /// The lines that have arrived and were not taken yet.
    pub fn pending(&self) -> Vec<String> {
        self.0.lock().unwrap().try_iter().collect()
    }

    /// The lines that were not taken yet, once the program has closed its output.
    pub fn rest_before(&self, deadline: Instant) -> Vec<String> {
        std::iter::from_fn(|| self.next_before(deadline).ok()).collect()
    }
}
