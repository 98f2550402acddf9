//! `fbchatd user` and `fbchatd friend`: work on the data directory, whether a server runs on it or not.

use std::error::Error;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::cli::{Friend, PasswordSource, Place, User};
use crate::config::Registration;
use crate::password::{Cost, hash};
use crate::run::settings;
use crate::store::{self, Store};
use crate::{secrets, types};

type Failure = Box<dyn Error>;

/// The longest e-mail address that mail systems take.
const EMAIL: usize = 254;
/// The longest name, in characters.
const NAME: usize = 100;

/// `fbchatd user …`
pub async fn user(command: User) -> Result<(), Failure> {
    match command {
        User::Add {
            email,
            name,
            password,
            place,
        } => {
            let email = valid_email(&email)?;
            let name = valid_name(&name)?;
            let store = open(&place)?;
            let hash = hash(&ask_password(&password, &email)?, Cost::Full)?;
            let added = store.add_user(email.clone(), name, hash).await?;
            store.close().await?;
            let uid = added.ok_or_else(|| {
                format!("There is already an account {email}. Choose another address.")
            })?;
            println!("added {email} as {uid}");
        }
        User::List { place } => {
            for user in open_existing(&place)?.users().await? {
                println!("{}\t{}\t{}", user.uid, user.email, user.name);
            }
        }
        User::Del { email, place } => {
            let store = open_existing(&place)?;
            let user = find(&store, &email).await?;
            store.delete_user(user.uid).await?;
            store.close().await?;
            println!("deleted {} and everything that belonged to it", user.email);
        }
        User::Passwd {
            email,
            password,
            place,
        } => {
            let store = open_existing(&place)?;
            let user = find(&store, &email).await?;
            let hash = hash(&ask_password(&password, &user.email)?, Cost::Full)?;
            store.set_password(user.uid, hash, None).await?;
            store.close().await?;
            println!(
                "changed the password of {}; all its logins have ended",
                user.email
            );
        }
    }
    Ok(())
}

/// `fbchatd friend …`
pub async fn friend(command: Friend) -> Result<(), Failure> {
    let Friend::Add {
        email,
        other,
        place,
    } = command;
    let store = open_existing(&place)?;
    let (a, b) = (find(&store, &email).await?, find(&store, &other).await?);
    if a.uid == b.uid {
        return Err("Nobody needs to be his own friend. Name two different accounts.".into());
    }
    store.befriend(a.uid, b.uid).await?;
    store.close().await?;
    println!("{} and {} are friends", a.email, b.email);
    Ok(())
}

/// `fbchatd invite`
pub async fn invite(
    friend: Option<String>,
    url: Option<String>,
    place: Place,
) -> Result<(), Failure> {
    let config = settings(&place)?;
    let store = open_existing(&place)?;
    let friend = match friend {
        Some(email) => Some(find(&store, &email).await?.uid),
        None => None,
    };
    let secret = secrets::random_hex(16)?;
    store.invite(secrets::invite_key(&secret), friend).await?;
    store.close().await?;
    let url = url.unwrap_or_else(|| match &config.base_domain {
        Some(domain) => format!("http://www.{domain}"),
        None => format!("http://{}", config.listen),
    });
    println!("{}/register.php?invite={secret}", url.trim_end_matches('/'));
    if config.registration == Registration::Closed {
        eprintln!(
            "fbchatd: the link works once the settings have registration = \"invite\" and the server was started with them"
        );
    }
    Ok(())
}

fn open(place: &Place) -> Result<Arc<Store>, Failure> {
    let dir = settings(place)?.data_dir()?;
    Ok(store::open(&dir, Arc::new(()))?)
}

/// The store of a directory that has one: nobody wants a new one where he has mistyped the name of his own.
pub fn open_existing(place: &Place) -> Result<Arc<Store>, Failure> {
    let dir = settings(place)?.data_dir()?;
    if !store::exists(&dir) {
        let text =
            "Choose the right directory with --data or --config, or begin with `fbchatd user add`.";
        return Err(format!("There are no accounts in {}. {text}", dir.display()).into());
    }
    open(place)
}

/// The account with this address.
pub async fn find(store: &Store, email: &str) -> Result<types::User, Failure> {
    let account = store.account(email).await?;
    let unknown = || format!("There is no account {email}. `fbchatd user list` shows all.").into();
    account.map(|account| account.user).ok_or_else(unknown)
}

/// Not what mail standards allow, but what people have, without anything that could confuse a page or a log.
pub fn valid_email(text: &str) -> Result<String, Failure> {
    let email = text.trim().to_lowercase();
    let right = email.split_once('@').is_some_and(|(user, domain)| {
        !user.is_empty()
            && !domain.contains('@')
            && domain.split('.').all(|label| !label.is_empty())
            && email.len() <= EMAIL
            && !email
                .chars()
                .any(|c| c.is_control() || c.is_whitespace() || "<>\"'(),;:\\".contains(c))
    });
    if right {
        Ok(email)
    } else {
        Err(format!("{text:?} is not an e-mail address. Write it like alice@example.org.").into())
    }
}

/// A name that fits a line.
pub fn valid_name(text: &str) -> Result<String, Failure> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
        return Err(format!("The name must have 1 to {NAME} characters, all on one line.").into());
    }
    Ok(name.to_owned())
}

fn ask_password(source: &PasswordSource, email: &str) -> Result<Zeroizing<String>, Failure> {
    let password = if let Some(file) = &source.password_file {
        read_file(file)?
    } else if io::stdin().is_terminal() {
        let password = Zeroizing::new(rpassword::prompt_password(format!(
            "Password for {email}: "
        ))?);
        if *password != *Zeroizing::new(rpassword::prompt_password("Once more: ")?) {
            return Err("The passwords differ. Nothing was changed.".into());
        }
        password
    } else {
        first_line(&mut io::stdin().lock())?
    };
    if password.is_empty() {
        return Err("The password is empty. Nothing was changed.".into());
    }
    Ok(password)
}

fn read_file(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let open = std::fs::File::open(file)
        .map_err(|error| format!("Cannot read {}: {error}.", file.display()))?;
    first_line(&mut io::BufReader::new(open))
}

fn first_line(from: &mut dyn BufRead) -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    from.read_line(&mut line)
        .map_err(|error| format!("Cannot read the password: {error}."))?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_lightly() {
        assert_eq!(
            valid_email(" Älice+x@Example.ORG ").unwrap(),
            "älice+x@example.org"
        );
        assert!(valid_email("me@localhost").is_ok());
        for wrong in [
            "", "alice", "@x", "a@", "a@b@c", "a b@c", "a@b..c", "a\n@b", "<a@b>",
        ] {
            assert!(valid_email(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_password_is_one_line_without_its_end() {
        assert_eq!(
            first_line(&mut &b" pass word \r\nmore\n"[..])
                .unwrap()
                .as_str(),
            " pass word "
        );
        assert_eq!(first_line(&mut &b""[..]).unwrap().as_str(), "");
    }
}
