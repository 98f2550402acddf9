//! `fbchatd session`, `stats`, `backup` and `export`

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use serde::Serialize;

use super::output::{failed, print};
use super::store::{find, open_existing};
use crate::attachment::{Attachment, FileId};
use crate::cli::{Place, Session};
use crate::secrets::session_id;
use crate::service::files::disk::{Disk, Part};
use crate::store::{self, FriendRequest, Store};
use crate::types::{Message, Uid, User};

type Failure = Box<dyn Error>;

/// How many messages an export reads at a time.
const PAGE: usize = 1000;

/// `fbchatd session …`
pub async fn session(command: Session) -> Result<(), Failure> {
    match command {
        Session::List { email, place } => {
            let store = open_existing(&place)?;
            let users = match email {
                Some(email) => vec![find(&store, &email).await?],
                None => store.users().await?,
            };
            for user in users {
                for login in store.sessions(user.uid).await? {
                    print(format!(
                        "{}\t{}\t{}\t{}\t{}\t{}",
                        session_id(login.key),
                        user.email,
                        login.created,
                        login.address.as_deref().unwrap_or("-"),
                        login.ends,
                        login.client
                    ))?;
                }
            }
        }
        Session::Revoke {
            email,
            id,
            all,
            place,
        } => {
            let store = open_existing(&place)?;
            let user = find(&store, &email).await?;
            let chosen = |login_id: String| all || id.as_ref() == Some(&login_id);
            let mut ended = 0;
            for login in store.sessions(user.uid).await? {
                if chosen(session_id(login.key)) {
                    store.end_session(login.key).await?;
                    ended += 1;
                }
            }
            store.close().await?;
            if ended == 0 && !all {
                let text = "`fbchatd session list` shows all.";
                return Err(format!("{} has no such session. {text}", user.email).into());
            }
            print(format!("ended {ended} of the sessions of {}", user.email))?;
        }
    }
    Ok(())
}

/// `fbchatd stats`
pub async fn stats(place: &Place) -> Result<(), Failure> {
    let quota = place.config()?.message_quota();
    let stats = open_existing(place)?.stats().await?;
    for (name, value) in [
        ("accounts", stats.accounts),
        ("friendships", stats.friendships),
        ("groups", stats.groups),
        ("sessions", stats.logins),
        ("invitations", stats.invitations),
        ("messages", stats.messages),
        ("messages in 24 hours", stats.messages_today),
        ("database bytes", stats.bytes),
        ("files", stats.files),
        ("file bytes", stats.file_bytes),
    ] {
        print(format!("{name}\t{value}"))?;
    }
    if let Some(quota) = quota {
        print(format!("message quota in bytes\t{quota}"))?;
    }
    for (email, bytes) in stats.largest {
        print(format!("bytes of {email}\t{bytes}"))?;
    }
    Ok(())
}

/// `fbchatd nodes`
pub async fn nodes(place: &Place) -> Result<(), Failure> {
    let Some(nodes) = open_existing(place)?.nodes().await? else {
        let text = "Only one server uses a data directory. Set store to a PostgreSQL database for several.";
        return Err(text.into());
    };
    for node in nodes {
        print(format!(
            "{:016x}\t{}\t{}\t{} s\t{} s",
            node.id,
            node.about.version,
            node.about.address,
            node.age / 1000,
            node.silent / 1000
        ))?;
    }
    Ok(())
}

/// `fbchatd backup`
pub async fn backup(to: &Path, place: &Place) -> Result<(), Failure> {
    open_existing(place)?.backup(to.to_owned()).await?;
    // After the database, so that everything that it names is there unless it was deleted since.
    let files = place.config()?.files_dir()?.map(|dir| Disk::at(&dir));
    if let Some(Err(error)) = files.map(|disk| Disk::beside(to).add_from(&disk)) {
        std::fs::remove_file(to)?;
        let text = format!(
            "Cannot copy the files to {}: {error}. There is no backup.",
            Disk::beside(to).path().display()
        );
        return Err(text.into());
    }
    print(format!(
        "wrote {file}; to go back to it, stop the server and run: fbchatd restore {file}",
        file = to.display()
    ))?;
    Ok(())
}

