//! Waiting for the answer of one request, for simple programs: it is taken out of turn, all else stays in the queue.

#![forbid(unsafe_code)]

use super::error::CallError;
use super::log::LogSettings;
use super::queue::{Queue, SessionEvent, State};
use crate::types::{Event, RequestId};
use std::time::Duration;

impl Queue {
    /// Waits for the event that answers a request, and takes it out of turn; `None` waits for ever.
    pub(super) fn answer(
        &self,
        request: RequestId,
        timeout: Option<Duration>,
        log: Option<&LogSettings>,
    ) -> Result<Option<SessionEvent>, CallError> {
        // In this order: an answer is in the queue before its request stops being open.
        let asking = self
            .seats()
            .into_iter()
            .find(|seat| seat.is_open(request))
            .map(|seat| seat.id);
        let found = self.wait(timeout, log, |state| {
            if let Some(event) = self.take_answer(state, request) {
                return Some(Ok(event));
            }
            let gone = match asking {
                Some(id) if state.lanes.contains_key(&id) => return None,
                Some(_) => CallError::NoSession,
                None => CallError::NoRequest,
            };
            Some(Err(gone))
        })?;
        found.transpose()
    }

    fn take_answer(&self, state: &mut State, request: RequestId) -> Option<SessionEvent> {
        let (id, place) = state.lanes.iter().find_map(|(id, lane)| {
            let answers = |event: &Event| event.answers() == Some(request);
            Some((*id, lane.events.iter().position(answers)?))
        })?;
        let lane = state.lanes.get_mut(&id)?;
        let event = lane.events.remove(place)?;
        lane.over |= matches!(event, Event::Closed { .. });
        if lane.events.is_empty() {
            state.turns.retain(|turn| *turn != id);
        }
        Some(self.taken(state, id, event))
    }
}
