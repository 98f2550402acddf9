//! Sessions that were looked up before, with their users. Every request needs its session, and a read on another thread costs more
//! than the rest of most requests. Users who have such a session are also found by their number and their name.
//!
//! A lookup returns what the database contains at that moment:
//!
//! * Other processes may write, as `fbchatd user` does. Every commit changes the header of the index of SQLite's write-ahead log, a file
//!   that all processes share. The cache answers only if the header is one that was seen after a commit of our own writer
//!   and before any commit of another process.
//! * Triggers of our own writer record which users and sessions a transaction changes. These are removed after the commit, and
//!   before the new header is trusted and the caller of the write gets its answer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::clock::now_ms;
use crate::store::{StoreError, Term};
use crate::sync::lock;
use crate::types::{SessionKey, Uid, User};

/// The most sessions that are remembered.
const SESSIONS: usize = 4096;
/// The size of the header, which is at the beginning of the file.
const HEADER: usize = 48;

/// The header of the index of the write-ahead log. Only whether it has changed matters here.
pub type Header = [u8; HEADER];

/// Whose commits the database may have besides ours.
pub enum Others {
    /// No other process: the database is in the memory of this process.
    None,
    /// Other processes, whose commits change this file.
    Index(&'static File),
    /// Unknown, so the cache does not answer.
    Unknown,
}

impl Others {
    /// The index of the write-ahead log of a database that is open.
    pub fn of(database: &Path) -> Self {
        let mut index = database.as_os_str().to_owned();
        index.push("-shm");
        match File::open(Path::new(&index)) {
            // It is never closed. With it this process would lose the locks that SQLite holds on the same file.
            Ok(file) => Others::Index(Box::leak(Box::new(file))),
            Err(error) => {
                log::debug!("sessions are not kept in memory: {error}");
                Others::Unknown
            }
        }
    }

    fn header(&self) -> Option<Header> {
        let mut header = [0; HEADER];
        match self {
            Others::None => Some(header),
            Others::Index(file) => file.read_exact_at(&mut header, 0).is_ok().then_some(header),
            Others::Unknown => None,
        }
    }
}

/// The sessions.
pub struct SessionCache {
    others: Others,
    known: Mutex<Known>,
    /// The users whom the transaction that runs has changed.
    changed: Arc<Mutex<Vec<Uid>>>,
}

#[derive(Default)]
struct Known {
    sessions: HashMap<SessionKey, (User, Term)>,
    of_user: HashMap<Uid, Vec<SessionKey>>,
    /// The user names of those users.
    names: HashMap<String, Uid>,
    /// The last header with which all of this was true.
    trusted: Option<Header>,
    /// How often something was removed.
    forgotten: u64,
}

/// The start of a read whose result may be remembered.
#[derive(Clone, Copy)]
pub struct Began(u64);

impl SessionCache {
    /// Nothing is known yet, and nothing is answered before the first [`SessionCache::trust`].
    pub fn new(others: Others) -> Self {
        SessionCache {
            others,
            known: Mutex::default(),
            changed: Arc::default(),
        }
    }

    /// Installs the triggers on the connection of the writer.
    pub fn watch(&self, writer: &Connection) -> Result<(), StoreError> {
        let changed = self.changed.clone();
        writer.create_scalar_function(
            "changed_user",
            1,
            FunctionFlags::SQLITE_UTF8,
            move |call| {
                lock(&changed).push(Uid(call.get(0)?));
                Ok(0)
            },
        )?;
        // New sessions need no trigger: missing sessions are not remembered.
        for (name, event) in [
            (
                "user_changed",
                "UPDATE OF email, name, visible, picture, status, status_time, created, username ON main.users",
            ),
            ("user_deleted", "DELETE ON main.users"),
            ("session_changed", "UPDATE ON main.sessions"),
            ("session_deleted", "DELETE ON main.sessions"),
        ] {
            writer.execute_batch(&format!(
                "CREATE TEMP TRIGGER {name} AFTER {event} BEGIN SELECT changed_user(old.uid); END"
            ))?;
        }
        Ok(())
    }

