//! Uploads and downloads of files: one final event for each (docs/protocol.md, Files).
//!
//! The contents never pass through here: a driver moves them between the network and the host, and remembers how much of a
//! download it has. A session sends one upload at a time, because servers accept only one; a few downloads run at the same time. Failed
//! attempts are repeated after the usual pauses. An upload has the same `upload_id` each time, so it counts once.

use crate::protocol::action::Action;
use crate::protocol::answer::{self, Failure};
use crate::protocol::backoff::Backoff;
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::error_code::ErrorCode;
use crate::protocol::purpose::Purpose;
use crate::protocol::requests::rate_limit::Gate;
use crate::protocol::requests::transfer::{Kind, Transfer, is_passing};
use crate::protocol::wire::exchange::Outcome;
use crate::status::{Problem, Status};
use crate::types::{DownloadTarget, Event, Millis, RequestId, is_file_id};
use std::collections::BTreeMap;

/// Uploads and downloads under way at once.
const MOST_UPLOADS: usize = 1;
const MOST_DOWNLOADS: usize = 3;
/// Maximum number of attempts without progress.
const MOST_FAILURES: u32 = 6;
/// Maximum number of attempts.
const MOST_ATTEMPTS: u32 = 100;
/// An attempt of this length counts as progress, in milliseconds.
const GOT_SOMEWHERE: Millis = 30_000;
/// How long transfers wait for a session that cannot send, in milliseconds.
const PATIENCE: Millis = 120_000;

/// All unfinished transfers.
#[derive(Debug, Default)]
pub struct Transfers {
    pending: BTreeMap<RequestId, Transfer>,
    /// Since when nothing can be sent.
    blocked_since: Option<Millis>,
}

impl Transfers {
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Accepts an upload, or says why not.
    pub fn upload(
        &mut self,
        web: &WebSession,
        rng: &mut fastrand::Rng,
        request: RequestId,
        (name, size): (String, Option<u64>),
    ) -> Result<(), Problem> {
        let limit = web.file_limit();
        if let Some(size) = size.filter(|&size| size > limit && web.has_files()) {
            let text = format!(
                "The file has {size} bytes; {} takes at most {limit}",
                web.label()
            );
            return Err(Problem::new(Status::TooLong, text));
        }
        let upload_id = rng.u64(1..=0x7fff_ffff_ffff_ffff);
        self.add(web, request, Kind::Upload { name, upload_id })
    }

    /// Accepts a download, or says why not.
    pub fn download(
        &mut self,
        web: &WebSession,
        request: RequestId,
        file: String,
        target: DownloadTarget,
    ) -> Result<(), Problem> {
        if !is_file_id(&file) {
            return Err(Problem::new(Status::Argument, "This is not a file id"));
        }
        self.add(web, request, Kind::Download { file, target })
    }

    fn add(&mut self, web: &WebSession, request: RequestId, kind: Kind) -> Result<(), Problem> {
        if !web.has_files() {
            return Err(answer::unsupported(&web.label(), "files"));
        }
        let transfer = Transfer {
            kind,
            under_way: false,
            cured: false,
            backoff: Backoff::default(),
            attempts: 0,
            retry_at: 0,
        };
        self.pending.insert(request, transfer);
        Ok(())
    }

    /// Starts the transfers that can start, and fails all that wait if nothing could be sent for long.
    pub fn pump(
        &mut self,
        now: Millis,
        web: &WebSession,
        rng: &mut fastrand::Rng,
        gate: Gate,
    ) -> Vec<Action> {
        if gate != Gate::Open {
            return self.wait(now, web, gate);
        }
        self.blocked_since = None;
        let (mut uploads, mut downloads) = (MOST_UPLOADS, MOST_DOWNLOADS);
        for transfer in self.pending.values().filter(|it| it.under_way) {
            let room = transfer.room(&mut uploads, &mut downloads);
            *room = room.saturating_sub(1);
        }
        let mut actions = Vec::new();
        for (&request, transfer) in &mut self.pending {
            if transfer.under_way {
                continue;
            }
            let room = transfer.room(&mut uploads, &mut downloads);
            // Those behind one that is to be tried again wait for it, so that uploads stay in order.
            let has_room = *room > 0;
            *room = room.saturating_sub(1);
            if has_room && transfer.retry_at <= now {
                transfer.under_way = true;
                let next = transfer.request(web, rng, request);
                actions.push(Action::Send(Purpose::Transfer(request), next));
            }
        }
        actions
    }

