//! The promises of the interface. These tests use nothing but the interface, so that every implementation can be tested by them:
//! it needs a [`Place`] and a line at the end of this file.

mod archive;
mod blocks;
mod channels;
mod files;
mod group_messages;
mod groups;
mod messages;
mod queues;
mod sessions;
mod users;

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::{Arc, Mutex};

use super::*;
use crate::sync::lock;
use crate::types::{Published, Seq, SessionKey, Uid, User};

/// Where the store of a test is.
trait Place {
    fn new() -> Self;
    /// Opens the store that is there.
    fn open(&self, subscribers: Arc<dyn Subscribers>) -> Arc<Store>;
}

/// Clients that remember everything.
#[derive(Default)]
struct Clients {
    connected: Mutex<HashSet<Uid>>,
    delivered: Mutex<Vec<Published>>,
}

impl Subscribers for Clients {
    fn connected(&self, mut uids: Vec<Uid>) -> Vec<Uid> {
        let connected = lock(&self.connected);
        uids.retain(|uid| connected.contains(uid));
        uids
    }

    fn deliver(&self, items: Vec<Published>) {
        lock(&self.delivered).extend(items);
    }
}

impl Clients {
    fn connect(&self, user: &User) {
        lock(&self.connected).insert(user.uid);
    }

    /// The numbers of the items that a user got.
    fn seqs(&self, user: &User) -> Vec<i64> {
        self.items(user).into_iter().map(|(seq, _)| seq).collect()
    }

    /// The items that a user got, as their types and with their numbers.
    fn items(&self, user: &User) -> Vec<(i64, String)> {
        let delivered = lock(&self.delivered);
        let own = delivered.iter().filter(|item| item.owner == user.uid);
        own.map(|item| {
            let json: serde_json::Value = serde_json::from_str(&item.item).unwrap();
            (item.seq.0, json["type"].as_str().unwrap_or("").to_owned())
        })
        .collect()
    }
}

fn open(place: &impl Place) -> (Arc<Store>, Arc<Clients>) {
    let clients = Arc::new(Clients::default());
    (place.open(clients.clone()), clients)
}

/// Adds an account whose name is the address in capitals.
async fn add(store: &Store, email: &str) -> User {
    add_named(store, email, &email.to_uppercase()).await
}

async fn add_named(store: &Store, email: &str, name: &str) -> User {
    let uid = store.add_user(email.into(), name.into(), "!".into());
    let uid = uid.await.unwrap().unwrap();
    store.user(uid).await.unwrap().unwrap()
}

/// Text from one user to another.
pub(super) fn message(from: &User, to: &User, id: impl Display, text: &str) -> NewMessage {
    let draft = MessageDraft {
        from: from.clone(),
        to: to.uid,
        text: text.into(),
        files: Vec::new(),
        msg_id: id.to_string(),
        client_time: 0,
        quota: i64::MAX,
    };
    NewMessage {
        draft,
        to_name: to.name.clone(),
    }
}

/// Everything that two users have written to each other.
async fn texts(store: &Store, a: &User, b: &User) -> Vec<String> {
    let all = HistoryRange {
        since: None,
        before: None,
        limit: 10_000,
    };
    let history = store.history(a.uid, b.uid, all).await.unwrap();
    history.into_iter().map(|message| message.text).collect()
}