    /// The session, if it is known; else the start of a read.
    pub fn find(&self, key: SessionKey) -> Result<(User, Term), Began> {
        let header = self.others.header();
        let known = lock(&self.known);
        let found = known.sessions.get(&key);
        let found = found.filter(|(_, term)| term.end > now_ms());
        match found {
            Some(found) if header.is_some() && header == known.trusted => Ok(found.clone()),
            _ => Err(Began(known.forgotten)),
        }
    }

    /// Remembers the result of a read, unless something was removed since it began.
    pub fn remember(&self, key: SessionKey, found: &(User, Term), began: Began) {
        let mut known = lock(&self.known);
        if known.forgotten != began.0 {
            return;
        }
        if known.sessions.len() >= SESSIONS {
            known.clear();
        }
        if known.sessions.insert(key, found.clone()).is_none() {
            let user = &found.0;
            known.of_user.entry(user.uid).or_default().push(key);
            known.names.insert(user.username.clone(), user.uid);
        }
    }

    /// A user who has a session that is known.
    pub fn user(&self, uid: Uid) -> Option<User> {
        let header = self.others.header()?;
        let known = lock(&self.known);
        let user = known.user(uid);
        user.filter(|_| known.trusted == Some(header)).cloned()
    }

    /// The user with this user name, if they have a session that is known.
    pub fn user_named(&self, username: &str) -> Option<User> {
        let header = self.others.header()?;
        let known = lock(&self.known);
        let user = known.names.get(username).and_then(|uid| known.user(*uid));
        user.filter(|_| known.trusted == Some(header)).cloned()
    }

    /// The writer has committed, so what it has changed is removed.
    pub fn committed(&self) {
        let mut changed = lock(&self.changed);
        if changed.is_empty() {
            return;
        }
        let mut known = lock(&self.known);
        known.forgotten += 1;
        for uid in changed.drain(..) {
            known.forget(uid);
        }
    }

    /// The writer has changed nothing.
    pub fn rolled_back(&self) {
        lock(&self.changed).clear();
    }

    /// Another process has written: nothing is known any more.
    pub fn clear(&self) {
        let mut known = lock(&self.known);
        known.forgotten += 1;
        known.clear();
    }

    /// The header as it is now.
    pub fn header(&self) -> Option<Header> {
        self.others.header()
    }

    /// Everything that was committed when this was the header is known here.
    pub fn trust(&self, header: Option<Header>) {
        lock(&self.known).trusted = header;
    }
}

impl Known {
    fn user(&self, uid: Uid) -> Option<&User> {
        let key = self.of_user.get(&uid)?.first()?;
        self.sessions.get(key).map(|(user, _)| user)
    }

    fn forget(&mut self, uid: Uid) {
        if let Entry::Occupied(keys) = self.of_user.entry(uid) {
            for key in keys.remove() {
                if let Some((user, _)) = self.sessions.remove(&key) {
                    self.names.remove(&user.username);
                }
            }
        }
    }

