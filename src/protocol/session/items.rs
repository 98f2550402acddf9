//! Items of the channel: each goes to the parts that it concerns.

use crate::protocol::action::Action;
use crate::protocol::channel::notices::{self, Notice};
use crate::protocol::session::{Now, Output, Session};
use crate::protocol::wire::item::Item;
use crate::types::{Event, Message, Millis, Origin};

impl Session {
    pub(super) fn take_items(&mut self, now: Now, items: Vec<Option<Item>>, held: Millis) {
        let mut news = false;
        for item in items {
            self.channel.next_item();
            news |= self.take_item(now, item);
        }
        let list = self.buddies.shorter_list();
        self.outputs.extend(list.map(Output::Event));
        let next = self.channel.go_on(held, news);
        self.act(now, next);
    }

    /// Takes one item; false if it brought nothing that this session had not seen, or does not know.
    fn take_item(&mut self, now: Now, item: Option<Item>) -> bool {
        let (Some(item), Some(own)) = (item, self.web.uid()) else {
            return false;
        };
        let Some(notice) = notices::read(item, &self.web, own) else {
            return false;
        };
        let at = now.monotonic;
        let next = match notice {
            Notice::Message(message) => return self.take_message(now, message, true),
            Notice::Presence {
                uid,
                presence,
                idle_since,
            } => {
                let (presence, sent) = ((presence, idle_since), self.exchanges.last());
                let changed = self.buddies.set_presence(at, uid, presence, sent);
                let Some(next) = changed else {
                    return false;
                };
                self.act_all(now, next);
                None
            }
            Notice::Status { uid, text, time } => self.buddies.change(at, uid, |buddy| {
                buddy.status_text = text;
                buddy.status_time = time;
            }),
            Notice::Picture { uid, reference } => {
                let url = reference.and_then(|reference| self.web.picture_url(&reference));
                self.buddies
                    .change(at, uid, |buddy| buddy.picture_url = url)
            }
            Notice::Name {
                uid,
                name,
                first_name,
            } => self.buddies.change(at, uid, |buddy| {
                buddy.name = name;
                buddy.first_name = first_name;
            }),
            Notice::OwnChange => None,
            Notice::FriendRequest(request) => self.friend_requests.take(request),
            Notice::Friendship { uid, name, began } => {
                self.friend_requests.settle(uid);
                self.emit(Event::Friend { uid, name, began });
                self.buddies.friendship(at, uid, began);
                None
            }
            Notice::Typing {
                from,
                group,
                typing,
            } => Some(Action::Tell(Event::Typing {
                from,
                group,
                typing,
            })),
            Notice::Group(news) => {
                let is_asking = self.is_asking_groups();
                let changed = self.groups.take_news(at, own, news, is_asking);
                changed.map(Action::Tell)
            }
            Notice::Inbox(unseen) => Some(Action::Tell(Event::Inbox(unseen))),
            Notice::Block { uid, name, blocked } => {
                Some(Action::Tell(Event::Block { uid, name, blocked }))
            }
            Notice::Poke { from, name, time } => {
                Some(Action::Tell(Event::Poke { from, name, time }))
            }
        };
        self.act_all(now, next);
        true
    }

    /// Hands a message to the host unless it was handed out before, or is the echo of one that this session sent. False if it
    /// was seen before.
    pub(super) fn take_message(&mut self, now: Now, message: Message, live: bool) -> bool {
        let is_own = Some(message.from) == self.web.uid() && !message.message_id.is_empty();
        let is_echo = is_own && self.settle_by_echo(now, &message.message_id);
        // A message to oneself is shown as received, too.
        if is_echo && message.origin == Origin::OwnElsewhere {
            self.groups.saw(&message);
            return self.channel.note(&message);
        }
        let server_now = self.buddies.server_now(now.unix);
        let Some(message) = self.channel.accept(message, server_now) else {
            return false;
        };
        let shows_presence = live
            && !message.replayed
            && !self.web.presence_is_pushed()
            && message.origin == Origin::Incoming;
        if shows_presence {
            let seen = self.buddies.saw(message.from);
            self.act_all(now, seen);
        }
        self.groups.saw(&message);
        self.emit(Event::Message(message));
        true
    }

    /// True if this session sent the message with this id. The echo settles it, whatever becomes of the post.
    fn settle_by_echo(&mut self, now: Now, message_id: &str) -> bool {
        match self.outbox.settle_by_echo(now.monotonic, message_id) {
            Some((sent, was_last)) => {
                if was_last {
                    self.exchanges.message_settled();
                }
                self.emit(sent);
                true
            }
            None => self.outbox.has_settled(message_id),
        }
    }
}
