//! Entry points for `fuzz/`: the readers of what servers send, each on its own. Not an interface.

use crate::protocol::ServerAddress;
use crate::protocol::answer;
use crate::protocol::buddies::list::{Buddies, Strikes, UpdatePayload};
use crate::protocol::channel::history::HistoryPayload;
use crate::protocol::channel::notices;
use crate::protocol::connect::login;
use crate::protocol::connect::web_session::{PageContent, WebSession};
use crate::protocol::groups::list::GroupsPayload;
use crate::protocol::requests::simple_queries;
use crate::protocol::wire::channel_reply::{self, ChannelReply};
use crate::protocol::wire::cookies::Cookies;
use crate::protocol::wire::exchange::{ExchangeId, Reply};
use crate::protocol::wire::{html, reply};
use crate::types::{FriendAction, Query, RequestId, Uid};
use url::Url;

/// Reads a reply of the channel and what its items say. The number of items.
pub fn channel_reply(server: ServerAddress, body: &[u8], own: Uid, limit: usize) -> usize {
    let web = WebSession::new(server);
    let Ok(ChannelReply::Items(items)) = channel_reply::read(body, limit) else {
        return 0;
    };
    let count = items.len();
    for item in items.into_iter().flatten() {
        let _ = notices::read(item, &web, own);
    }
    count
}

/// Reads the reply to an ajax call as every kind of payload.
pub fn ajax_reply(server: ServerAddress, body: &[u8], own: Uid) {
    let web = WebSession::new(server);
    let reply = || {
        Ok(Reply {
            status: 200,
            body: body.to_vec(),
            ..Reply::default()
        })
    };
    let _ = reply::worked(body);
    if let Ok(Some(payload)) = answer::read::<UpdatePayload>("server", reply(), "") {
        Buddies::default().apply((ExchangeId(1), payload), own, (Strikes::ONE, Strikes::TWO));
    }
    if let Ok(Some(payload)) = answer::read_explicit::<HistoryPayload>("server", reply(), "") {
        payload.messages(&web, own);
    }
    if let Ok(Some(payload)) = answer::read_explicit::<GroupsPayload>("server", reply(), "") {
        payload.groups(&web);
    }
    for query in [
        Query::Profile(own),
        Query::Search(String::new()),
        Query::Notifications,
        Query::Poke(own),
        Query::Blocked,
        Query::CreateGroup {
            name: String::new(),
            members: vec![own],
            create_id: 1,
        },
        Query::Friend {
            uid: own,
            action: FriendAction::Remove,
        },
    ] {
        let _ = simple_queries::read(&web, &query, RequestId(1), reply());
    }
}

/// Reads a page as everything that pages are read as. True if it is a complete chat page.
pub fn page(server: ServerAddress, body: &[u8]) -> bool {
    let url = server.at("/home.php");
    let text = reply::body_text(body);
    assert!(html::unescape(&text).len() <= text.len());
    if let Some(form) = login::find_form(&text, &url) {
        assert!(form.fields.len() <= 64);
    }
    let page = Reply {
        status: 200,
        body: body.to_vec(),
        ..Reply::default()
    };
    let _ = login::judge(&page, false, "server");
    let mut web = WebSession::new(server);
    let (content, channel) = web.take_page(&text, &url);
    if let Some(channel) = channel {
        assert!(web.server().trusts(&channel), "{channel}");
    }
    content == PageContent::Complete
}

/// Takes `Set-Cookie` headers, saves the cookies and takes them again. The `Cookie` header for the address, both times.
pub fn cookies(url: &Url, headers: &[String]) -> (Option<String>, Option<String>) {
    let (mut jar, mut copy) = (Cookies::default(), Cookies::default());
    jar.take(url, headers);
    copy.take(url, &jar.save());
    (jar.header(url), copy.header(url))
}
