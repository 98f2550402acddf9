//! Making an account (docs/protocol.md, Accounts). The login page is read first, as it tells where the server really is.

use super::call::Call;
use super::calls::Answer;
use super::exchange::{Reply, TransportError};
use super::link::{IgnoredPayload, Step};
use super::questions::in_doubt;
use super::session::{Credentials, Now, Session};
use crate::status::{Problem, Status};
use crate::types::Secret;

/// What a new account needs beside address and password.
#[derive(Debug)]
pub(super) struct Registration {
    pub name: String,
    pub invite: Option<Secret>,
}

impl Session {
    /// Signs up; false if that is not what the host wants, or if it was done.
    pub(super) fn register(&mut self, now: Now) -> bool {
        let Some(account) = &mut self.account else {
            return false;
        };
        // Never twice: the second time, the address would be taken.
        let Some(registration) = account.registration.take() else {
            return false;
        };
        let Some(Credentials { email, password }) = account.credentials.clone() else {
            return false;
        };
        let mut fields = vec![
            ("name", registration.name.as_str()),
            ("email", &email),
            ("pass", password.reveal()),
            ("__a", "1"),
        ];
        if let Some(invite) = &registration.invite {
            fields.push(("invite", invite.reveal()));
        }
        let url = self.config.server.at("/ajax/fbchat/register.php");
        self.post_form(now, Call::Link(Step::Register), url, &fields);
        true
    }

    pub(super) fn register_reply(&mut self, now: Now, result: Result<Reply, TransportError>) {
        let missing = matches!(&result, Ok(reply) if reply.status == 404);
        let doubtful = match &result {
            Ok(reply) => reply.status >= 500,
            Err(error) => !error.fault.never_sent(),
        };
        let problem = match self.written::<IgnoredPayload>(result, Step::Register.doing()) {
            // The reply has logged in, too.
            Answer::Ok(_) if self.cookies.get("c_user").is_some() => {
                return self.begin(now, Step::Popout);
            }
            Answer::Ok(_) => return self.begin(now, Step::LoginPage),
            Answer::Refused(error) => self.refused(error),
            Answer::Lost(_) if missing => self.unsupported("to sign up"),
            Answer::Lost(problem) if doubtful => {
                let problem = in_doubt(problem);
                let text = format!("{}. Try to log in", problem.text);
                Problem::new(Status::OutcomeUnknown, text)
            }
            Answer::Lost(problem) => problem,
        };
        self.login_ended(problem, false);
    }
}
