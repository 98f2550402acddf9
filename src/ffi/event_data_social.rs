//! The layout of events about people, beside messages and presence.

use super::event_data::{MESSAGE, fbchat_event};
use super::fields::*;
use crate::types::{
    Event, FriendRequest, Notification, NotificationKind, Person, Picture, Profile, Relation,
};

const PERSON: &[fbchat_field] = &[
    FBCHAT_FIELD_UID,
    FBCHAT_FIELD_NAME,
    FBCHAT_FIELD_RELATION,
    FBCHAT_FIELD_PICTURE_URL,
    FBCHAT_FIELD_PICTURE_HASH,
];

impl fbchat_event {
    pub(super) fn fill_social(&mut self, event: &Event) {
        match event {
            Event::History {
                request,
                with,
                messages,
                more,
            } => {
                self.answer(FBCHAT_EVENT_HISTORY, Some(*request));
                self.head = &[FBCHAT_FIELD_PEER, FBCHAT_FIELD_MORE];
                self.uid(*with);
                self.int(i64::from(*more));
                self.items = messages.len();
                self.columns = MESSAGE;
                messages.iter().for_each(|message| self.message(message));
            }
            Event::Done { request } => self.answer(FBCHAT_EVENT_DONE, Some(*request)),
            Event::Picture { request, picture } => {
                self.answer(FBCHAT_EVENT_PICTURE, Some(*request));
                self.picture(picture);
            }
            Event::Profile { request, profile } => {
                self.answer(FBCHAT_EVENT_PROFILE, Some(*request));
                self.profile(profile);
            }
            Event::Search { request, people } => {
                self.answer(FBCHAT_EVENT_SEARCH, Some(*request));
                self.items = people.len();
                self.columns = PERSON;
                people.iter().for_each(|person| self.person(person));
            }
            Event::Notifications {
                request,
                notifications,
            } => {
                self.answer(FBCHAT_EVENT_NOTIFICATIONS, Some(*request));
                self.head = &[FBCHAT_FIELD_INBOX, FBCHAT_FIELD_UNSEEN];
                self.int(i64::from(notifications.inbox));
                self.int(i64::from(notifications.unseen));
                self.items = notifications.list.len();
                self.columns = &[
                    FBCHAT_FIELD_NOTIFICATION_KIND,
                    FBCHAT_FIELD_UID,
                    FBCHAT_FIELD_NAME,
                    FBCHAT_FIELD_TIME_MS,
                    FBCHAT_FIELD_NEW,
                    FBCHAT_FIELD_UNREAD,
                ];
                let list = notifications.list.iter();
                list.for_each(|notification| self.notification(notification));
            }
            Event::Inbox(unread) => {
                self.kind = FBCHAT_EVENT_NOTIFICATIONS;
                self.head = &[FBCHAT_FIELD_INBOX];
                self.int(i64::from(*unread));
                self.items = 0;
            }
            Event::FriendRequest(request) => self.friend_request(request),
            Event::Friend { uid, name, began } => {
                self.kind = FBCHAT_EVENT_FRIEND;
                self.columns = &[
                    FBCHAT_FIELD_UID,
                    FBCHAT_FIELD_NAME,
                    FBCHAT_FIELD_FRIEND_ACTION,
                ];
                self.uid(*uid);
                self.text(name);
                self.int(i64::from(match began {
                    true => FBCHAT_FRIEND_ACCEPT,
                    false => FBCHAT_FRIEND_REMOVE,
                }));
            }
            Event::Poke { from, name, time } => {
                self.kind = FBCHAT_EVENT_POKE;
                self.columns = &[FBCHAT_FIELD_FROM, FBCHAT_FIELD_NAME, FBCHAT_FIELD_TIME_MS];
                self.uid(*from);
                self.text(name);
                self.int(*time);
            }
            _ => {}
        }
    }

    fn picture(&mut self, picture: &Picture) {
        self.columns = &[
            FBCHAT_FIELD_UID,
            FBCHAT_FIELD_PICTURE_URL,
            FBCHAT_FIELD_PICTURE_HASH,
            FBCHAT_FIELD_PICTURE,
            FBCHAT_FIELD_CONTENT_TYPE,
        ];
        let image = picture.image.as_ref();
        self.uid(picture.uid);
        self.place(picture.url.as_deref());
        self.bytes(image.map(|image| &*image.bytes));
        self.maybe(image.map(|image| image.content_type));
    }

    fn profile(&mut self, profile: &Profile) {
        self.columns = &[
            FBCHAT_FIELD_UID,
            FBCHAT_FIELD_NAME,
            FBCHAT_FIELD_RELATION,
            FBCHAT_FIELD_PICTURE_URL,
            FBCHAT_FIELD_PICTURE_HASH,
            FBCHAT_FIELD_FIRST_NAME,
            FBCHAT_FIELD_EMAIL,
            FBCHAT_FIELD_STATUS_TEXT,
            FBCHAT_FIELD_STATUS_TIME_MS,
            FBCHAT_FIELD_MEMBER_SINCE_MS,
        ];
        self.person(&profile.person);
        self.text(&profile.first_name);
        self.maybe(profile.email.as_deref());
        self.maybe(profile.status_text.as_deref());
        self.int(profile.status_time);
        self.int(profile.member_since);
    }

    fn person(&mut self, person: &Person) {
        self.uid(person.uid);
        self.text(&person.name);
        self.int(i64::from(match person.relation {
            Relation::None => FBCHAT_RELATION_NONE,
            Relation::Own => FBCHAT_RELATION_SELF,
            Relation::Friend => FBCHAT_RELATION_FRIEND,
            Relation::Sent => FBCHAT_RELATION_SENT,
            Relation::Received => FBCHAT_RELATION_RECEIVED,
        }));
        self.place(person.picture_url.as_deref());
    }

    fn notification(&mut self, notification: &Notification) {
        self.int(i64::from(match notification.kind {
            NotificationKind::Messages => FBCHAT_NOTIFICATION_MESSAGES,
            NotificationKind::FriendRequest => FBCHAT_NOTIFICATION_FRIEND_REQUEST,
            NotificationKind::FriendAdded => FBCHAT_NOTIFICATION_FRIEND_ADDED,
            NotificationKind::Poke => FBCHAT_NOTIFICATION_POKE,
        }));
        self.uid(notification.uid);
        self.text(&notification.name);
        self.int(notification.time);
        self.int(i64::from(notification.new));
        self.int(i64::from(notification.unread));
    }

    fn friend_request(&mut self, request: &FriendRequest) {
        self.kind = FBCHAT_EVENT_FRIEND_REQUEST;
        self.columns = &[
            FBCHAT_FIELD_UID,
            FBCHAT_FIELD_NAME,
            FBCHAT_FIELD_TEXT,
            FBCHAT_FIELD_TIME_MS,
        ];
        self.uid(request.uid);
        self.text(&request.name);
        self.text(&request.message);
        self.int(request.time);
    }
}
