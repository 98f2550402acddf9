//! Waits for the answer of one request, for simple programs: the answer is taken out of turn, all other events stay queued.

#![forbid(unsafe_code)]

use super::error::CallError;
use super::event_queue::{EventQueue, QueueState};
use super::log::LogSettings;
use super::polled::SessionEvent;
use crate::types::{Event, RequestId};
use std::time::Duration;

impl EventQueue {
    /// Waits for the event that answers a request and takes it out of turn; without a timeout it waits indefinitely.
    pub(super) fn wait_for_answer(
        &self,
        request: RequestId,
        timeout: Option<Duration>,
        log: Option<&LogSettings>,
    ) -> Result<Option<SessionEvent>, CallError> {
        // Before the queue is searched: an answer is queued before its request stops being unanswered.
        let session = self
            .sessions()
            .into_iter()
            .find(|session| session.is_unanswered(request))
            .map(|session| session.id);
        let found = self.wait(timeout, log, |state| {
            if let Some(event) = self.take_answer(state, request) {
                return Some(Ok(event));
            }
            let error = match session {
                Some(id) if state.sessions.contains_key(&id) => return None,
                Some(_) => CallError::NoSession,
                None => CallError::NoRequest,
            };
            Some(Err(error))
        })?;
        found.transpose()
    }

    fn take_answer(&self, state: &mut QueueState, request: RequestId) -> Option<SessionEvent> {
        let (id, position) = state.sessions.iter().find_map(|(id, session)| {
            let answers = |event: &Event| event.answers() == Some(request);
            Some((*id, session.events.iter().position(answers)?))
        })?;
        let session = state.sessions.get_mut(&id)?;
        let event = session.events.remove(position)?;
        session.closed |= matches!(event, Event::Closed { .. });
        if session.events.is_empty() {
            state.ready.retain(|ready| *ready != id);
        }
        Some(self.after_take(state, id, event))
    }
}
