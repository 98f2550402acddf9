//! A PostgreSQL of the tests' own: one per test program, in a temporary directory, without a network. Nothing of the system's is
//! touched. It ends with the test program, however that ends.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use crate::until;

/// Initialises a cluster, or copies another one to follow it, and serves it until its standard input is closed. Prints its directory once
/// it answers.
const SERVE: &str = r#"
set -e
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if [ -n "$3" ]; then
    "$1"/pg_basebackup -D "$dir/data" --write-recovery-conf --checkpoint=fast --no-sync -d "$3" > "$dir/initdb.log" 2>&1
else
    "$1"/initdb -D "$dir/data" -U fbchat -A trust --no-sync -E UTF8 --locale=C > "$dir/initdb.log" 2>&1
fi || { cat "$dir/initdb.log" >&2; exit 1; }
[ -n "$3" ] || sed -i '1i local all locked scram-sha-256' "$dir/data/pg_hba.conf"
"$1"/postgres -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync="$2" -c full_page_writes="$2" -c max_connections=500 \
    -c log_min_messages=fatal -c autovacuum=off > "$dir/postgres.log" 2>&1 < /dev/null &
until "$1"/pg_isready -q -h "$dir"; do kill -0 $! || { cat "$dir/postgres.log" >&2; exit 1; }; sleep 0.05; done
echo "$dir"
read -r end || true
[ ! -e "$dir/data/postmaster.pid" ] || kill -QUIT $(head -n 1 "$dir/data/postmaster.pid") 2>/dev/null || true
wait || true
"#;

/// A running PostgreSQL.
pub struct Postgres {
    /// Holds the pipe whose end is that of PostgreSQL.
    _server: Child,
    dir: PathBuf,
    databases: AtomicUsize,
}

/// Where Debian installs the programs of the newest PostgreSQL.
fn programs() -> PathBuf {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL: make deps FOR=test")
        .map(|version| version.expect("a directory").path().join("bin"))
        .collect();
    versions.sort();
    versions.pop().expect("PostgreSQL: make deps FOR=test")
}

