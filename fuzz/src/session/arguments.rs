//! What the bytes of an input stand for: texts, replies, queries.

use arbitrary::{Result, Unstructured};
use fbchat::protocol::{Reply, TransportFault};
use fbchat::types::{FriendAction, Query, Secret, Uid};

/// A length of one byte, then that many bytes.
pub fn text(input: &mut Unstructured<'_>) -> Result<String> {
    let length = usize::from(input.arbitrary::<u8>()?).min(input.len());
    Ok(String::from_utf8_lossy(input.bytes(length)?).into_owned())
}

/// A length of two bytes, then that many bytes.
fn long_text(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let length = usize::from(input.arbitrary::<u16>()?).min(input.len());
    Ok(input.bytes(length)?.to_owned())
}

pub fn arbitrary_reply(input: &mut Unstructured<'_>) -> Result<Reply> {
    let status = match input.arbitrary::<u8>()? {
        0 => input.arbitrary()?,
        code => [200, 302, 404, 429, 500, 503, 408, 301][usize::from(code) % 8],
    };
    let parts = input.arbitrary::<u8>()?;
    let mut reply = Reply {
        status,
        ..Reply::default()
    };
    if parts & 1 != 0 {
        reply.location = Some(text(input)?);
    }
    if parts & 2 != 0 {
        reply.retry_after = Some(text(input)?);
    }
    for _ in 0..(parts >> 2 & 3) {
        reply.set_cookie.push(text(input)?);
    }
    reply.body = long_text(input)?;
    Ok(reply)
}

pub fn fault(code: u8) -> TransportFault {
    match code % 6 {
        0 => TransportFault::Dns,
        1 => TransportFault::Connect,
        2 => TransportFault::Tls(None),
        3 => TransportFault::Timeout,
        4 => TransportFault::Io,
        _ => TransportFault::TooLarge,
    }
}

pub fn query(input: &mut Unstructured<'_>) -> Result<Query> {
    let kind = input.arbitrary::<u8>()? % 15;
    let uid = Uid(u64::from(input.arbitrary::<u8>()?));
    let friend = |action| Query::Friend { uid, action };
    Ok(match kind {
        0 => Query::History {
            with: uid,
            since: input.arbitrary()?,
        },
        1 => Query::Picture(uid),
        2 => Query::SetPicture(Some(text(input)?.into_bytes().into())),
        3 => Query::SetPicture(None),
        4 => Query::Profile(uid),
        5 => Query::Search(text(input)?),
        6 => friend(FriendAction::Request(text(input)?)),
        7 => friend(FriendAction::Accept),
        8 => friend(FriendAction::Decline),
        9 => friend(FriendAction::Remove),
        10 => Query::SetStatus(Some(text(input)?)),
        11 => Query::Notifications,
        12 => Query::Poke(uid),
        13 => Query::Blocked,
        _ => Query::SetPassword {
            old: Secret::new("right".to_owned()),
            new: Secret::new(text(input)?),
        },
    })
}
