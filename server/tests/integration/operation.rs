//! What an operator needs: settings, metrics, the log, the service.

use std::io::Read;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use testkit::{Client, Server, fbchatd, http};

fn get(url: &str) -> (u16, String) {
    let answer = http().get(url).send().unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

/// The value of a line of the metrics.
fn metric(page: &str, name: &str) -> f64 {
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {page}"))
        .parse()
        .unwrap()
}

#[test]
fn metrics_are_complete_and_for_the_operator_only() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let (server, operator) = Server::with_metrics(&mut Server::command(dir.path()));
    let mut ann = Client::login(&server, "ann", "secret");
    let ben = Client::login(&server, "ben", "secret");
    assert!(Client::try_login(&server, "ben", "wrong").is_err());
    for _ in 0..3 {
        assert_eq!(ann.send(ben.uid, "hello")["error"], 0);
    }
    // A repeated message is not stored again.
    assert_eq!(ann.send_as("1", ben.uid, "hello").unwrap()["error"], 0);
    assert_eq!(ann.send_as("1", ben.uid, "hello").unwrap()["error"], 0);
    let (_, seq) = ben.wait_for(ben.seq(), |item| item["msg"]["msgID"] == "1");
    // Ben was offline, so nothing else was pushed to him.
    let _held = ben.hold_ten(seq);
    let (status, page) = get(&format!("{operator}/metrics"));
    assert_eq!(status, 200);
    assert_eq!(metric(&page, "fbchatd_messages_total"), 4.0);
    assert_eq!(metric(&page, "fbchatd_failed_logins_total"), 1.0);
    assert_eq!(metric(&page, "fbchatd_polls_held"), 10.0);
    assert_eq!(metric(&page, "fbchatd_users_online"), 2.0);
    assert!(metric(&page, "fbchatd_connections") >= 10.0);
    assert!(metric(&page, "fbchatd_store_commit_seconds_count") >= 4.0);
    let sends = "fbchatd_request_seconds_count{path=\"/ajax/chat/send.php\",status=\"200\"}";
    assert_eq!(metric(&page, sends), 5.0);
    assert!(page.ends_with("# EOF\n"));
    // An unknown path does not get its own line.
    get(&format!("{}/made-up", server.url));
    let page = get(&format!("{operator}/metrics")).1;
    assert!(page.contains("path=\"other\",status=\"404\"") && !page.contains("made-up"));
    assert_eq!(get(&format!("{}/metrics", server.url)).0, 404);
    assert_eq!(get(&format!("{operator}/login.php")).0, 404);
    for base in [&operator, &server.url] {
        assert_eq!(get(&format!("{base}/healthz")), (200, "ok\n".to_owned()));
    }
}

#[test]
fn the_log_has_keys_and_levels_but_no_secrets() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let run = |level: &str| {
        let mut command = Server::command(dir.path());
        command
            .env("FBCHATD_LOG_FORMAT", "json")
            .env("FBCHATD_LOG", level);
        let mut server = Server::start(command.stderr(Stdio::piped()));
        let mut ann = Client::login(&server, "ann", "secret");
        assert!(Client::try_login(&server, "ann", "not my password").is_err());
        assert_eq!(ann.send(ann.uid, "not for the log")["error"], 0);
        assert!(server.stop().success());
        let mut log = String::new();
        let mut from = server.child.stderr.take().unwrap();
        from.read_to_string(&mut log).unwrap();
        for secret in [
            "not my password",
            "not for the log",
            "secret",
            &ann.cookie,
            &ann.form_id,
        ] {
            assert!(!log.contains(secret), "{log}");
        }
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<Value>>()
    };
    let lines = run("info");
    let line = |message: &str| {
        lines
            .iter()
            .find(|line| line["message"] == message)
            .unwrap()
    };
    assert_eq!(line("logged in")["uid"], "100001");
    assert_eq!(line("failed login")["level"], "INFO");
    assert!(
        line("failed login")["time"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    assert!(line("failed login")["address"].is_string());
    run("debug");
    assert_eq!(run("warn"), Vec::<Value>::new());
}

#[test]
fn the_example_settings_are_valid_and_mistakes_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("fbchatd.toml");
    let example = Command::new(fbchatd())
        .args(["config", "example"])
        .output()
        .unwrap();
    let check = |text: &str, variables: &[(&str, &str)]| {
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(fbchatd());
        command.args(["config", "check"]).arg(&file);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), told)
    };
    let example = String::from_utf8(example.stdout).unwrap();
    assert!(example.contains("#listen = \"127.0.0.1:8080\""));
    assert_eq!(check(&example, &[]).0, 0);
    let all: String = example
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if setting.contains(" = ") => format!("{setting}\n"),
            _ => String::new(),
        })
        .collect();
    // With all settings at once, the certificate file is missing.
    let (code, told) = check(&all, &[]);
    assert_eq!(code, 1);
    assert!(
        told.contains("tls_cert") && told.contains("/etc/fbchatd/fullchain.pem"),
        "{told}"
    );
    for (text, variables, words) in [
        ("lisen = 1", &[][..], &["lisen", "listen"][..]),
        ("hold_s = 60", &[], &["hold_s", "1 to 59"]),
        (
            "registration = \"all\"",
            &[],
            &["closed", "invite", "open", "line 1"],
        ),
        ("", &[("FBCHATD_HOLD_S", "60")], &["hold_s", "1 to 59"]),
        ("", &[("FBCHATD_LISTEN", "here")], &["FBCHATD_LISTEN"]),
        ("tls_cert = \"x\"", &[], &["tls_listen", "tls_key"]),
    ] {
        let (code, told) = check(text, variables);
        assert_eq!(code, 1, "{text}");
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
    }
}

