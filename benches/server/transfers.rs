//! The memory of the library while many of its sessions transfer a file at once. They run in a process of their own.

use fbchat::client::{Client, ClientConfig, Polled, SessionId, SessionOptions};
use fbchat::types::{Connection, Event, Secret};
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// An event comes within this time.
const LIMIT: Duration = Duration::from_secs(60);

/// KiB of memory for each transfer.
pub struct Growth {
    pub upload: f64,
    pub download: f64,
}

/// Has this program measure in another process; `file` is uploaded, and downloads are written beside it.
pub fn measure(server: SocketAddr, sessions: usize, file: &Path) -> Growth {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    let count = sessions.to_string();
    command
        .args(["--transfers", &format!("http://{server}"), &count])
        .arg(file);
    let output = command.output().expect("a process");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    let line = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = line
        .split_whitespace()
        .map(|word| word.parse().expect("a number"))
        .collect();
    match numbers[..] {
        [upload, download] => Growth { upload, download },
        _ => panic!("two numbers, not {line}"),
    }
}

/// What the kernel says about the memory of this process, in KiB.
fn memory(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    kib.expect("a number of KiB")
}

/// The most memory that is taken in addition while something is done, in KiB.
fn growth(work: impl FnOnce()) -> f64 {
    std::fs::write("/proc/self/clear_refs", "5").expect("to forget the peak so far");
    let before = memory("VmRSS:");
    work();
    memory("VmHWM:") - before
}

/// Waits until this many of the client's events mean something.
fn collect<T>(
    client: &Client,
    count: usize,
    mut wanted: impl FnMut(SessionId, Event) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    while found.len() < count {
        match client.poll(Some(LIMIT)) {
            Ok(Polled::Event(event)) => match event.event {
                Event::LoginFailed { problem, .. } | Event::Failed { problem, .. } => {
                    panic!("{problem}")
                }
                other => found.extend(wanted(event.session, other)),
            },
            other => panic!("{} of {count}: {other:?}", found.len()),
        }
    }
    found
}

/// Logs in this many users, who upload the file from a descriptor and then download it to one, all at once. Prints the memory of each.
pub fn run(server: &str, sessions: usize, path: &Path) {
    let session = SessionOptions {
        server: server.to_owned(),
        ..SessionOptions::default()
    };
    let config = ClientConfig {
        session,
        ..ClientConfig::default()
    };
    let client = Client::new(config).expect("a client");
    let mut opened = Vec::new();
    for number in 0..sessions {
        let session = client.open(None, 0).expect("a session");
        let email = format!("user{number}@example.org");
        let password = Secret::new("secret".to_owned());
        client.login(session, &email, password).expect("a login");
        opened.push(session);
    }
    collect(&client, sessions, |_, event| {
        matches!(event, Event::Connection(Connection::Connected)).then_some(())
    });
    let mut uploaded = Vec::new();
    let upload = growth(|| {
        for session in &opened {
            let file = File::open(path).expect("the file");
            client
                .upload_fd(*session, file.into(), "bench.bin")
                .expect("an upload");
        }
        uploaded = collect(&client, sessions, |session, event| match event {
            Event::File { file, .. } => Some((session, file.id)),
            _ => None,
        });
    });
    let copy = |number: usize| path.with_extension(number.to_string());
    let download = growth(|| {
        for (number, (session, id)) in uploaded.iter().enumerate() {
            let file = File::create(copy(number)).expect("a file");
            client
                .download_fd(*session, id, file.into())
                .expect("a download");
        }
        collect(&client, sessions, |_, event| {
            matches!(event, Event::Done { .. }).then_some(())
        });
    });
    let size = path.metadata().expect("the file").len();
    for number in 0..sessions {
        let copied = copy(number).metadata().expect("a copy").len();
        assert_eq!(copied, size, "bytes of the file");
    }
    let each = |all: f64| all / sessions as f64;
    println!("{:.0} {:.0}", each(upload), each(download));
}
