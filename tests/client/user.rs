//! A real client for tests: it logs in, waits for events and keeps them.

use fbchat::client::{Client, ClientConfig, Polled, SessionId};
use fbchat::types::{
    Connection, Event, Group, GroupChange, Message, Origin, RequestId, Secret, Uid,
};
use std::sync::Arc;
use testkit::LIMIT;

/// A client that is logged in, with the events that it has received.
pub struct User {
    pub client: Client,
    pub session: SessionId,
    pub uid: Uid,
    /// Taken while another event was awaited.
    pub events: Vec<Event>,
}

impl User {
    pub fn open(url: &str) -> User {
        let mut config = ClientConfig::default();
        url.clone_into(&mut config.session.server);
        let client = Client::new(config).unwrap();
        let session = client.open(None, 0).unwrap();
        User {
            client,
            session,
            uid: Uid(0),
            events: Vec::new(),
        }
    }

    pub fn log_in(url: &str, name: &str) -> User {
        User::log_in_with(url, name, "demo")
    }

    pub fn log_in_with(url: &str, name: &str, password: &str) -> User {
        let mut user = User::open(url);
        let password = Secret::new(password.to_owned());
        let email = format!("{name}@example.org");
        user.client.login(user.session, &email, password).unwrap();
        user.connect();
        user
    }

    pub fn connect(&mut self) {
        self.uid = self.until(|event| match event {
            Event::LoggedIn { uid, .. } => Some(*uid),
            _ => None,
        });
        self.until(|event| (*event == Event::Connection(Connection::Connected)).then_some(()));
    }

    pub fn friend(&self, name: &str) -> Uid {
        let buddies = self.client.buddies(self.session).unwrap();
        let mut buddies = buddies.iter();
        buddies
            .find(|buddy| buddy.name.starts_with(name))
            .unwrap()
            .uid
    }

    /// Takes events, and keeps them, until one is wanted.
    #[track_caller]
    pub fn until<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            let event = match self.client.poll(Some(LIMIT)) {
                Ok(Polled::Event(event)) => event.event,
                other => panic!("{other:?} after {:?}", self.events),
            };
            let found = wanted(&event);
            self.events.push(event);
            if let Some(found) = found {
                return found;
            }
        }
    }

    #[track_caller]
    pub fn done(&mut self, request: RequestId) {
        self.until(|event| match event {
            Event::Done { request: done } if *done == request => Some(()),
            Event::Failed { problem, .. } => panic!("{problem:?}"),
            _ => None,
        });
    }

    pub fn change(&mut self, gid: Uid, change: GroupChange) {
        let changed = self.client.change_group(self.session, gid, change);
        self.done(changed.unwrap());
    }

    pub fn send(&self, gid: Uid, text: &str) -> RequestId {
        self.client.send(self.session, gid, text).unwrap()
    }

    pub fn create(&mut self, name: &str, members: Vec<Uid>) -> Arc<Group> {
        let request = self.client.create_group(self.session, name, members, 0);
        let request = request.unwrap();
        self.until(|event| match event {
            Event::Group {
                request: Some(answered),
                group,
                ..
            } if *answered == request => Some(group.clone()),
            Event::Failed { problem, .. } => panic!("{problem:?}"),
            _ => None,
        })
    }

    /// What others have written to the group.
    pub fn received(&self, gid: Uid) -> Vec<String> {
        let is_theirs = |message: &&Message| {
            message.in_group
                && message.to == gid
                && message.notice.is_none()
                && message.origin == Origin::Incoming
        };
        let messages = self.events.iter().filter_map(message);
        messages
            .filter(is_theirs)
            .map(|message| message.text.clone())
            .collect()
    }
}

pub fn message(event: &Event) -> Option<&Message> {
    match event {
        Event::Message(message) => Some(message),
        _ => None,
    }
}
