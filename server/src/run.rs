//! From a command to a running server.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::mpsc;

use crate::accounts;
use crate::app::{App, Echo};
use crate::cli::{self, Cli, Command, Place};
use crate::config::{Config, EXAMPLE, Registration};
use crate::echo;
use crate::hub::Hub;
use crate::password::{Cost, Passwords, hash};
use crate::store::{self, Store, Subscribers, lock_directory};
use crate::types::{Published, Uid, User};
use crate::{logging, operator, serve, tls};

type Failure = Box<dyn Error>;

/// Does what the command line says.
pub fn run(cli: Cli) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        match cli.command {
            Command::Demo { listen } => demo(listen).await,
            Command::Serve { listen, place } => {
                let mut config = settings(&place)?;
                config.listen = listen.unwrap_or(config.listen);
                logging::start(config.log, config.log_format);
                durable(config).await
            }
            Command::Config(command) => check(command),
            Command::User(command) => accounts::user(command).await,
            Command::Session(command) => operator::session(command).await,
            Command::Stats { place } => operator::stats(&place).await,
            Command::Backup { file, place } => operator::backup(&file, &place).await,
            Command::Export { email, place } => operator::export(&email, &place).await,
            Command::Friend(command) => accounts::friend(command).await,
            Command::Invite { friend, url, place } => accounts::invite(friend, url, place).await,
        }
    });
    // A password prompt or a slow hash must not keep us here.
    runtime.shutdown_background();
    result
}

/// `fbchatd config …`
fn check(command: cli::Config) -> Result<(), Failure> {
    match command {
        cli::Config::Example => print!("{EXAMPLE}"),
        cli::Config::Check { file } => {
            let config = Config::load(Some(&file))?;
            if let Some(tls) = config.tls() {
                tls::acceptor(tls)?;
            }
            println!("{} is right", file.display());
        }
    }
    Ok(())
}

/// The settings of a file, with the flags on top.
pub fn settings(place: &Place) -> Result<Config, Failure> {
    let mut config = Config::load(place.config.as_deref())?;
    if let Some(data) = &place.data {
        config.data = Some(data.clone());
    }
    Ok(config)
}

async fn durable(config: Config) -> Result<(), Failure> {
    let hub = Arc::new(Hub::new(config.limits()));
    let dir = config.data_dir()?;
    // Other commands may use the data meanwhile, another server may not.
    let _locked = lock_directory(&dir)?;
    let store = store::open(&dir, hub.clone())?;
    if store.channel_states().await?.is_empty() {
        log::warn!(
            "there are no accounts yet; add one with: fbchatd user add EMAIL --name NAME --data {}",
            dir.display()
        );
    }
    start(config, store, hub, Cost::Full, None).await
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
    logging::start(config.log, config.log_format);
    let hub = Arc::new(Hub::new(config.limits()));
    let store = store::in_memory(hub.clone())?;
    let password = hash("demo", Cost::Cheap)?;
    let mut uids = Vec::new();
    for (email, name, password) in [
        ("alice@example.org", "Alice Example", password.as_str()),
        ("bob@example.org", "Bob Example", &password),
        // No hash looks like this, so nobody can log in.
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
    start(config, store, hub, Cost::Cheap, echo).await
}

impl Subscribers for Hub {
    fn connected(&self, uids: Vec<Uid>) -> Vec<Uid> {
        Hub::connected(self, uids.into_iter())
    }

    fn deliver(&self, items: Vec<Published>) {
        self.publish(items);
    }
}

async fn start(
    config: Config,
    store: Arc<Store>,
    hub: Arc<Hub>,
    cost: Cost,
    echo: Option<User>,
) -> Result<(), Failure> {
    allow_many_connections();
    hub.load(store.channel_states().await?);
    let echo = echo.map(|user| {
        hub.pin(user.uid);
        let (inbox, messages) = mpsc::channel(1024);
        tokio::spawn(echo::run(user.clone(), store.clone(), messages));
        Echo { user, inbox }
    });
    let app = App::new(config, store, hub, Passwords::new(cost)?, echo);
    serve::serve(Arc::new(app)).await
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
        log::debug!("the limit of open files stays as it is: {error}");
    }
}