    fn wait(&mut self, now: Millis, web: &WebSession, gate: Gate) -> Vec<Action> {
        let since = *self.blocked_since.get_or_insert(now);
        if since.saturating_add(PATIENCE) > now {
            return Vec::new();
        }
        let problem = gate.problem(&web.label());
        let waiting = self.pending.iter().filter(|(_, it)| !it.under_way);
        let waiting: Vec<RequestId> = waiting.map(|(request, _)| *request).collect();
        let mut failed = |request| self.fail(request, problem.clone());
        waiting.into_iter().filter_map(&mut failed).collect()
    }

    /// When the next transfer can start, or has waited long enough.
    pub fn timeout(&self, now: Millis) -> Option<Millis> {
        let mut waiting = self.pending.values().filter(|it| !it.under_way).peekable();
        waiting.peek()?;
        match self.blocked_since {
            Some(since) => Some(since.saturating_add(PATIENCE)),
            None => waiting.map(|it| it.retry_at).filter(|&at| at > now).min(),
        }
    }

    /// Takes the reply to an exchange that took so long.
    pub fn reply(
        &mut self,
        now: Millis,
        web: &WebSession,
        rng: &mut fastrand::Rng,
        (request, lasted): (RequestId, Millis),
        outcome: Outcome,
    ) -> Vec<Action> {
        let Some(transfer) = self.pending.get_mut(&request) else {
            return Vec::new();
        };
        transfer.under_way = false;
        let is_passing = is_passing(&outcome);
        let failure = match transfer.read(web, request, outcome) {
            Ok(event) => {
                self.pending.remove(&request);
                return vec![Action::Tell(event)];
            }
            Err(failure) => failure,
        };
        let (problem, is_passing) = match failure {
            Failure::Refused(error) if error.is_logged_out() => return vec![Action::Cure(error)],
            Failure::Refused(error) if error.is_stale_token() && !transfer.cured => {
                transfer.cured = true;
                return vec![Action::Cure(error)];
            }
            Failure::Refused(error) => {
                let is_busy = error.code == ErrorCode::SERVER_BUSY;
                (answer::refused(&web.label(), error), is_busy)
            }
            Failure::Lost(problem) => (problem, is_passing),
        };
        // A timeout means that there was no progress.
        if lasted >= GOT_SOMEWHERE && problem.status != Status::Timeout {
            transfer.backoff.reset();
        }
        transfer.attempts = transfer.attempts.saturating_add(1);
        let may_repeat = transfer.attempts < MOST_ATTEMPTS;
        if is_passing && may_repeat && transfer.backoff.failures() < MOST_FAILURES {
            let wait = transfer.backoff.next(rng);
            transfer.retry_at = now.saturating_add(wait);
            return Vec::new();
        }
        self.fail(request, problem).into_iter().collect()
    }

    /// The exchanges were dropped: transfers start again once the session can send.
    pub fn interrupt(&mut self) {
        for transfer in self.pending.values_mut() {
            transfer.under_way = false;
        }
    }

    /// An exchange could not begin.
    pub fn postpone(&mut self, request: RequestId) {
        if let Some(transfer) = self.pending.get_mut(&request) {
            transfer.under_way = false;
        }
    }

    /// Fails a transfer; `None` if it does not exist.
    pub fn fail(&mut self, request: RequestId, problem: Problem) -> Option<Action> {
        self.pending.remove(&request)?;
        Some(Action::Tell(Event::Failed { request, problem }))
    }

    /// Fails all.
    pub fn end(&mut self, why: &Problem) -> Vec<Action> {
        let all = std::mem::take(&mut self.pending).into_keys();
        all.map(|request| {
            let problem = why.clone();
            Action::Tell(Event::Failed { request, problem })
        })
        .collect()
    }
}
