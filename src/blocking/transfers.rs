//! Requests with the content of a file: each exchange has a thread of its own.

#![forbid(unsafe_code)]

use super::pump::{Shared, Success};
use super::transfer::Transfer;
use crate::protocol::{Exchange, Input, Stream};
use crate::status::Problem;
use crate::types::{Command, RequestId};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a transfer may take with all its attempts.
const TRANSFER_LIMIT: Duration = Duration::from_secs(86_400);

impl Shared {
    /// Carries out an exchange with the content of a file on a thread of its own.
    pub(super) fn start_transfer(self: &Arc<Self>, exchange: Exchange) -> io::Result<()> {
        let request = match exchange.stream {
            Some(Stream::Upload { request, .. } | Stream::Download { request, .. }) => request,
            None => RequestId::NONE,
        };
        let transfer = self.transfers().get(&request).cloned();
        let transfer = transfer.ok_or(io::ErrorKind::NotFound)?;
        let (http, id) = (Arc::clone(&self.http), exchange.id);
        let session = Arc::downgrade(self);
        let thread = std::thread::Builder::new().name("fbchat-file".to_owned());
        thread.spawn(move || {
            let reply = http.transfer(exchange, &transfer);
            if let Some(shared) = session.upgrade() {
                let mut state = shared.lock();
                shared.handle(&mut state, Input::Reply(id, reply));
            }
        })?;
        Ok(())
    }

    fn transfers(&self) -> MutexGuard<'_, HashMap<RequestId, Arc<Transfer>>> {
        self.transfers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A request with the content of a file.
    pub(super) fn transfer(
        self: &Arc<Self>,
        transfer: Transfer,
        command: impl FnOnce(RequestId) -> Command,
    ) -> Result<Success, Problem> {
        let mut begun = RequestId::NONE;
        let (state, answer) = self.request(super::after(TRANSFER_LIMIT), |request| {
            begun = request;
            self.transfers().insert(request, Arc::new(transfer));
            command(request)
        });
        drop(state);
        self.transfers().remove(&begun);
        answer
    }
}