/// A program as a user whom PostgreSQL accepts: not root.
fn unprivileged(program: &Path) -> Command {
    let own = std::fs::metadata("/proc/self").expect("/proc");
    if own.uid() != 0 {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    command.arg(program);
    command
}

impl Postgres {
    /// Starts one. Without `durable` it does not wait for the disk.
    #[must_use]
    pub fn start(durable: bool) -> Self {
        Self::serve(durable, "")
    }

    /// Starts a server. `primary` is the connection string of its primary, or empty if it is one itself.
    fn serve(durable: bool, primary: &str) -> Self {
        let mut command = unprivileged(Path::new("sh"));
        command.args(["-c", SERVE, "sh"]).arg(programs());
        command.args([if durable { "on" } else { "off" }, primary]);
        command.env_remove("TMPDIR").current_dir("/");
        let mut server = command
            // A signal for the test program must not keep it from cleaning up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("PostgreSQL: make deps FOR=test");
        let output = BufReader::new(server.stdout.take().expect("a pipe"));
        let line = output.lines().next().expect("PostgreSQL starts");
        let line = line.expect("a line");
        Postgres {
            _server: server,
            dir: line.into(),
            databases: AtomicUsize::new(0),
        }
    }

    /// The one that all tests of a program share.
    pub fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Postgres::start(false))
    }

    /// Creates a database of a name of its own.
    #[must_use]
    pub fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// A new database that a new user owns: its name, and its URL for them. `password` is empty if they need none.
    #[must_use]
    pub fn database_of(&self, user: &str, password: &str) -> (String, String) {
        let database = self.database();
        self.sql(
            "postgres",
            &format!("CREATE ROLE {user} LOGIN PASSWORD '{password}'; ALTER DATABASE {database} OWNER TO {user}"),
        );
        let url = self.url_as(user, &database);
        (database, url)
    }

    /// The URL of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_as("fbchat", database)
    }

    /// The URL of a database that is at this one or at another one.
    #[must_use]
    pub fn url_with(&self, other: &Postgres, database: &str) -> String {
        let hosts = [self, other].map(|each| {
            let dir = each.dir.to_str().expect("UTF-8");
            dir.replace('/', "%2F")
        });
        let hosts = hosts.join(",");
        format!("postgres://fbchat@{hosts}/{database}?target_session_attrs=read-write")
    }

    /// The URL of a database for a user.
    #[must_use]
    pub fn url_as(&self, user: &str, database: &str) -> String {
        let host = self.dir.to_str().expect("UTF-8").replace('/', "%2F");
        format!("postgres://{user}@{host}/{database}")
    }

    /// Lets nobody connect to a database any more, and ends all connections to it.
    pub fn take_away(&self, database: &str) {
        self.sql(
            "postgres",
            &format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false"),
        );
        let end = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{database}'"
        );
        self.sql("postgres", &end);
    }

    /// Lets everybody connect to a database again.
    pub fn give_back(&self, database: &str) {
        self.sql(
            "postgres",
            &format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true"),
        );
    }

    /// Ends PostgreSQL as a crash would, and starts it again.
    pub fn crash(&self) {
        let mut restart = unprivileged(&programs().join("pg_ctl"));
        restart.args(["restart", "--wait", "--mode=immediate", "-D"]);
        restart.arg(self.dir.join("data"));
        restart.arg("--log").arg(self.dir.join("restarted.log"));
        let status = restart.current_dir("/").stdout(Stdio::null()).status();
        assert!(status.expect("pg_ctl").success(), "PostgreSQL is back");
    }

    /// Another one that follows this one.
    #[must_use]
    pub fn standby(&self) -> Postgres {
        let dir = self.dir.display();
        let primary = format!("host={dir} user=fbchat application_name=standby");
        Self::serve(false, &primary)
    }

    /// From now on a standby has everything before it is acknowledged. Without one, nothing is.
    pub fn wait_for_standby(&self) {
        self.set("synchronous_standby_names", "standby");
        let sync = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        until("the standby", || {
            (self.sql("postgres", sync) == "1").then_some(())
        });
    }

    /// From now on a standby gets nothing any more.
    pub fn stop_following(&self, primary: &Postgres) {
        self.set("primary_conninfo", "");
        let connected = "SELECT count(*) FROM pg_stat_replication";
        until("the end of the replication", || {
            (primary.sql("postgres", connected) == "0").then_some(())
        });
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        assert_eq!(self.sql("postgres", "SELECT pg_promote()"), "t");
    }

    /// Ends all its processes with SIGKILL, as if the machine was gone.
    pub fn lose(&self) {
        let file = self.dir.join("data/postmaster.pid");
        // Stopped first, so that it starts none while the others end.
        let lose = "read -r pid < \"$1\"; kill -STOP $pid; kill -KILL $(ps -o pid= --ppid $pid) $pid; rm \"$1\"";
        let mut lose_all = unprivileged(Path::new("sh"));
        lose_all.args(["-c", lose, "sh"]).arg(file);
        let status = lose_all.current_dir("/").status();
        assert!(status.expect("sh").success(), "PostgreSQL is gone");
    }

    /// Changes a setting while it runs.
    pub fn set(&self, setting: &str, value: &str) {
        self.sql(
            "postgres",
            &format!("ALTER SYSTEM SET {setting} = '{value}'"),
        );
        self.sql("postgres", "SELECT pg_reload_conf()");
        let shown = format!("SHOW {setting}");
        until(setting, || {
            (self.sql("postgres", &shown) == value).then_some(())
        });
    }

    /// The socket on which it listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.dir.join(".s.PGSQL.5432")
    }

    /// A program of PostgreSQL that connects to it, to be completed.
    #[must_use]
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(programs().join(name));
        command.args(["-U", "fbchat", "-h"]).arg(&self.dir);
        command
    }

    /// Carries out statements; returns what they print.
    #[track_caller]
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = self.program("psql");
        psql.args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql, database]);
        let output = psql.output().expect("psql");
        assert!(output.status.success(), "{sql}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

/// The variable that makes the tests of the server use PostgreSQL.
const CHOICE: &str = "FBCHATD_TEST_STORE";

/// Whether the tests of the server use PostgreSQL.
#[must_use]
pub fn is_chosen() -> bool {
    std::env::var(CHOICE).is_ok_and(|store| store == "postgres")
}

/// The URL of the database that stands for a data directory in this test program.
#[must_use]
pub fn in_place_of(data: &Path) -> String {
    static DATABASES: Mutex<Option<HashMap<PathBuf, String>>> = Mutex::new(None);
    let mut databases = DATABASES.lock().expect("no panic");
    let databases = databases.get_or_insert_default();
    let name = databases
        .entry(data.to_owned())
        .or_insert_with(|| Postgres::shared().database());
    Postgres::shared().url(name)
}
