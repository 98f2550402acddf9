//! Metrics for the operator, in the text format of Prometheus.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The labels of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Request {
    /// The path in the router, never the one that the client sent.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
}

/// The metrics of XMPP.
#[derive(Clone, Default)]
pub struct Xmpp {
    /// The clients that are logged in.
    pub streams: Gauge,
    /// Sessions that were resumed with another connection.
    pub resumptions: Counter,
    /// Stanzas from clients.
    pub received: Counter,
    /// Stanzas to clients.
    pub sent: Counter,
    /// Joined rooms, counted once for each client.
    pub rooms: Gauge,
}

/// Counts one in a gauge until it is dropped.
pub struct Counted(Gauge);

impl Counted {
    pub fn by(gauge: &Gauge) -> Self {
        gauge.inc();
        Counted(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// All metrics.
pub struct Metrics {
    registry: Registry,
    pub messages: Counter,
    pub failed_logins: Counter,
    pub connections: Gauge,
    pub xmpp: Xmpp,
    /// How long requests took, except for held polls.
    pub requests: Family<Request, Histogram, fn() -> Histogram>,
    polls: Gauge,
    online: Gauge,
    tasks: Gauge,
}

/// A histogram of seconds, from 0.1 ms to 13 s.
pub fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 3.25, 11))
}

impl Metrics {
    /// `commits` measures how long the store took to put its writes on disk, `passwords` how long passwords took.
    pub fn new(commits: Histogram, passwords: Histogram) -> Self {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("fbchatd"),
            messages: Counter::default(),
            failed_logins: Counter::default(),
            connections: Gauge::default(),
            xmpp: Xmpp::default(),
            requests: Family::new_with_constructor(seconds),
            polls: Gauge::default(),
            online: Gauge::default(),
            tasks: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("messages", "Messages stored", metrics.messages.clone());
        registry.register(
            "failed_logins",
            "Logins with a wrong password",
            metrics.failed_logins.clone(),
        );
        registry.register(
            "connections",
            "Open connections",
            metrics.connections.clone(),
        );
        registry.register(
            "request_seconds",
            "Time to answer requests, other than held polls",
            metrics.requests.clone(),
        );
        registry.register("polls_held", "Polls that wait", metrics.polls.clone());
        registry.register("users_online", "Users others see", metrics.online.clone());
        registry.register("tasks", "Tasks that are alive", metrics.tasks.clone());
        registry.register(
            "password_seconds",
            "Time to check or hash a password",
            passwords,
        );
        registry.register(
            "store_commit_seconds",
            "Time to put a group of writes on disk",
            commits,
        );
        metrics
    }

    /// Adds what there is with XMPP only.
    pub fn add_xmpp(&mut self) {
        let Xmpp {
            streams,
            resumptions,
            received,
            sent,
            rooms,
        } = self.xmpp.clone();
        let registry = self.registry.sub_registry_with_prefix("xmpp");
        registry.register("streams", "Clients of XMPP that are logged in", streams);
        registry.register(
            "resumptions",
            "Sessions of XMPP that went on with another connection",
            resumptions,
        );
        registry.register("stanzas_received", "Stanzas from clients of XMPP", received);
        registry.register("stanzas_sent", "Stanzas to clients of XMPP", sent);
        registry.register("rooms_joined", "Rooms that clients have joined", rooms);
    }

    /// The page that Prometheus reads.
    pub fn page(&self, polls: usize, online: usize, tasks: usize) -> String {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.polls.set(count(polls));
        self.online.set(count(online));
        self.tasks.set(count(tasks));
        let mut page = String::new();
        // This writes into memory, which cannot fail.
        let _ = encode(&mut page, &self.registry);
        page
    }
}
