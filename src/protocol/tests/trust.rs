//! A server that sends its clients elsewhere, as to a port that somebody else on its machine has opened: neither the password
//! nor the cookies go there. [`World::exchange`] checks where everything goes.

use super::*;

fn redirect(location: &str) -> Reply {
    Reply {
        status: 302,
        location: Some(location.to_owned()),
        ..Reply::default()
    }
}

fn form(action: &str) -> Reply {
    let form =
        r#"<form action="ACTION" method="post"><input name="email"><input name="pass"></form>"#;
    Reply {
        status: 200,
        body: form.replace("ACTION", action).into_bytes(),
        ..Reply::default()
    }
}

/// The sentence of a login at a server that answers a path like this.
fn login_problem(server: &str, path: &'static str, reply: Reply) -> String {
    let server = ServerAddress::parse(server, false).unwrap();
    let mut world = World::at(&server, 140, 1);
    world.server.odd = Some((path, reply));
    let request = world.login(0);
    world.run(120_000);
    match finals(&world, 0, request).as_slice() {
        [Event::LoginFailed { problem, .. }] => {
            assert_eq!(problem.status, Status::ServerChanged);
            problem.text.clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn neither_password_nor_cookies_go_to_another_port() {
    let here = "http://127.0.0.1:8080";
    for there in [
        "http://127.0.0.1:8081",
        "https://127.0.0.1:8443",
        "http://127.0.0.1",
    ] {
        for (path, reply) in [
            ("/login.php", redirect(&format!("{there}/login.php"))),
            ("/login.php", form(&format!("{there}/login.php"))),
            ("popout.php", redirect(&format!("{there}/home.php"))),
        ] {
            let said = login_problem(here, path, reply);
            assert!(said.contains(there), "{there} {path}: {said}");
        }
    }
}

#[test]
fn tls_is_never_left() {
    for there in [
        "http://chat.example.org",
        "http://chat.example.org:443",
        "http://login.chat.example.org",
    ] {
        for (path, reply) in [
            ("/login.php", redirect(&format!("{there}/login.php"))),
            ("/login.php", form(&format!("{there}/login.php"))),
            ("popout.php", redirect(&format!("{there}/home.php"))),
        ] {
            let said = login_problem("https://chat.example.org", path, reply);
            assert!(said.contains(there), "{there} {path}: {said}");
        }
    }
}

#[test]
fn channel_is_where_the_server_is() {
    let page = |channel: &str| {
        Reply {
        status: 200,
        body: format!(
            r#"<meta name="fbchat" content="{{&quot;channel&quot;:&quot;{channel}&quot;}}" /><input id="user" name="user" value="1" />
            <input name="post_form_id" value="token1" />iframeLoad("/iframe/7.js", "channel07", 8081)"#
        )
        .into_bytes(),
        ..Reply::default()
    }
    };
    for channel in [
        "http://127.0.0.1:8081/",
        "//127.0.0.1:8081/",
        "https://127.0.0.1:8443/",
    ] {
        let mut world = World::new(141, 1);
        world.server.odd = Some(("popout.php", page(channel)));
        logged_in(&mut world);
        let said = format!(r#"{{"channel":"{channel}","host":"channel07","port":8081,"seq":0}}"#);
        let model::Answer::Now(reply) = model::payload(&said) else {
            panic!()
        };
        world.server.odd = Some(("reconnect.php", reply));
        world.command(0, |_| Command::NetworkChanged);
        world.run(5_000);
        assert!(world.asked(0, "reconnect.php") > 0);
        assert!(world.asked(0, "/x/") > 1);
    }
}
