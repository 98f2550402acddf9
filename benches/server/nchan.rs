//! The server to compare with: nginx with nchan, with a channel for each user. It keeps messages in memory only.
//! Files are put into a directory by its module for WebDAV, and are not synchronised with the disk.

use crate::http::Answer;
use crate::load::{Server, User};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};
use testkit::process::{Process, free_address};

pub struct Nchan {
    process: Process,
    address: SocketAddr,
    start_up: Duration,
    dir: tempfile::TempDir,
}

impl Nchan {
    /// `root` is the directory into which Debian's packages were unpacked.
    pub fn start(root: &Path) -> Nchan {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let address = free_address();
        let (root, place) = (root.display(), dir.path().display());
        // One worker, as the server under test is one process. It runs as the user who starts this: only root can name another, which
        // would be one who cannot write here.
        let config = format!(
            "load_module {root}/usr/lib/nginx/modules/ngx_nchan_module.so;
             user root; daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {place}/pid; error_log {place}/error.log;
             events {{ worker_connections 20000; }}
             http {{
                 access_log off; keepalive_timeout 75s; keepalive_requests 10000000; nchan_shared_memory_size 512M;
                 client_body_temp_path {place}/1; proxy_temp_path {place}/2; fastcgi_temp_path {place}/3;
                 uwsgi_temp_path {place}/4; scgi_temp_path {place}/5;
                 nchan_message_buffer_length 30000; nchan_message_timeout 5m; nchan_subscriber_timeout 55s;
                 server {{
                     listen {address} backlog=1024;
                     location = /status {{ nchan_stub_status; }}
                     location ~ ^/sub/(.+)$ {{ nchan_subscriber longpoll; nchan_channel_id $1; nchan_subscriber_first_message newest; }}
                     location /files/ {{ root {place}; client_max_body_size 0; create_full_put_path on; dav_methods PUT; }}
                     location ~ ^/pub/(.+)$ {{ nchan_publisher; nchan_channel_id $1; }}
                 }}
             }}"
        );
        let file = dir.path().join("nginx.conf");
        std::fs::write(&file, config).expect("a file");
        let mut command = Command::new(format!("{root}/usr/sbin/nginx"));
        let error_log = dir.path().join("error.log");
        command.arg("-e").arg(error_log).arg("-c").arg(&file);
        let start = Instant::now();
        let process = Process::spawn(&mut command);
        process.wait_for_answer(address, "/status");
        Nchan {
            start_up: start.elapsed(),
            process,
            address,
            dir,
        }
    }

    /// Where it keeps files.
    pub fn files(&self) -> PathBuf {
        self.dir.path().join("files")
    }

    pub fn people(count: usize) -> Vec<Rc<Subscriber>> {
        let people = (0..count).map(|number| {
            let since = RefCell::default();
            Rc::new(Subscriber { number, since })
        });
        people.collect()
    }
}

impl Drop for Nchan {
    fn drop(&mut self) {
        // SIGKILL would leave its worker behind.
        self.process.stop();
    }
}

impl Server for Nchan {
    fn process(&self) -> &Process {
        &self.process
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn start_up(&self) -> Duration {
        self.start_up
    }

    fn polls_held(&self) -> (SocketAddr, &'static str, &'static str) {
        (self.address, "/status", "subscribers: ")
    }

    async fn commits(&self) -> usize {
        0
    }
}

pub struct Subscriber {
    number: usize,
    /// The headers that name the last message that was received.
    since: RefCell<String>,
}

impl User for Subscriber {
    fn poll(&self) -> String {
        let (number, since) = (self.number, self.since.borrow());
        format!("GET /sub/{number} HTTP/1.1\r\nHost: bench\r\n{since}\r\n")
    }

    fn heard(&self, answer: &Answer) -> Vec<String> {
        if answer.status != 200 {
            return Vec::new();
        }
        let (modified, etag) = (answer.header("Last-Modified"), answer.header("Etag"));
        self.since.replace(format!(
            "If-Modified-Since: {modified}\r\nIf-None-Match: {etag}\r\n"
        ));
        vec![answer.body.clone()]
    }

    fn send(&self, to: &Self, _: usize, text: &str) -> String {
        let (to, length) = (to.number, text.len());
        format!("POST /pub/{to} HTTP/1.1\r\nHost: bench\r\nContent-Length: {length}\r\n\r\n{text}")
    }

    fn accepted(answer: &Answer) -> bool {
        (200..300).contains(&answer.status)
    }
}