/// `fbchatd restore`
pub fn restore(from: &Path, place: &Place) -> Result<(), Failure> {
    let config = place.config()?;
    if config.store.is_some() {
        let text = "Backups of PostgreSQL are restored with pg_restore; `fbchatd backup` says how.";
        return Err(text.into());
    }
    let dir = config.data_dir()?;
    // Before the database that names them. A file never changes, so none is replaced.
    let disk = Disk::at(&config.files_dir()?.unwrap_or_else(|| dir.clone()));
    disk.add_from(&Disk::beside(from)).map_err(|error| {
        let files = Disk::beside(from);
        let files = files.path().display();
        format!("Cannot restore the files in {files}: {error}. Nothing was changed.")
    })?;
    let aside = store::restore(&dir, from)?;
    if let Some(aside) = &aside {
        // The server deletes what the restored database does not name.
        Disk::at(aside).add_from(&disk)?;
    }
    print(format!("restored {} in {}", from.display(), dir.display()))?;
    if let Some(aside) = aside {
        print(format!(
            "what was there before is in {}; delete it when you do not need it any more",
            aside.display()
        ))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Person<'a> {
    uid: Uid,
    name: &'a str,
}

impl<'a> From<&'a User> for Person<'a> {
    fn from(user: &'a User) -> Self {
        Person {
            uid: user.uid,
            name: &user.name,
        }
    }
}

#[derive(Serialize)]
struct Request<'a> {
    person: Person<'a>,
    message: &'a str,
    time: i64,
}

#[derive(Serialize)]
struct List<'a> {
    name: &'a str,
    members: &'a [Uid],
}

#[derive(Serialize)]
struct Group<'a> {
    gid: Uid,
    name: &'a str,
    muted: bool,
    /// The owner comes first.
    members: Vec<Person<'a>>,
}

#[derive(Serialize)]
struct Notification<'a> {
    kind: &'static str,
    from: Person<'a>,
    time: i64,
    seen: bool,
}

#[derive(Serialize)]
struct Login<'a> {
    since: i64,
    ends: i64,
    address: Option<&'a str>,
    client: &'a str,
}

#[derive(Serialize)]
struct Said<'a> {
    time: i64,
    from: Uid,
    from_name: &'a str,
    to: Uid,
    to_name: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<&'a FileId>,
}

impl<'a> From<&'a Message> for Said<'a> {
    fn from(message: &'a Message) -> Self {
        Said {
            time: message.time,
            from: message.from,
            from_name: &message.from_name,
            to: message.to,
            to_name: &message.to_name,
            text: &message.text,
            files: message.attachments.iter().map(|file| &file.id).collect(),
        }
    }
}

#[derive(Serialize)]
struct Sent<'a> {
    #[serde(flatten)]
    file: &'a Attachment,
    time: i64,
}

/// `fbchatd export`: one JSON object with times in ms.
pub async fn export(email: &str, place: &Place) -> Result<(), Failure> {
    let store = open_existing(place)?;
    let user = find(&store, email).await?;
    let disk = place.config()?.files_dir()?.map(|dir| Disk::at(&dir));
    match write_export(&store, disk.as_ref(), &user).await {
        Err(error) => match error.downcast::<io::Error>() {
            Ok(error) => Err(failed(*error).into()),
            Err(error) => Err(error),
        },
        done => done,
    }
}

