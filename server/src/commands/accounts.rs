//! `fbchatd user`, `fbchatd friend` and `fbchatd invite`

use std::io::{self, BufRead, IsTerminal};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::Failure;
use super::output::{note, print};
use super::store::{find, open, open_existing};
use crate::cli::{Friend, PasswordSource, Place, User};
use crate::config::Registration;
use crate::secrets;
use crate::service::files::disk::Disk;
use crate::service::files::sweeping::delete_contents;
use crate::service::passwords::{Cost, hash};
use crate::service::validate::{valid_email, valid_name, valid_username};
use crate::store::{AddedAs, ChangedBy, UsernameChange};

const TAKEN: &str = "Somebody else has this user name or one that looks almost the same, had it in the last 30 days, or has it before the @ of \
                     their address. Choose another. Nothing was changed.";

/// `fbchatd user …`
pub async fn user(command: User) -> Result<(), Failure> {
    match command {
        User::Add {
            email,
            name,
            username,
            password,
            place,
        } => {
            let email = valid_email(&email)?;
            let name = valid_name(&name)?;
            let username = username.as_deref().map(valid_username).transpose()?;
            let store = open(&place)?;
            let hash = hash(&ask_password(&password, &email)?, Cost::Full)?;
            let added = match username {
                Some(username) => {
                    store
                        .add_user_as(username, email.clone(), name, hash)
                        .await?
                }
                None => match store.add_user(email.clone(), name, hash).await? {
                    Some(uid) => AddedAs::Added(uid),
                    None => AddedAs::AddressTaken,
                },
            };
            store.close().await?;
            match added {
                AddedAs::Added(uid) => print(format!("added {email} as {uid}"))?,
                AddedAs::AddressTaken => {
                    return Err(format!(
                        "There is already an account {email}. Choose another address."
                    )
                    .into());
                }
                AddedAs::UsernameTaken => return Err(TAKEN.into()),
            }
        }
        User::List { place } => {
            for user in open_existing(&place)?.users().await? {
                print(format!(
                    "{}\t{}\t{}\t{}",
                    user.uid, user.email, user.username, user.name
                ))?;
            }
        }
        User::Del { email, place } => {
            let store = open_existing(&place)?;
            let user = find(&store, &email).await?;
            store.delete_user(user.uid).await?;
            if let Some(dir) = place.config()?.files_dir()? {
                delete_contents(&store, &Disk::at(&dir)).await?;
            }
            store.close().await?;
            print(format!(
                "deleted {} and everything that belonged to it",
                user.email
            ))?;
        }
        User::Username {
            email,
            username,
            place,
        } => {
            let username = valid_username(&username)?;
            let store = open_existing(&place)?;
            let user = find(&store, &email).await?;
            let changed = store.set_username(user.uid, username.clone(), ChangedBy::Operator);
            let changed = changed.await?;
            store.close().await?;
            if changed != UsernameChange::Done {
                return Err(TAKEN.into());
            }
            print(format!("the user name of {} is {username}", user.email))?;
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
            print(format!(
                "changed the password of {}; all its logins have ended",
                user.email
            ))?;
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
        return Err("An account cannot be a friend of itself. Name two different accounts.".into());
    }
    store.befriend(a.uid, b.uid).await?;
    store.close().await?;
    print(format!("{} and {} are friends", a.email, b.email))?;
    Ok(())
}

/// `fbchatd invite`
pub async fn invite(
    friend: Option<String>,
    url: Option<String>,
    place: Place,
) -> Result<(), Failure> {
    let config = place.config()?;
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
    print(format!(
        "{}/register.php?invite={secret}",
        url.trim_end_matches('/')
    ))?;
    if config.registration == Registration::Closed {
        note(
            "the link works after registration = \"invite\" is set and the server has been restarted",
        );
    }
    Ok(())
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
    let failed = |error| format!("Cannot read {}: {error}.", file.display());
    let open = std::fs::File::open(file).map_err(failed)?;
    let found = open.metadata().map_err(failed)?;
    if found.is_file() && found.permissions().mode() & 0o007 != 0 {
        let file = file.display();
        return Err(format!("{file} can be read by others; run chmod 600 {file}.").into());
    }
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
