//! Who is logged in or about to be, and making an account (docs/protocol.md, Logging in and Accounts).

use crate::protocol::action::Action;
use crate::protocol::answer::{self, Failure, Ignored};
use crate::protocol::connect::login::LoginForm;
use crate::protocol::connect::step::Step;
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::purpose::Purpose;
use crate::protocol::wire::exchange::Outcome;
use crate::protocol::wire::request::Request;
use crate::status::{Problem, Status};
use crate::types::{RequestId, Secret};

/// What a login needs.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub email: String,
    pub password: Secret,
}

/// What a new account needs besides address and password.
#[derive(Debug)]
pub struct Registration {
    pub name: String,
    pub invite: Option<Secret>,
}

/// The account of one login.
#[derive(Debug)]
pub struct Account {
    /// Kept for as long as the session may have to log in again; none if it was resumed.
    credentials: Option<Credentials>,
    /// The login command that has not been answered yet.
    unanswered: Option<RequestId>,
    /// Set while the account has yet to be made.
    registration: Option<Registration>,
}

impl Account {
    pub fn new(
        request: RequestId,
        credentials: Option<Credentials>,
        registration: Option<Registration>,
    ) -> Self {
        Account {
            credentials,
            unanswered: Some(request),
            registration,
        }
    }

    /// The login command that has no answer yet.
    pub fn unanswered(&self) -> Option<RequestId> {
        self.unanswered
    }

    /// The login command, which gets its answer now.
    pub fn take_unanswered(&mut self) -> Option<RequestId> {
        self.unanswered.take()
    }

    pub fn has_password(&self) -> bool {
        self.credentials.is_some()
    }

    pub fn set_password(&mut self, password: Secret) {
        if let Some(credentials) = &mut self.credentials {
            credentials.password = password;
        }
    }

    /// The request that follows the login page: the form filled in, or the registration, which is never made twice because
    /// the address would be taken the second time.
    pub fn login_request(&mut self, web: &WebSession, form: &LoginForm) -> Option<Action> {
        let Credentials { email, password } = self.credentials.as_ref()?;
        if let Some(registration) = self.registration.take() {
            let mut fields = vec![
                ("name", registration.name.as_str()),
                ("email", email),
                ("pass", password.reveal()),
                ("__a", "1"),
            ];
            if let Some(invite) = &registration.invite {
                fields.push(("invite", invite.reveal()));
            }
            let url = web.server().at("/ajax/fbchat/register.php");
            let request = Request::form(url, &fields);
            return Some(Action::Send(Purpose::Connect(Step::Register), request));
        }
        let preset = form.fields.iter();
        let mut fields: Vec<(&str, &str)> = preset
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        fields.push(("email", email));
        fields.push(("pass", password.reveal()));
        let request = Request::form(form.action.clone(), &fields);
        Some(Action::Send(Purpose::Connect(Step::LoginPost), request))
    }
}

/// What follows from the reply to a registration.
pub fn registered(web: &WebSession, outcome: Outcome) -> Action {
    let server = web.label();
    let missing = matches!(&outcome, Ok(reply) if reply.status == 404);
    let doubtful = match &outcome {
        Ok(reply) => reply.status >= 500,
        Err(error) => !error.fault.never_sent(),
    };
    let answer = answer::read_explicit::<Ignored>(&server, outcome, Step::Register.doing());
    Action::LoginEnded(match answer {
        // The reply has logged in, too.
        Ok(_) if web.cookie_uid().is_some() => return Action::Begin(Step::Popout),
        Ok(_) => return Action::Begin(Step::LoginPage),
        Err(Failure::Refused(error)) => answer::refused(&server, error),
        Err(Failure::Lost(_)) if missing => answer::unsupported(&server, "to sign up"),
        Err(Failure::Lost(problem)) if doubtful => {
            let problem = answer::in_doubt(problem);
            let text = format!("{}. Try to log in", problem.text);
            Problem::new(Status::OutcomeUnknown, text)
        }
        Err(Failure::Lost(problem)) => problem,
    })
}