/// Messages are written as they are read, so their number does not matter.
async fn write_export(store: &Store, disk: Option<&Disk>, user: &User) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    write!(out, "{{\n\"uid\": {}", user.uid)?;
    let mut put = |key: &str, value: serde_json::Value| write!(out, ",\n\"{key}\": {value}");
    for (key, value) in about(store, user).await? {
        put(key, value)?;
    }
    write!(out, ",\n\"messages\": [")?;
    let mut before = "\n";
    let mut after = i64::MIN;
    loop {
        let messages = store.messages_of(user.uid, after, PAGE).await?;
        let Some(last) = messages.last() else {
            break;
        };
        after = last.id;
        for message in &messages {
            out.write_all(before.as_bytes())?;
            before = ",\n";
            serde_json::to_writer(&mut out, &Said::from(message)).map_err(io::Error::from)?;
        }
    }
    write!(out, "\n],\n\"files\": [")?;
    before = "\n";
    for file in store.files_of(user.uid).await? {
        let about = serde_json::to_string(&Sent {
            file: &file.attachment,
            time: file.time,
        })?;
        let about = about.trim_end_matches('}');
        write!(out, "{before}{about},\"base64\":")?;
        before = ",\n";
        let content = disk.map_or(Err(io::ErrorKind::NotFound.into()), |disk| {
            disk.open(&file.attachment.id, Part::Whole)
        });
        match content {
            Ok(mut content) => {
                write!(out, "\"")?;
                let mut encoder = EncoderWriter::new(&mut out, &STANDARD);
                io::copy(&mut content, &mut encoder)?;
                encoder.finish()?;
                drop(encoder);
                write!(out, "\"}}")?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => write!(out, "null}}")?,
            Err(error) => return Err(Box::new(error)),
        }
    }
    writeln!(out, "\n]\n}}")?;
    Ok(out.flush()?)
}

/// Everything about a user except their messages.
async fn about(
    store: &Store,
    user: &User,
) -> Result<Vec<(&'static str, serde_json::Value)>, Failure> {
    let uid = user.uid;
    let picture = match &user.picture {
        Some(hash) => store.picture(uid, hash).await?,
        None => None,
    };
    let blocked = store.blocked(uid).await?;
    let blocked: Vec<_> = blocked.iter().map(Person::from).collect();
    let friends = store.friends(uid).await?;
    let friends: Vec<_> = friends.iter().map(Person::from).collect();
    let lists = store.lists(uid).await?;
    let lists = lists.iter().map(|list| List {
        name: &list.name,
        members: &list.members,
    });
    let groups = store.groups(uid).await?;
    let groups = groups.iter().map(|(group, members)| Group {
        gid: group.gid,
        name: &group.name,
        muted: group.muted,
        members: members.iter().map(Person::from).collect(),
    });
    let notifications = store.notifications(uid).await?;
    let notifications = notifications.iter().map(|notification| Notification {
        kind: notification.kind.name(),
        from: (&notification.actor).into(),
        time: notification.time,
        seen: notification.seen,
    });
    let logins = store.sessions(uid).await?;
    let logins = logins.iter().map(|login| Login {
        since: login.created,
        ends: login.ends,
        address: login.address.as_deref(),
        client: &login.client,
    });
    let (received, sent) = (
        store.requests_received(uid).await?,
        store.requests_sent(uid).await?,
    );
    let json = serde_json::to_value::<Vec<Request<'_>>>;
    Ok(vec![
        ("email", user.email.as_str().into()),
        ("name", user.name.as_str().into()),
        ("username", user.username.as_str().into()),
        ("since", user.since.into()),
        ("chat_on", user.visible.into()),
        (
            "status",
            user.status
                .as_ref()
                .map(|status| status.text.as_str())
                .into(),
        ),
        (
            "picture_base64",
            picture.map(|bytes| STANDARD.encode(bytes)).into(),
        ),
        ("blocked", serde_json::to_value(blocked)?),
        ("friends", serde_json::to_value(friends)?),
        ("friend_requests_received", json(requests(&received))?),
        ("friend_requests_sent", json(requests(&sent))?),
        (
            "friend_lists",
            serde_json::to_value(lists.collect::<Vec<_>>())?,
        ),
        ("groups", serde_json::to_value(groups.collect::<Vec<_>>())?),
        (
            "notifications",
            serde_json::to_value(notifications.collect::<Vec<_>>())?,
        ),
        (
            "sessions",
            serde_json::to_value(logins.collect::<Vec<_>>())?,
        ),
    ])
}

fn requests(requests: &[FriendRequest]) -> Vec<Request<'_>> {
    let requests = requests.iter().map(|request| Request {
        person: (&request.user).into(),
        message: &request.message,
        time: request.time,
    });
    requests.collect()
}