/// Runs the tests on one kind of store; with `durable`, also those that open it again.
macro_rules! store_tests {
    ($name:ident, $place:ty) => {
        store_tests!(@tests $name, $place:
            archive::an_archive_is_read_in_parts_from_either_end
            blocks::a_message_is_stored_before_a_block_or_not_at_all
            blocks::a_block_is_told_once_and_presence_only_to_friends
            blocks::pokes_and_requests_of_the_blocked_are_answered_and_dropped
            blocks::blocks_are_bounded_and_end_with_either_account
            channels::numbers_continue_before_a_reserved_block_runs_out
            channels::pushed_items_reach_only_those_of_the_audience_who_are_connected
            channels::unread_counts_follow_the_message_and_only_for_connected_users
            channels::numbers_have_no_gaps_and_what_was_delivered_can_be_read
            channels::acknowledged_numbers_only_rise
            files::an_upload_is_one_file_and_counts_once
            files::a_file_belongs_to_its_owner_and_those_who_got_it
            files::what_is_not_needed_any_more_is_deleted
            group_messages::a_group_message_is_stored_once_and_reaches_all_members_in_one_order
            groups::a_group_is_created_once
            groups::members_see_a_group_from_joining_to_leaving
            groups::the_longest_member_follows_an_owner_who_leaves
            groups::members_and_groups_have_limits
            group_messages::unread_messages_and_muting_belong_to_one_member
            groups::a_deleted_user_leaves_their_groups
            group_messages::members_who_are_removed_and_messages_have_one_order
            groups::nobody_is_added_by_somebody_whom_they_have_blocked
            messages::a_repeated_message_is_stored_and_published_once
            messages::a_message_posted_many_times_at_once_is_stored_once
            messages::messages_that_wait_together_are_stored_one_after_the_other
            messages::a_message_is_checked_before_it_is_inserted
            messages::a_message_is_checked_and_stored_in_one_step
            messages::an_item_is_the_same_from_memory_and_from_the_store_after_a_change_of_name
            messages::a_message_to_a_deleted_account_is_not_stored
            messages::history_is_read_in_parts_from_either_end
            messages::all_messages_of_a_user_are_read_in_parts
            messages::messages_count_for_their_sender_until_they_are_deleted
            queues::a_write_is_carried_out_if_nobody_waits_for_it
            queues::a_full_queue_refuses_at_once_and_reads_go_on
            queues::a_closed_store_refuses_everything
            sessions::a_new_password_ends_sessions_and_old_sessions_make_room
            sessions::a_session_is_gone_once_its_end_has_passed
            sessions::ended_sessions_are_found
            sessions::a_password_that_was_replaced_opens_no_session_and_changes_nothing
            users::logins_are_found_by_address_name_number_and_unique_local_part
            users::user_names_are_unique_and_made_from_names
            users::a_user_name_can_be_changed_and_stays_its_owners_for_a_while
            users::fifty_people_can_be_asked_in_a_day_and_answers_do_not_make_room
            users::a_friendship_from_the_command_line_answers_what_waited
            users::relations_are_seen_from_either_side
            users::searches_find_beginnings_of_words_in_any_order_and_case
            users::searches_for_common_words_end_at_the_limit
        );
    };
    ($name:ident, $place:ty, durable) => {
        store_tests!($name, $place);
        mod durable {
            use super::*;
            store_tests!(@tests $name, $place:
                blocks::blocks_survive_a_restart
                channels::numbers_continue_after_a_clean_stop_and_skip_some_after_a_crash
                messages::message_times_increase_even_after_the_store_was_opened_again
                messages::a_quota_holds_after_the_store_was_opened_again
            );
        }
    };
    (@tests $name:ident, $place:ty: $($topic:ident::$test:ident)*) => {
        mod $name {
            use super::*;
            $(
                #[tokio::test]
                async fn $test() {
                    super::$topic::$test(<$place>::new()).await;
                }
            )*
        }
    };
}

struct InMemory;

impl Place for InMemory {
    fn new() -> Self {
        InMemory
    }

    fn open(&self, subscribers: Arc<dyn Subscribers>) -> Arc<Store> {
        in_memory(subscribers).unwrap()
    }
}

struct OnPostgres(Location);

impl Place for OnPostgres {
    fn new() -> Self {
        let cluster = testkit::postgres::Postgres::shared();
        let url = cluster.url(&cluster.database());
        OnPostgres(Location::Postgres(Address {
            url,
            ca: None,
            password_file: None,
            password: None,
        }))
    }

    fn open(&self, subscribers: Arc<dyn Subscribers>) -> Arc<Store> {
        // Tests open a store again while the first one is still there, as if its process had been killed.
        super::open_at(&self.0, Use::Server(NodeInfo::default()), subscribers).unwrap()
    }
}

struct OnDisk(tempfile::TempDir);

impl Place for OnDisk {
    fn new() -> Self {
        OnDisk(tempfile::tempdir().unwrap())
    }

    fn open(&self, subscribers: Arc<dyn Subscribers>) -> Arc<Store> {
        super::open(self.0.path(), subscribers).unwrap()
    }
}

store_tests!(sqlite_in_memory, InMemory);
store_tests!(sqlite_on_disk, OnDisk, durable);
mod on_postgres {
    use super::*;
    store_tests!(postgres, OnPostgres, durable);
}
