//! From the command line to a command or a running server.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::panic;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};

use crate::cli::{self, Cli, Command};
use crate::commands::store::location;
use crate::commands::{accounts, backup, export, moving, output, sessions, stats};
use crate::config::{Config, EXAMPLE, Registration};
use crate::hub::{Hub, Limits};
use crate::metrics::Metrics;
use crate::net::tls;
use crate::service::Services;
use crate::service::echo::Echo;
use crate::service::files::disk::Disk;
use crate::service::passwords::{Cost, Passwords, hash};
use crate::store::{self, LOG_OF_LIBRARY, Location, NodeInfo, Store, Use, lock_directory};
use crate::types::User;
use crate::web::App;
use crate::{logging, serve};

type Failure = Box<dyn Error>;

/// Does what the command line says.
pub fn run(cli: Cli) -> Result<(), Failure> {
    let runtime = match cli.command {
        Command::Serve { .. } | Command::Demo { .. } => threaded()?,
        _ => Builder::new_current_thread().enable_all().build()?,
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Demo { listen } => demo(listen).await,
            Command::Serve { listen, place } => {
                let mut config = place.config()?;
                config.listen = listen.unwrap_or(config.listen);
                logging::start(config.log, config.log_format, LOG_OF_LIBRARY);
                durable(config).await
            }
            Command::Config(command) => config(command),
            Command::User(command) => accounts::user(command).await,
            Command::Session(command) => sessions::session(command).await,
            Command::Nodes { place } => stats::nodes(&place).await,
            Command::Stats { place } => stats::stats(&place).await,
            Command::Backup { file, place } => backup::backup(&file, &place).await,
            Command::Restore { file, place } => backup::restore(&file, &place),
            Command::Move(command) => moving::transfer(command).await,
            Command::Export { email, place } => export::export(&email, &place).await,
            Command::Friend(command) => accounts::friend(command).await,
            Command::Invite { friend, url, place } => accounts::invite(friend, url, place).await,
        }
    });
    // Do not wait for a password prompt or a slow hash.
    runtime.shutdown_background();
    result
}

/// The runtime of a server.
fn threaded() -> io::Result<Runtime> {
    // Without a single thread tokio panics, and there is nothing to clean up yet.
    let before = panic::take_hook();
    panic::set_hook(Box::new(|_| {
        output::note(
            "Cannot start a thread. Raise the limit on processes (ulimit -u) or on memory.",
        );
        std::process::exit(1);
    }));
    let runtime = Builder::new_multi_thread().enable_all().build();
    panic::set_hook(before);
    runtime
}

/// `fbchatd config …`
fn config(command: cli::Config) -> Result<(), Failure> {
    match command {
        cli::Config::Example => output::print(EXAMPLE.trim_end())?,
        cli::Config::Check { file } => {
            let config = Config::load(Some(&file))?;
            let mut warnings = match config.tls() {
                Some(tls) => tls::load(&tls)?.warnings,
                None => Vec::new(),
            };
            if config.store.is_some() {
                warnings.extend(store::warnings(&location(&config)?)?);
            }
            output::print(format!("The settings in {} are valid.", file.display()))?;
            if config.hosts.is_empty() && config.base_domain.is_none() {
                let text = "Without TLS, the server answers to addresses and to names like raspberrypi or raspberrypi.local. If people \
                            reach it by a public name, also through a proxy, set hosts = [\"chat.example.org\"].";
                output::print(text)?;
            }
            if let Some(domain) = &config.xmpp_domain {
                output::print(
                    "XMPP clients find the server by its domain, or by these records in the DNS:",
                )?;
                for (service, listen) in [
                    ("xmpp-client", config.xmpp_listen),
                    ("xmpps-client", config.tls_listen),
                ] {
                    if let Some(listen) = listen {
                        let port = listen.port();
                        output::print(format!(
                            "  _{service}._tcp.{domain}. SRV 0 5 {port} {domain}."
                        ))?;
                    }
                }
            }
            for warning in warnings {
                output::print(format!("Warning: {warning}"))?;
            }
            if config.listen.ip().is_loopback() && config.trusted_proxies.is_empty() {
                output::print(format!(
                    "If a proxy on this machine forwards requests to {}, set trusted_proxies = [\"127.0.0.1\", \"::1\"].",
                    config.listen
                ))?;
            }
        }
    }
    Ok(())
}

