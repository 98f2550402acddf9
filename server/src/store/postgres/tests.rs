//! What is special about PostgreSQL: connections that end, and databases that cannot be used.

use std::collections::BTreeSet;
use std::sync::Arc;

use testkit::postgres::Postgres as Cluster;

use crate::store::tests::message;
use crate::store::{
    self, Address, Audience, HistoryRange, Inserted, Location, NodeInfo, Store, StoreError,
    Subscribers, Use,
};
use crate::sync::lock;
use crate::types::{Published, Seq, Uid, User};

fn location(url: String) -> Location {
    Location::Postgres(Address {
        url,
        ca: None,
        password_file: None,
        password: None,
    })
}

fn open(database: &str, intended: Use) -> Result<Arc<Store>, StoreError> {
    let url = Cluster::shared().url(database);
    store::open_at(&location(url), intended, Arc::new(()))
}

async fn add(store: &Store, email: &str) -> User {
    let uid = store.add_user(email.into(), "A".into(), "!".into());
    let uid = uid.await.unwrap().unwrap();
    store.user(uid).await.unwrap().unwrap()
}

/// Ends all connections to a database, whatever they are doing.
fn end_connections(database: &str) {
    let sql = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{database}'"
    );
    Cluster::shared().sql("postgres", &sql);
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_when_connections_end_at_any_instant() {
    const MESSAGES: usize = 300;
    let database = Cluster::shared().database();
    let store = open(&database, Use::Server(NodeInfo::default())).unwrap();
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let (cut, wanted) = std::sync::mpsc::channel();
    let cutter = std::thread::spawn(move || {
        for () in wanted {
            end_connections(&database);
        }
    });
    for n in 0..MESSAGES {
        // Carried out while the next messages are written.
        if n % 20 == 10 {
            cut.send(()).unwrap();
        }
        let stored = store.insert_message(message(&a, &b, n, "x")).await;
        assert_eq!(stored.unwrap(), Inserted::New, "{n}");
    }
    drop(cut);
    cutter.join().unwrap();
    let all = HistoryRange {
        since: None,
        before: None,
        limit: 10_000,
    };
    // Reads fail with a connection and are not repeated.
    let history = loop {
        match store.history(a.uid, b.uid, all).await {
            Err(StoreError::Away(_)) => {}
            history => break history.unwrap(),
        }
    };
    let ids: Vec<_> = history.into_iter().map(|message| message.msg_id).collect();
    assert_eq!(
        ids,
        (0..MESSAGES).map(|n| n.to_string()).collect::<Vec<_>>()
    );
    let delivered = store.deliveries(b.uid, Seq(1), Seq(i64::MAX), 10_000);
    assert_eq!(delivered.await.unwrap().len(), MESSAGES);
    store.close().await.unwrap();
}

/// The commit is on disk and waits for a standby that does not exist; then its connection ends without an answer.
#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_not_repeated() {
    let cluster = Cluster::start(false);
    let database = cluster.database();
    let store = store::open_at(
        &location(cluster.url(&database)),
        Use::Server(NodeInfo::default()),
        Arc::new(()),
    );
    let store = store.unwrap();
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let waiting = |sql: &str| {
        let activity = format!("SELECT {sql} FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        cluster.sql("postgres", &activity)
    };
    cluster.set("synchronous_standby_names", "nobody");
    let stored = store.insert_message(message(&a, &b, 1, "x"));
    testkit::until("the commit", || (waiting("count(*)") == "1").then_some(()));
    waiting("pg_terminate_backend(pid)");
    assert_eq!(stored.await.unwrap(), Inserted::New);
    cluster.set("synchronous_standby_names", "");
    let delivered = store.deliveries(b.uid, Seq(1), Seq(9), 9).await.unwrap();
    assert_eq!(delivered.len(), 1);
}

#[tokio::test]
async fn a_write_that_the_database_refuses_does_not_spoil_others() {
    let cluster = Cluster::shared();
    let database = cluster.database();
    let store = open(&database, Use::Server(NodeInfo::default())).unwrap();
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    cluster.sql(&database, "ALTER TABLE messages ADD CHECK (msg_id <> '1')");
    let replies: Vec<_> = (0..3)
        .map(|n| store.insert_message(message(&a, &b, n, "x")))
        .collect();
    let mut outcomes = Vec::new();
    for reply in replies {
        outcomes.push(reply.await);
    }
    assert!(matches!(
        outcomes.as_slice(),
        [
            Ok(Inserted::New),
            Err(StoreError::Failed { .. }),
            Ok(Inserted::New)
        ]
    ));
    // No number was used up.
    let delivered = store.deliveries(b.uid, Seq(1), Seq(9), 9).await.unwrap();
    let seqs: Vec<_> = delivered.into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(seqs, [Seq(1), Seq(2)]);
}

