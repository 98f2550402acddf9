//! Redirects of pages: which are followed, and what the others mean.

use crate::protocol::action::Action;
use crate::protocol::answer;
use crate::protocol::connect::step::Step;
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::purpose::Purpose;
use crate::protocol::wire::exchange::Reply;
use crate::protocol::wire::request::Request;
use crate::status::{Problem, Status};
use url::Url;

/// Redirects followed in a row.
const MOST: u8 = 5;

/// Counts redirects in a row.
#[derive(Debug, Default)]
pub struct Redirects {
    followed: u8,
}

impl Redirects {
    /// A reply was not a redirect.
    pub fn reset(&mut self) {
        self.followed = 0;
    }

    /// What follows from a redirect of a step's request to `from`.
    pub fn take(&mut self, web: &mut WebSession, step: Step, from: &Url, reply: &Reply) -> Action {
        let location = reply.location.as_deref();
        let Some(target) = location.and_then(|location| from.join(location).ok()) else {
            return not_a_chat_reply(&web.label(), step);
        };
        if step != Step::LoginPage && target.path().contains("login.php") {
            return Action::LoggedOut;
        }
        if !web.server().trusts(&target) {
            let why = format!("it redirects to {}", target.origin().ascii_serialization());
            return Action::Failed {
                step,
                problem: answer::not_a_chat_server(&web.label(), &why),
                hopeless: true,
            };
        }
        let home = web.server().origin();
        let wants_tls = target.host() == home.host() && target.scheme() != home.scheme();
        if step == Step::LoginPage || wants_tls {
            // The server has another name, or wants TLS: from now on everything goes there.
            web.move_to(&target);
        }
        self.followed = self.followed.saturating_add(1);
        if self.followed > MOST || !step.is_page() {
            self.followed = 0;
            return not_a_chat_reply(&web.label(), step);
        }
        Action::Send(Purpose::Connect(step), Request::get(target))
    }
}

/// The failure of a step that was answered with something else, as by a proxy or the portal of a network.
pub fn not_a_chat_reply(server: &str, step: Step) -> Action {
    let problem = answer::not_a_chat_reply(server, step.doing());
    let text = format!("{} (a proxy's page?)", problem.text);
    Action::Failed {
        step,
        problem: Problem::new(Status::BadReply, text),
        hopeless: false,
    }
}
