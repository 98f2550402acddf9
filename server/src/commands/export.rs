//! `fbchatd export`

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use serde::Serialize;

use super::Failure;
use super::output::failed;
use super::store::{find, open_existing};
use crate::attachment::{Attachment, FileId};
use crate::cli::Place;
use crate::service::files::disk::{Disk, Part};
use crate::store::{FriendRequest, Store};
use crate::types::{Message, Uid, User};

/// How many messages an export reads at a time.
const PAGE: usize = 1000;

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