/// A table or column that is added later must not be forgotten.
#[test]
fn a_transfer_has_all_tables_and_columns_of_both_databases() {
    use crate::store::sqlite;
    use crate::store::transfer::tables::TABLES;
    let known = TABLES.iter().flat_map(|table| {
        let columns = table.columns.iter();
        columns.map(|(column, _)| (table.name.to_owned(), (*column).to_owned()))
    });
    let known: BTreeSet<_> = known.collect();
    let mut of_sqlite: BTreeSet<_> = sqlite::transfer::columns().into_iter().collect();
    of_sqlite.retain(|(table, _)| !["sqlite_sequence", "unrendered_pictures"].contains(&&**table));
    for column in ["seq", "acked", "message_bytes"] {
        assert!(of_sqlite.remove(&("users".into(), column.into())));
        of_sqlite.insert(("channels".into(), column.into()));
    }
    of_sqlite.insert(("channels".into(), "uid".into()));
    assert_eq!(of_sqlite, known);
    let cluster = Cluster::shared();
    let database = cluster.database();
    open(&database, Use::Command).unwrap();
    // Tables without a log are empty after a crash, so nothing in them has to be kept.
    let sql = "SELECT relname || ' ' || attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relkind = 'r' AND relpersistence = 'p' AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped";
    let columns = cluster.sql(&database, sql);
    let columns = columns.lines().map(|line| line.split_once(' ').unwrap());
    let columns = columns.map(|(table, column)| (table.to_owned(), column.to_owned()));
    let own = |table: &str| ["batches", "fbchatd"].contains(&table);
    let of_postgres: BTreeSet<_> = columns.filter(|(table, _)| !own(table)).collect();
    assert_eq!(of_postgres, known);
}

