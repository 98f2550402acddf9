//! The peer: nginx with nchan, each person a channel. It keeps messages for those who come back, in memory only.

use crate::http::Answer;
use crate::load::{Server, User};
use crate::process::{Process, free_address};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

pub struct Nchan {
    process: Process,
    _dir: tempfile::TempDir,
}

impl Nchan {
    /// `root` is where Debian's packages were unpacked.
    pub fn start(root: &Path) -> Nchan {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let address = free_address();
        let (root, place) = (root.display(), dir.path().display());
        // One worker, as the server under test is one process. Whoever starts this is also who it runs as.
        let config = format!(
            "load_module {root}/usr/lib/nginx/modules/ngx_nchan_module.so;
             daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {place}/pid; error_log {place}/error.log;
             events {{ worker_connections 20000; }}
             http {{
                 access_log off; keepalive_timeout 75s; keepalive_requests 10000000; nchan_shared_memory_size 512M;
                 client_body_temp_path {place}/1; proxy_temp_path {place}/2; fastcgi_temp_path {place}/3;
                 uwsgi_temp_path {place}/4; scgi_temp_path {place}/5;
                 nchan_message_buffer_length 100; nchan_message_timeout 5m; nchan_subscriber_timeout 55s;
                 server {{
                     listen {address} backlog=1024;
                     location = /status {{ nchan_stub_status; }}
                     location ~ ^/sub/(.+)$ {{ nchan_subscriber longpoll; nchan_channel_id $1; nchan_subscriber_first_message newest; }}
                     location ~ ^/pub/(.+)$ {{ nchan_publisher; nchan_channel_id $1; }}
                 }}
             }}"
        );
        let file = dir.path().join("nginx.conf");
        std::fs::write(&file, config).expect("a file");
        let mut command = Command::new(format!("{root}/usr/sbin/nginx"));
        let error_log = dir.path().join("error.log");
        command.arg("-e").arg(error_log).arg("-c").arg(&file);
        let process = Process::start(&mut command, address, "/status");
        Nchan { process, _dir: dir }
    }

    pub fn people(count: usize) -> Vec<Rc<Subscriber>> {
        let people = (0..count).map(|number| {
            let since = RefCell::default();
            Rc::new(Subscriber { number, since })
        });
        people.collect()
    }
}

impl Server for Nchan {
    fn process(&self) -> &Process {
        &self.process
    }

    fn polls_held(&self) -> (SocketAddr, &'static str, &'static str) {
        (self.process.address, "/status", "subscribers: ")
    }
}

pub struct Subscriber {
    number: usize,
    /// What names the last message that came.
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