/// Serves the accounts in a data directory.
async fn durable(config: Config) -> Result<(), Failure> {
    let location = location(&config)?;
    let is_shared = matches!(location, Location::Postgres(_));
    let hub = hub(&config, is_shared);
    // Other commands may use the data at the same time, but no other server.
    let _locked = match &location {
        Location::Directory(dir) => Some(lock_directory(dir)?),
        Location::Postgres(_) => None,
    };
    let store = store::open_at(&location, Use::Server(node(&config)), hub.clone())?;
    if hub.users().is_empty() && store.channel_states().await?.is_empty() {
        let place = match &location {
            Location::Directory(dir) => format!(" --data {}", dir.display()),
            Location::Postgres(_) => String::new(),
        };
        log::warn!(
            "there are no accounts yet; add one with: fbchatd user add EMAIL --name NAME{place}"
        );
    }
    let disk = config.files_dir()?.map(|dir| Disk::at(&dir));
    if disk.is_none() && config.file_limit_mib > 0 {
        log::info!("people cannot send files; set files_dir to a directory for them");
    }
    start(config, store, disk, hub, Cost::Full, None).await
}

/// What this server tells operators who list the servers of its database.
fn node(config: &Config) -> NodeInfo {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    NodeInfo {
        address: format!("{} {}", host.trim(), config.listen),
        keeps: i64::try_from(config.offline_after_s.saturating_mul(1000)).unwrap_or(i64::MAX),
        ..NodeInfo::default()
    }
}

async fn demo(listen: SocketAddr) -> Result<(), Failure> {
    if !listen.ip().is_loopback() {
        let text = "The demo has well-known passwords and therefore listens on a loopback address only. \
                    Use --listen 127.0.0.1:PORT, or set up real accounts for fbchatd serve.";
        return Err(text.into());
    }
    let config = Config {
        listen,
        registration: Registration::Open,
        ..Config::load(None)?
    };
    logging::start(config.log, config.log_format, LOG_OF_LIBRARY);
    let hub = hub(&config, false);
    let store = store::in_memory(hub.clone())?;
    let password = hash("demo", Cost::Cheap)?;
    let mut uids = Vec::new();
    for (email, name, password) in [
        ("alice@example.org", "Alice Example", password.as_str()),
        ("bob@example.org", "Bob Example", &password),
        // This is not a hash, so nobody can log in.
        ("echo@example.org", "Echo", "!"),
    ] {
        uids.extend(
            store
                .add_user(email.into(), name.into(), password.into())
                .await?,
        );
    }
    for a in &uids {
        for b in uids.iter().filter(|b| *b > a) {
            store.befriend(*a, *b).await?;
        }
    }
    log::info!("log in as alice@example.org or bob@example.org with the password demo");
    let echo = store.account("echo").await?.map(|account| account.user);
    let files = tempfile::tempdir()?;
    let disk = Disk::at(files.path());
    start(config, store, Some(disk), hub, Cost::Cheap, echo).await
}

fn hub(config: &Config, is_shared: bool) -> Arc<Hub> {
    Arc::new(Hub::new(Limits {
        offline_after: Duration::from_secs(config.offline_after_s),
        idle_after: Duration::from_secs(config.idle_after_s),
        is_shared,
    }))
}

async fn start(
    config: Config,
    store: Arc<Store>,
    disk: Option<Disk>,
    hub: Arc<Hub>,
    cost: Cost,
    echo: Option<User>,
) -> Result<(), Failure> {
    allow_many_connections();
    if !store.is_shared() {
        hub.load(store.channel_states().await?);
    }
    let echo = echo.map(|user| {
        hub.pin(user.uid);
        Echo::start(user, store.clone())
    });
    let passwords = Passwords::new(cost)?;
    let mut metrics = Metrics::new(store.commit_times(), passwords.times());
    if config.xmpp_domain.is_some() {
        metrics.add_xmpp();
    }
    let services = Services::new(&config, store, disk, hub, passwords, &metrics, echo)?;
    services.begin().await?;
    serve::serve(Arc::new(App::new(config, Arc::new(services), metrics))).await
}

/// Every held poll is an open file, and the usual soft limit is 1024.
fn allow_many_connections() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    ) {
        log::debug!("the limit on open files stays as it is: {error}");
    }
}