    fn clear(&mut self) {
        self.sessions.clear();
        self.of_user.clear();
        self.names.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::Sqlite;
    use crate::store::{Origin, Store};

    const KEY: SessionKey = SessionKey([7; 32]);
    const TERM: Term = Term {
        lasts: 1000,
        end: i64::MAX,
        kept: false,
    };

    fn user(uid: i64) -> User {
        User {
            uid: Uid(uid),
            email: String::new(),
            name: String::new(),
            visible: true,
            picture: None,
            status: None,
            since: None,
            username: String::new(),
        }
    }

    /// A store with a session that is open.
    async fn store(dir: &Path) -> (Store, Uid) {
        let store = Store::Sqlite(Sqlite::open(dir, Arc::new(())).unwrap());
        let uid = store.add_user("a@x".into(), "A".into(), "!".into()).await;
        let uid = uid.unwrap().unwrap();
        open(&store, uid).await;
        (store, uid)
    }

    async fn open(store: &Store, uid: Uid) {
        let origin = Origin::default();
        let opened = store.open_session(KEY, uid, origin, TERM, None).await;
        assert!(opened.unwrap());
    }

    fn is_known(store: &Store) -> bool {
        let Store::Sqlite(sqlite) = store else {
            unreachable!()
        };
        sqlite.sessions.find(KEY).is_ok()
    }

    /// Whether a user is found by number and name.
    fn is_user_known(store: &Store, user: &User) -> bool {
        let Store::Sqlite(sqlite) = store else {
            unreachable!()
        };
        let found = [
            sqlite.sessions.user(user.uid),
            sqlite.sessions.user_named(&user.username),
        ];
        let mut users = found.iter().flatten();
        assert!(users.all(|found| (found.uid, &found.username) == (user.uid, &user.username)));
        found.iter().all(Option::is_some)
    }

    /// Looks the session up until the answer comes from memory.
    async fn learn(store: &Store) -> Option<(User, Term)> {
        loop {
            let found = store.session(KEY).await.unwrap();
            if found.is_none() || is_known(store) {
                return found;
            }
            // Another process has written, and the writer has not noticed it yet.
            store.acknowledge(Vec::new()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_the_writer_changes_is_seen_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let (store, uid) = store(dir.path()).await;
        assert_eq!(learn(&store).await.unwrap().0.name, "A");
        // Changes that do not concern the session leave it in memory.
        store.acknowledge(Vec::new()).await.unwrap();
        assert!(is_known(&store));

        let (user, _) = learn(&store).await.unwrap();
        assert!(is_user_known(&store, &user));
        store.set_visible(uid, false).await.unwrap();
        assert!(!is_known(&store) && !is_user_known(&store, &user));
        assert!(!learn(&store).await.unwrap().0.visible);
        store.renew_session(KEY, 5).await.unwrap();
        assert!(learn(&store).await.is_none());
        store.renew_session(KEY, i64::MAX).await.unwrap();
        assert!(learn(&store).await.is_some());
        store.end_session(KEY).await.unwrap();
        assert!(learn(&store).await.is_none());
        assert!(!is_user_known(&store, &user));

        open(&store, uid).await;
        assert!(learn(&store).await.is_some());
        store.set_password(uid, "?".into(), None).await.unwrap();
        assert!(learn(&store).await.is_none());

        open(&store, uid).await;
        assert!(learn(&store).await.is_some());
        store.delete_user(uid).await.unwrap();
        assert!(learn(&store).await.is_none());
    }

    #[tokio::test]
    async fn what_another_process_changes_is_seen_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let (store, uid) = store(dir.path()).await;
        let other = Connection::open(Sqlite::file(dir.path())).unwrap();
        for change in [
            "UPDATE users SET name = 'B'",
            "UPDATE users SET username = 'b'",
            "UPDATE users SET visible = 0",
            "DELETE FROM sessions",
        ] {
            let (user, _) = learn(&store).await.unwrap();
            assert!(is_user_known(&store, &user));
            other.execute_batch(change).unwrap();
            assert!(!is_known(&store), "{change}");
            assert!(!is_user_known(&store, &user), "{change}");
        }
        assert!(learn(&store).await.is_none());
        open(&store, uid).await;
        let (user, _) = learn(&store).await.unwrap();
        assert!(user.name == "B" && !user.visible);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let cache = SessionCache::new(Others::None);
        cache.trust(cache.header());
        let found = (user(1), TERM);
        let before = cache.find(KEY).unwrap_err();
        cache.remember(KEY, &found, before);
        assert!(cache.find(KEY).is_ok());
        lock(&cache.changed).push(Uid(1));
        cache.committed();
        cache.remember(KEY, &found, before);
        assert!(cache.find(KEY).is_err());
        let before = cache.find(KEY).unwrap_err();
        cache.clear();
        cache.remember(KEY, &found, before);
        assert!(cache.find(KEY).is_err());
        // Another state of the database than the one that was seen last.
        let before = cache.find(KEY).unwrap_err();
        cache.remember(KEY, &found, before);
        cache.trust(None);
        assert!(cache.find(KEY).is_err());
    }

    #[test]
    fn the_number_of_sessions_is_bounded() {
        let cache = SessionCache::new(Others::None);
        cache.trust(cache.header());
        let key = |n: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_le_bytes());
            SessionKey(key)
        };
        for n in 0..=SESSIONS {
            let began = cache.find(key(n)).unwrap_err();
            cache.remember(key(n), &(user(n as i64), TERM), began);
            assert!(cache.find(key(n)).is_ok());
        }
        let known = lock(&cache.known);
        assert!(known.sessions.len() <= SESSIONS && known.of_user.len() <= SESSIONS);
    }
}
