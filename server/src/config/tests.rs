use super::loading::keys;
use super::*;

fn load_with(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let environment = environment.iter().map(|(k, v)| (k.into(), v.into()));
    Config::read(Some(file.path()), environment).map_err(|error| error.to_string())
}

fn load(text: &str) -> Result<Config, String> {
    load_with(text, &[])
}

#[test]
fn the_environment_wins_over_the_file() {
    let environment = [
        ("FBCHATD_HOLD_S", "7"),
        ("FBCHATD_LISTEN", "127.0.0.1:2"),
        ("FBCHATD_DATA", "1"),
        ("FBCHATD_TRUSTED_PROXIES", "[\"10.0.0.0/8\"]"),
        ("FBCHATD_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("HOLD_S", "x"),
    ];
    let config = load_with("hold_s = 5\nlisten = \"0.0.0.0:1\"\n", &environment).unwrap();
    assert_eq!((config.hold_s, config.listen.port()), (7, 2));
    assert_eq!(config.data.as_deref(), Some(Path::new("1")));
    assert!(config.trusted_proxies[0].contains("::ffff:10.1.2.3".parse().unwrap()));
    assert!(!config.trusted_proxies[0].contains("127.0.0.1".parse().unwrap()));
    for (name, value, words) in [
        ("FBCHATD_HOLD_S", "soon", &["FBCHATD_HOLD_S"][..]),
        ("FBCHATD_HOLD_S", "60", &["hold_s", "1 to 59"]),
        (
            "FBCHATD_REGISTRATION",
            "all",
            &["FBCHATD_REGISTRATION", "closed", "invite", "open"],
        ),
        (
            "FBCHATD_LOG",
            "loud",
            &["FBCHATD_LOG", "error", "warn", "info", "debug"],
        ),
        (
            "FBCHATD_TRUSTED_PROXIES",
            "[\"proxy\"]",
            &["\"proxy\"", "10.0.0.0/8"],
        ),
    ] {
        let told = load_with("", &[(name, value)]).unwrap_err();
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
    }
}

#[test]
fn tls_is_all_or_nothing() {
    for some in [
        "tls_listen = \"[::]:443\"",
        "tls_cert = \"c\"\ntls_key = \"k\"",
    ] {
        assert!(load(some).unwrap_err().contains("tls_cert and tls_key"));
    }
    let all = load("tls_listen = \"[::]:443\"\ntls_cert = \"c\"\ntls_key = \"k\"");
    assert_eq!(all.unwrap().tls().unwrap().key, Path::new("k"));
}

#[test]
fn xmpp_needs_a_domain_and_off_this_machine_a_certificate() {
    let domain = "xmpp_domain = \"e.org\"\n";
    let files = "tls_cert = \"c\"\ntls_key = \"k\"\n";
    let (local, open) = ("xmpp_listen = \"[::1]:1\"", "xmpp_listen = \"[::]:1\"");
    for (text, words) in [
        (local.to_owned(), "together with xmpp_domain"),
        (format!("{domain}{open}"), "loopback"),
        (format!("xmpp_domain = \"a@e.org\"\n{local}"), "lower case"),
    ] {
        assert!(load(&text).unwrap_err().contains(words), "{text}");
    }
    assert!(load(&format!("{domain}{local}")).unwrap().tls().is_none());
    let with_files = load(&format!("{domain}{files}{open}")).unwrap();
    assert_eq!(with_files.tls().unwrap().xmpp_domain, Some("e.org"));
}

#[test]
fn a_file_changes_what_it_names_and_errors_name_the_key() {
    let config = load("listen = \"0.0.0.0:1\"\nhold_s = 5\n").unwrap();
    assert_eq!(
        (config.listen.port(), config.hold_s, config.message_limit),
        (1, 5, 20_000)
    );
    assert!(load("lisen = 1").unwrap_err().contains("lisen"));
    assert!(load("hold_s = 60").unwrap_err().contains("hold_s"));
    assert!(
        load("registration = \"all\"")
            .unwrap_err()
            .contains("invite")
    );
    assert!(load("hold_s = -1").unwrap_err().contains("hold_s"));
    assert!(
        load("channel_host_pattern = \"0.{channel}.{base}\"")
            .unwrap_err()
            .contains("base_domain")
    );
    assert!(load("base_domain = \"e.org\"\nchannel_host_pattern = \"0.{channel}.{base}\"").is_ok());
    assert!(load("base_domain = \"e.org; x\"").is_err());
    assert!(load("hosts = [\"e.org\", \"xn--bcher-kva.example\"]").is_ok());
    for wrong in ["https://e.org", "e.org:80", "E.org", ""] {
        let told = load(&format!("hosts = [\"{wrong}\"]")).unwrap_err();
        assert!(told.contains("hosts"), "{told}");
    }
}

#[test]
fn the_example_names_every_setting_with_its_default() {
    let lines = EXAMPLE.lines().filter_map(|line| line.strip_prefix('#'));
    let settings: String = lines
        .filter(|line| line.contains(" = "))
        .map(|line| format!("{line}\n"))
        .collect();
    let all: toml::Table = toml::from_str(&settings).unwrap();
    let (config, default) = (load(&settings).unwrap(), Config::default());
    let all: Vec<_> = all.keys().map(String::as_str).collect();
    let mut named: Vec<_> = keys().collect();
    named.sort();
    assert_eq!(named, all);
    let debug = format!("{default:#?}");
    let fields = debug
        .lines()
        .filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    let fields = fields.filter_map(|line| Some(line.trim().split_once(':')?.0));
    let mut fields: Vec<_> = fields.collect();
    fields.sort();
    assert_eq!(fields, all);
    // These have no default that a file could show.
    let bare = |config: &Config| Config {
        data: None,
        store: None,
        store_ca: None,
        store_password_file: None,
        files_dir: None,
        hosts: Vec::new(),
        base_domain: None,
        channel_host_pattern: None,
        tls_listen: None,
        tls_cert: None,
        tls_key: None,
        xmpp_domain: None,
        xmpp_listen: None,
        metrics_listen: None,
        ..config.clone()
    };
    assert_eq!(format!("{:?}", bare(&config)), format!("{default:?}"));
}
