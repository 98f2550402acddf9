//! What parts of a session want done. A part knows nothing of the others; the session carries actions out.

use crate::protocol::connect::step::Step;
use crate::protocol::purpose::Purpose;
use crate::protocol::wire::item::Item;
use crate::protocol::wire::reply::AjaxError;
use crate::protocol::wire::request::Request;
use crate::status::Problem;
use crate::types::{Event, Group, Millis, RequestId, Secret};

/// Something that a part wants done.
#[derive(Debug)]
pub enum Action {
    /// Tell the host.
    Tell(Event),
    /// Carry out an HTTP request.
    Send(Purpose, Request),
    /// Start a step towards the long-poll.
    Begin(Step),
    /// Start a step after a pause. Hosts are not told: this is pacing, not a failure.
    Pause { step: Step, wait: Millis },
    /// A step has failed. A first login gives up at once where another attempt would be hopeless.
    Failed {
        step: Step,
        problem: Problem,
        hopeless: bool,
    },
    /// The channel answers, but not for this session.
    StaleChannel,
    /// A token was refused on the way to the long-poll.
    StaleToken,
    /// The server does not know this session any more.
    LoggedOut,
    /// The login, or the session if it was logged in already, came to nothing.
    LoginEnded(Problem),
    /// The same, because the server wants a person in a browser.
    Challenge(Problem),
    /// End the session.
    Close(Problem),
    /// Handle a refusal that may be about the session itself.
    Cure(AjaxError),
    /// The channel works.
    ChannelWorks,
    /// Hand out the items that a long-poll brought, then go on. `held` is how long the poll was held.
    Items {
        items: Vec<Option<Item>>,
        held: Millis,
    },
    /// Ask for the buddy list soon.
    RefreshBuddies,
    /// Switch the user's chat on again.
    RepeatVisibility,
    /// Answer a request that has created a group.
    GroupCreated(RequestId, Box<Group>),
    /// The password was changed to this.
    NewPassword(Secret),
}