#[tokio::test]
async fn texts_that_postgresql_cannot_have_are_not_found() {
    let store = open(&Cluster::shared().database(), Use::Command).unwrap();
    let user = add(&store, "a@x").await;
    for text in ["\0", "a@x\0", "a\0b"] {
        assert!(store.account(text).await.unwrap().is_none());
        assert!(store.search(user.uid, text, 9).await.unwrap().is_empty());
        assert!(store.picture(user.uid, text).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn several_servers_and_commands_share_a_database_and_whoever_needs_it_alone_waits() {
    let database = Cluster::shared().database();
    let first = open(&database, Use::Server(NodeInfo::default())).unwrap();
    let second = open(&database, Use::Server(NodeInfo::default())).unwrap();
    let (a, b) = (add(&first, "a@x").await, add(&second, "b@x").await);
    // Numbers, ids and times continue whichever server writes.
    for n in 0..10 {
        let (store, from, to) = match n % 2 {
            0 => (&first, &a, &b),
            _ => (&second, &b, &a),
        };
        let stored = store.insert_message(message(from, to, n, "x")).await;
        assert_eq!(stored.unwrap(), Inserted::New, "{n}");
    }
    let delivered = first.deliveries(b.uid, Seq(1), Seq(99), 99).await.unwrap();
    let seqs: Vec<_> = delivered.iter().map(|(seq, _)| seq.0).collect();
    assert_eq!(seqs, (1..=10).collect::<Vec<_>>());
    assert!(delivered.is_sorted_by(|(_, a), (_, b)| a.id < b.id && a.time < b.time));
    // A message that is stored through one server is a duplicate at the other.
    let again = second.insert_message(message(&a, &b, 0, "x")).await;
    assert_eq!(again.unwrap(), Inserted::Duplicate);
    let nodes = first.nodes().await.unwrap().unwrap();
    assert_eq!(nodes.len(), 2);
    second.close().await.unwrap();
    assert_eq!(first.nodes().await.unwrap().unwrap().len(), 1);

    let url = Cluster::shared().url(&database);
    let Location::Postgres(address) = location(url) else {
        unreachable!();
    };
    let alone = super::transfer::Database::open(&address, store::Direction::ToDirectory).await;
    let refused = alone.map(drop).unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("Another fbchatd is serving"),
        "{refused}"
    );
    first.close().await.unwrap();
    let settings = super::Settings::new(&address).unwrap();
    let db = super::Db::connect(&settings).await.unwrap();
    super::server_lock::take_alone(&db).await.unwrap();
    let refused = open(&database, Use::Server(NodeInfo::default())).map(drop);
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("is in use by a single program"),
        "{refused}"
    );
}

/// Remembers what was published for the one who is connected.
struct Connected(Uid, std::sync::Mutex<Vec<Published>>);

impl Subscribers for Connected {
    fn connected(&self, mut uids: Vec<Uid>) -> Vec<Uid> {
        uids.retain(|uid| *uid == self.0);
        uids
    }

    fn deliver(&self, items: Vec<Published>) {
        lock(&self.1).extend(items);
    }
}

#[tokio::test]
async fn a_server_notices_what_commands_do() {
    let database = Cluster::shared().database();
    let command = open(&database, Use::Command).unwrap();
    let (a, b) = (add(&command, "a@x").await, add(&command, "b@x").await);
    command.befriend(a.uid, b.uid).await.unwrap();
    let clients = Arc::new(Connected(a.uid, std::sync::Mutex::default()));
    let url = Cluster::shared().url(&database);
    let server = store::open_at(
        &location(url),
        Use::Server(NodeInfo::default()),
        clients.clone(),
    )
    .unwrap();
    assert!(!server.changed_outside());
    command.delete_user(b.uid).await.unwrap();
    testkit::until("the change", || server.changed_outside().then_some(()));
    testkit::until("the item", || {
        let got = lock(&clients.1);
        got.iter()
            .any(|item| item.item.contains("\"removed\""))
            .then_some(())
    });
    // What a server does itself is nothing new to it.
    server.push(Audience::Users(vec![a.uid]), "{}".into());
    server.set_visible(a.uid, false).await.unwrap();
    assert!(!server.changed_outside());
}

#[test]
fn a_database_that_cannot_be_used_is_refused_with_one_sentence_and_left_as_it_was() {
    let cluster = Cluster::shared();
    cluster.sql("postgres", "CREATE ROLE stranger LOGIN");
    cluster.sql(
        "postgres",
        "CREATE DATABASE ascii ENCODING SQL_ASCII TEMPLATE template0",
    );
    let foreign = cluster.database();
    cluster.sql(&foreign, "CREATE TABLE accounts(id BIGINT)");
    let newer = cluster.database();
    open(&newer, Use::Command).unwrap();
    cluster.sql(&newer, "UPDATE fbchatd SET version = 1000, oldest = 1000");
    let strangers = cluster.database();
    let secret = "postgres://fbchat:hidden@localhost/x?sslmode=sideways";
    for (url, told) in [
        (
            "postgres://fbchat@h:x/y".to_owned(),
            "is no URL of a database",
        ),
        (secret.to_owned(), "sslmode"),
        ("postgres://localhost/x".to_owned(), "it names no user"),
        (
            "postgres://fbchat@localhost".to_owned(),
            "it names no database",
        ),
        (
            cluster.url("nowhere"),
            "There is no database nowhere. Create it: createdb",
        ),
        (cluster.url("ascii"), "has the encoding SQL_ASCII"),
        (cluster.url(&foreign), "has tables of another program"),
        (cluster.url(&newer), "was written by a newer fbchatd"),
        (
            cluster.url_as("nobody", &foreign),
            "refuses the user nobody",
        ),
        (cluster.url_as("stranger", &strangers), "ALTER DATABASE"),
        (
            "postgres://fbchat@127.0.0.1:1/x".to_owned(),
            "The database cannot be reached",
        ),
    ] {
        let refused = store::open_at(
            &location(url),
            Use::Server(NodeInfo::default()),
            Arc::new(()),
        );
        let refused = refused.map(drop).unwrap_err().to_string();
        assert!(refused.contains(told), "{told}: {refused}");
        assert!(
            !refused.contains("hidden") && !refused.contains('\n'),
            "{refused}"
        );
    }
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(cluster.sql(&foreign, tables), "1");
    assert_eq!(cluster.sql(&strangers, tables), "0");
}