#[test]
fn systemd_is_notified_when_the_server_is_ready_and_when_it_stops() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let receive = || {
        let mut buffer = [0; 200];
        let size = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..size]).into_owned()
    };
    let mut command = Command::new(fbchatd());
    command.args(["demo", "--listen", "127.0.0.1:0"]);
    let mut server = Server::start(command.env("NOTIFY_SOCKET", &path));
    assert_eq!(receive().trim(), "READY=1");
    assert_eq!(get(&format!("{}/healthz", server.url)).0, 200);
    server.stop();
    assert_eq!(receive().trim(), "STOPPING=1");
}

#[test]
fn the_installed_service_is_valid_and_keeps_its_settings() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let install = || {
        let release = fbchatd().parent().unwrap();
        let mut make = Command::new("make");
        make.env_remove("MAKEFLAGS")
            .args(["--silent", "--directory"]);
        make.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .arg("install-service");
        make.arg(format!("RELEASE={}", release.display()));
        make.arg(format!("PREFIX={}", root.display()));
        make.arg(format!("SYSCONFDIR={}", root.join("etc").display()));
        assert!(make.status().unwrap().success());
    };
    install();
    let unit = root.join("lib/systemd/system/fbchatd.service");
    let analyze = |args: &[&str]| {
        let mut analyze = Command::new("systemd-analyze");
        let output = analyze.args(args).arg(&unit).output().unwrap();
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{output:?}"
        );
    };
    analyze(&["verify", "--man=no"]);
    // The threshold is in tenths.
    analyze(&["security", "--offline=true", "--threshold=20"]);
    let settings = root.join("etc/fbchatd/fbchatd.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    assert!(text.contains("\ndata = \"/var/lib/fbchatd\"\n"), "{text}");
    let mut check = Command::new(root.join("bin/fbchatd"));
    assert!(
        check
            .args(["config", "check"])
            .arg(&settings)
            .status()
            .unwrap()
            .success()
    );
    std::fs::write(&settings, "hold_s = 5\n").unwrap();
    install();
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), "hold_s = 5\n");
}

#[test]
fn the_first_start_creates_the_directory_and_names_the_next_command() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("new/place");
    let mut command = Server::command(&data);
    let mut server = Server::start(command.stderr(Stdio::piped()));
    assert!(server.stop().success());
    let mut log = String::new();
    let mut from = server.child.stderr.take().unwrap();
    from.read_to_string(&mut log).unwrap();
    let command = format!(
        "fbchatd user add EMAIL --name NAME --data {}",
        data.display()
    );
    assert!(log.contains(&command), "{log}");
    let args = ["user", "add", "ann@example.org", "--name", "Ann"];
    assert!(testkit::run(&args, &data, "secret\n").status.success());
}

#[test]
fn every_page_has_the_security_headers() {
    let server = Server::demo();
    let alice = Client::login(&server, "alice", "demo");
    for path in [
        "/login.php",
        "/home.php",
        "/nothing",
        "/ajax/chat/history.php",
        "/x/0/false/p_1=1",
        "/pics/q_silhouette.gif",
    ] {
        let answer = alice.get(path);
        let header = |name| answer.headers()[name].to_str().unwrap();
        let policy = header("content-security-policy");
        for part in [
            "default-src 'self'",
            "object-src 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-frame-options"), "DENY");
        assert!(!answer.headers().contains_key("strict-transport-security"));
        let denied = answer.headers().get("permissions-policy");
        let page = header("content-type").starts_with("text/html");
        assert_eq!(denied.is_some(), page, "{path}");
        assert_eq!(header("referrer-policy"), "same-origin");
    }
}

#[test]
fn a_proxy_that_shows_the_server_below_a_path_is_told_that_this_does_not_work() {
    let server = Server::demo();
    let ask = |path: &str, prefix: &'static str| {
        let url = format!("{}{path}", server.url);
        let answer = http().get(url).header("X-Forwarded-Prefix", prefix);
        let answer = answer.send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    for path in ["/", "/index.php", "/login.php"] {
        for prefix in ["/chat", "/chat/", "<b>"] {
            let (status, page) = ask(path, prefix);
            assert_eq!(status, 501, "{path} {prefix}");
            assert!(page.contains("needs a host name of its own"), "{page}");
        }
        for prefix in ["", "/"] {
            assert_ne!(ask(path, prefix).0, 501, "{path} {prefix}");
        }
    }
}

/// An address that comes up after the server has started, and one that never does.
#[test]
fn an_address_that_is_not_there_yet_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    // TEST-NET-1 belongs to nobody.
    let mut command = Command::new(fbchatd());
    command
        .args(["serve", "--listen", "192.0.2.1:0", "--data"])
        .arg(dir.path());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let log = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut lines = std::io::BufRead::lines(log).map(Result::unwrap);
    assert!(lines.any(|line| line.contains("cannot listen on 192.0.2.1:0 yet")));
    let terminate = ["-TERM", &child.id().to_string()];
    assert!(
        Command::new("kill")
            .args(terminate)
            .status()
            .unwrap()
            .success()
    );
    assert!(child.wait().unwrap().success());
}
