//! How `fbchat` starts: accounts, passwords, and what it says when it cannot.

use crate::program::{ALICE, Client, fbchat, uid};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use testkit::Server;
use testkit::limited_user::LimitedUser;

#[test]
fn a_user_name_or_a_number_is_enough_to_log_in() {
    let server = Server::demo();
    let mut alice = Client::start(&server.url, &["--json"], "alice.example", "demo");
    let number = uid(&mut alice);
    let mut again = Client::start(&server.url, &["--json"], &number.to_string(), "demo");
    assert_eq!(uid(&mut again), number);
    for mut client in [alice, again] {
        client.end_input();
        assert!(client.end().0.success());
    }
}

#[test]
fn password_is_read_from_a_file() {
    let server = Server::demo();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "demo").unwrap();
    let path = file.path().to_str().unwrap();
    let mut client = Client::run(fbchat(&server.url, &["--password-file", path]).arg(ALICE));
    client.line("/who");
    assert!(
        client
            .expect("You are")
            .starts_with("You are Alice Example (")
    );
    client.line("/quit");
    assert!(client.end().0.success());
}

#[test]
fn a_password_file_that_others_can_read_is_refused() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "demo").unwrap();
    let path = file.path().to_str().unwrap();
    let public = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(path, public).unwrap();
    let server = "http://127.0.0.1:1";
    let mut client = fbchat(server, &["--password-file", path]);
    let (status, _, errors) = Client::run(client.arg(ALICE)).end();
    assert_eq!(status.code(), Some(2), "{errors:?}");
    let advice = format!("can be read by others; run chmod 600 {path}");
    assert!(errors[0].contains(&advice), "{errors:?}");
}

#[test]
fn wrong_password_gives_an_error_message_and_exit_status_1() {
    let server = Server::demo();
    let (status, output, errors) = Client::start(&server.url, &["--json"], ALICE, "wrong").end();
    assert_eq!(status.code(), Some(1));
    assert!(
        output[0].starts_with(r#"{"event":"login_failed","status":"credentials""#),
        "{output:?}"
    );
    assert!(
        errors[0].starts_with("fbchat: ") && errors[0].ends_with('.'),
        "{errors:?}"
    );
    assert_eq!(errors.len(), 1);
}

#[test]
fn servers_of_another_kind_are_recognized() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (status, _, errors) = Client::start(&format!("http://{free}"), &[], ALICE, "demo").end();
    assert_eq!(status.code(), Some(1));
    assert!(errors[0].contains("connection refused"), "{errors:?}");

    let web = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", web.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in web.incoming().map_while(Result::ok) {
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let _ =
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<h1>Hello!</h1>");
        }
    });
    let (status, _, errors) = Client::start(&url, &[], ALICE, "demo").end();
    assert_eq!(status.code(), Some(1));
    assert!(
        errors[0].contains("not") && errors[0].contains("127.0.0.1"),
        "{errors:?}"
    );
}

#[test]
fn wrong_command_lines_give_exit_status_2() {
    let usage = |command: &mut Command, part: &str| {
        let (status, _, errors) = Client::run(command).end();
        assert_eq!(status.code(), Some(2), "{errors:?}");
        assert!(errors.join("\n").contains(part), "{errors:?}");
    };
    usage(
        fbchat("http://192.0.2.1", &["--password-stdin"]).arg(ALICE),
        "--allow-insecure",
    );
    usage(
        fbchat("ftp://x", &["--password-stdin"]).arg(ALICE),
        "not a server address",
    );
    usage(
        fbchat("https://example.org/chat/", &["--password-stdin"]).arg(ALICE),
        "needs a host name of its own",
    );
    usage(&mut fbchat("http://127.0.0.1:1", &[]), "EMAIL");
    usage(
        fbchat("http://127.0.0.1:1", &["--password-file", "/nonexistent"]).arg(ALICE),
        "cannot be read",
    );
    // setsid: no terminal to ask at, even if the test was started from one.
    let mut no_terminal = Command::new("setsid");
    no_terminal.args(["--wait", env!("CARGO_BIN_EXE_fbchat"), ALICE]);
    usage(&mut no_terminal, "--password-stdin");
}

#[test]
fn a_start_without_threads_ends_with_one_sentence() {
    let server = Server::demo();
    let user = LimitedUser::new("64126", Path::new(env!("CARGO_BIN_EXE_fbchat")));
    for threads in 1..=6 {
        let mut command = user.program(&threads.to_string());
        command.args(["--server", &server.url, "--password-stdin", ALICE]);
        let mut client = Client::run(&mut command);
        client.line("demo");
        let (status, output, errors) = client.end();
        // Enough of them for one who leaves at the end of the input.
        if status.success() {
            assert!(threads > 3, "{threads}: {output:?}");
            continue;
        }
        assert_eq!(status.code(), Some(1), "{threads}: {errors:?}");
        // Where they last for the login, what that brings is shown before.
        let logged_in = errors[0].starts_with("Logged in");
        assert!(logged_in || errors.len() == 1, "{threads}: {errors:?}");
        let last = errors.last().unwrap();
        assert!(last.starts_with("fbchat: "), "{errors:?}");
        assert!(last.contains("start a thread"), "{errors:?}");
    }
}
