//! Strangers cannot find out who has an account, neither from the answers nor from the work that they cause.

use std::path::Path;

use testkit::routes::paths;
use testkit::{Client, Server, between, encode, http, json};

/// A server, and the URL of its metrics.
fn serve(data: &Path, registration: &str) -> (Server, String) {
    Server::with_metrics(Server::command(data).env("FBCHATD_REGISTRATION", registration))
}

fn data() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    dir
}

/// Everything in an answer to a stranger, without the date and without the values that were sent.
fn answer(server: &Server, path: &str, posted: bool, uid: &str, email: &str) -> String {
    let path = path
        .replace("{name}", &format!("q{uid}_0123456789abcdef.jpg"))
        .replace("{*rest}", &format!("0/true/p_{uid}=-1"));
    let form = encode(&[
        ("id", uid),
        ("uid", uid),
        ("user", uid),
        ("profile_id", uid),
        ("to", uid),
        ("email", email),
        ("q", email),
        ("name", "Somebody"),
        ("pass", "long enough"),
        ("msg_text", "x"),
        ("msg_id", "1"),
    ]);
    let url = format!("{}{path}", server.url);
    let request = match posted {
        true => http().post(url).body(form),
        false => http().get(format!("{url}?{form}")),
    };
    let cookies = format!("lsd=0; datr=0; c_user={uid}; xs=0123456789abcdef");
    let answer = request.header("Cookie", cookies).send().unwrap();
    let mut parts = vec![answer.status().to_string()];
    let headers = answer.headers().iter();
    let headers = headers.filter(|(name, _)| *name != "date" && *name != "content-length");
    parts.extend(headers.map(|(name, value)| format!("{name}: {value:?}")));
    parts.push(answer.text().unwrap());
    parts.join("\n").replace(uid, "UID").replace(email, "EMAIL")
}

#[test]
fn every_path_answers_the_same_for_known_and_unknown_accounts() {
    for registration in ["closed", "invite"] {
        let dir = data();
        let (server, _) = serve(dir.path(), registration);
        let ann = Client::login(&server, "ann", "secret").uid.to_string();
        for path in paths() {
            for posted in [false, true] {
                let known = answer(&server, path, posted, &ann, "ann@example.org");
                let unknown = answer(&server, path, posted, "987654", "eve@example.org");
                assert_eq!(known, unknown, "{path}");
            }
        }
    }
}

/// Hashing a password takes most of the time of a login, so each answer must hash one.
#[test]
fn every_answer_about_an_account_hashes_one_password() {
    let dir = data();
    let (server, operator) = serve(dir.path(), "open");
    let ann = Client::login(&server, "ann", "secret");
    let passwords = || {
        let page = http().get(format!("{operator}/metrics")).send().unwrap();
        let page = page.text().unwrap();
        let count = between(&page, "\nfbchatd_password_seconds_count ", "\n");
        count.parse::<u32>().unwrap()
    };
    let before = passwords();
    let logins = ["ann@example.org", "ann", "eve@example.org", "eve", ""];
    for email in logins {
        assert!(Client::try_login(&server, email, "wrong").is_err());
    }
    assert_eq!(passwords() - before, logins.len() as u32);
    let sign_up = |email: &str| {
        let form = encode(&[("email", email), ("name", "E"), ("pass", "long enough")]);
        let request = http().post(format!("{}/ajax/fbchat/register.php", server.url));
        json(request.body(form).send().unwrap())["error"].clone()
    };
    let before = passwords();
    assert_eq!(sign_up("ann@example.org"), 1_357_005);
    assert_eq!(passwords() - before, 1);
    assert_eq!(sign_up("eve@example.org"), 0);
    assert_eq!(passwords() - before, 2);
    let form = [("old", "wrong"), ("new", "long enough")];
    assert_eq!(
        ann.write("/ajax/fbchat/password.php", &form)["error"],
        1_357_005
    );
    assert_eq!(passwords() - before, 3);
}

/// Somebody who shares an address with a user and has used up its attempts.
#[test]
fn a_throttled_address_learns_nothing_about_its_users() {
    let dir = data();
    let (server, operator) = serve(dir.path(), "closed");
    let shared = Some("10.0.0.1");
    let log_in = |email: &str, password: &str| {
        Client::try_login_from(&server, shared, email, password).map(drop)
    };
    let passwords = || {
        let page = http().get(format!("{operator}/metrics")).send().unwrap();
        let page = page.text().unwrap();
        let count = between(&page, "\nfbchatd_password_seconds_count ", "\n");
        count.parse::<u32>().unwrap()
    };
    log_in("ann", "secret").unwrap();
    // Far more than the ten of the address and the ten of Ann's account there, so that nothing is allowed meanwhile.
    for _ in 0..15 {
        log_in("eve", "wrong").unwrap_err();
    }
    for round in 0..12 {
        let before = passwords();
        for email in ["ann", "ben", "eve"] {
            let told = log_in(email, "wrong").unwrap_err();
            assert!(
                told.starts_with("Too many attempts."),
                "{round} {email}: {told}"
            );
        }
        assert_eq!(passwords() - before, 3, "{round}");
        if round == 5 {
            // Ann herself gets in nevertheless.
            log_in("ann", "secret").unwrap();
        }
    }
}

#[test]
fn no_address_is_looked_up_without_an_invitation() {
    let dir = data();
    for (registration, sentence) in [
        ("closed", "Nobody can sign up"),
        ("invite", "This invitation"),
    ] {
        let (server, operator) = serve(dir.path(), registration);
        for email in ["ann@example.org", "eve@example.org"] {
            let form = encode(&[
                ("email", email),
                ("name", "E"),
                ("pass", "long enough"),
                ("invite", "0"),
            ]);
            let request = http().post(format!("{}/ajax/fbchat/register.php", server.url));
            let told = json(request.body(form).send().unwrap());
            let told = told["errorDescription"].as_str().unwrap();
            assert!(told.starts_with(sentence), "{told}");
        }
        let page = http().get(format!("{operator}/metrics")).send().unwrap();
        assert!(
            page.text()
                .unwrap()
                .contains("\nfbchatd_password_seconds_count 0\n")
        );
    }
}

#[test]
fn a_list_of_addresses_cannot_be_checked_by_searching() {
    let dir = data();
    let (server, _) = serve(dir.path(), "closed");
    let ann = Client::login(&server, "ann", "secret");
    // How many are answered. On a slow machine, a few more than are allowed at once.
    let answered = |path: &str| {
        let refused = |n: &u32| {
            let answer = ann.get(&format!("{path}?q=somebody{n}@example.org"));
            answer.text().unwrap().contains("You do this very often.")
        };
        (0..1000).find(refused).expect("a limit")
    };
    assert!(answered("/ajax/fbchat/search.php") >= 100);
    for path in ["/ajax/search/results.php", "/s.php"] {
        assert!(answered(path) < 100, "{path}");
    }
    let ben = Client::login(&server, "ben", "secret");
    assert_eq!(
        ben.read("/ajax/fbchat/search.php?q=ann@example.org")["results"][0]["name"],
        "Ann A"
    );
}
