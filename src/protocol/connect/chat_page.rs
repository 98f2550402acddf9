//! What follows from the page that has the tokens and the channel's address.

use crate::protocol::action::Action;
use crate::protocol::answer;
use crate::protocol::connect::step::Step;
use crate::protocol::connect::web_session::{PageContent, WebSession};

/// What follows from a chat page.
pub fn page_reply(web: &mut WebSession, step: Step, content: PageContent) -> Action {
    match (step, content) {
        (_, PageContent::Complete) | (Step::Home, PageContent::WithoutToken) => {
            // Servers of early 2008 asked for no token.
            web.tokens_work();
            Action::Begin(Step::Visibility)
        }
        (Step::Popout, _) => Action::Begin(Step::Home),
        _ => Action::Failed {
            step,
            problem: answer::not_a_chat_server(
                &web.label(),
                "its pages are not those of a chat server",
            ),
            hopeless: false,
        },
    }
}
