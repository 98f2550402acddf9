//! The server to compare with: Prosody as Debian installs it, with the modules that do what fbchatd does. Its archive is on.

use crate::xmpp::ours::Doors;
use crate::xmpp::stream::{DOMAIN, Door};
use crate::xmpp::{Security, Service};
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use testkit::process::Process;

/// Where messages are kept.
#[derive(Clone, Copy)]
pub enum Archive {
    /// As Debian has it: a file for each user. Nobody waits for the disk.
    Files,
    /// In a database of SQLite, which waits for the disk.
    Sqlite,
}

/// Accounts, which outlive the server.
pub struct Accounts(tempfile::TempDir);

pub struct Prosody {
    process: Process,
    doors: Doors,
}

impl Accounts {
    /// With the password "secret"; each even one and the one that follows are friends. Prosody checks a password without hashing it.
    pub fn new(count: usize) -> Accounts {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let host = directory.path().join(DOMAIN);
        for name in ["accounts", "roster"] {
            fs::create_dir_all(host.join(name)).expect("a directory");
        }
        for user in 0..count {
            let friend = user ^ 1;
            let account = "return { [\"password\"] = \"secret\"; };";
            let roster = format!(
                "return {{ [false] = {{ [\"version\"] = 1; }};
                 [\"user{friend}@{DOMAIN}\"] = {{ [\"subscription\"] = \"both\"; [\"groups\"] = {{}}; }}; }};"
            );
            for (name, text) in [("accounts", account), ("roster", &roster)] {
                fs::write(host.join(name).join(format!("user{user}.dat")), text).expect("a file");
            }
        }
        Accounts(directory)
    }

    pub fn serve(&self, archive: Archive) -> Prosody {
        let doors = Doors::new();
        let place = self.0.path();
        let file = place.join("prosody.cfg.lua");
        fs::write(&file, config(place, &doors, archive)).expect("a file");
        let mut command = Command::new("prosody");
        command.arg("-F").arg("--config").arg(file);
        // It recommends packages.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::spawn(&mut command);
        let start = Instant::now();
        for address in doors.addresses {
            while TcpStream::connect(address).is_err() {
                assert!(start.elapsed() < testkit::LIMIT, "Prosody does not listen");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Prosody { process, doors }
    }
}

fn config(place: &Path, doors: &Doors, archive: Archive) -> String {
    let [plain, direct] = doors.addresses.map(|address| address.port());
    let [certificate, key] = doors.files.each_ref().map(|file| file.display());
    let storage = match archive {
        Archive::Files => "",
        Archive::Sqlite => {
            "storage = { archive = \"sql\" }
             sql = { driver = \"SQLite3\", database = \"archive.sqlite\" }"
        }
    };
    let place = place.display();
    format!(
        "data_path = \"{place}\"; pidfile = \"{place}/pid\"; log = {{ warn = \"{place}/log\" }}; run_as_root = true
         modules_enabled = {{ \"roster\", \"saslauth\", \"tls\", \"disco\", \"carbons\", \"smacks\", \"csi_simple\", \"mam\", \"ping\" }}
         modules_disabled = {{ \"s2s\" }}
         interfaces = {{ \"127.0.0.1\" }}; c2s_ports = {{ {plain} }}; c2s_direct_tls_ports = {{ {direct} }}
         c2s_require_encryption = false; allow_unencrypted_plain_auth = true
         ssl = {{ certificate = \"{certificate}\", key = \"{key}\" }}
         authentication = \"internal_plain\"
         {storage}
         VirtualHost \"{DOMAIN}\"\n"
    )
}

impl Service for Prosody {
    fn process(&self) -> &Process {
        &self.process
    }

    fn door(&self, security: Security) -> Door {
        self.doors.to(security, |user| format!("user{user}"))
    }
}

impl Drop for Prosody {
    fn drop(&mut self) {
        // It writes what it has in memory.
        self.process.stop();
    }
}
