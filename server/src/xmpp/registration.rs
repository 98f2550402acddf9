//! Accounts (XEP-0077): signing up before the login, as the operator allows it, and changing the password afterwards.

use zeroize::Zeroizing;

use super::errors::StanzaError;
use super::forms;
use super::login::Negotiating;
use super::session::Client;
use super::xml::{Element, ns};
use crate::service::accounts::{PasswordError, RegisterError, Registrant};
use crate::types::Session;

const CHANGE: &str = "jabber:iq:register:changepassword";

impl From<RegisterError> for StanzaError {
    fn from(error: RegisterError) -> Self {
        let text = error.to_string();
        match error {
            RegisterError::Closed => StanzaError::new("cancel", "not-allowed", text),
            RegisterError::Taken | RegisterError::UsernameTaken | RegisterError::OtherUsername => {
                StanzaError::new("cancel", "conflict", text)
            }
            RegisterError::NotInvited | RegisterError::Password | RegisterError::Invalid(_) => {
                StanzaError::new("modify", "not-acceptable", text)
            }
            RegisterError::TooMany(_) => StanzaError::new("wait", "resource-constraint", text),
            RegisterError::Store(error) => error.into(),
            RegisterError::Hash(_) => hashing(&text),
        }
    }
}

impl From<PasswordError> for StanzaError {
    fn from(error: PasswordError) -> Self {
        let text = error.to_string();
        match error {
            PasswordError::Password => StanzaError::new("modify", "not-acceptable", text),
            PasswordError::Wrong => StanzaError::new("modify", "not-authorized", text),
            PasswordError::TooMany(_) => StanzaError::new("wait", "resource-constraint", text),
            PasswordError::Store(error) => error.into(),
            PasswordError::Hash(_) => hashing(&text),
        }
    }
}

fn hashing(text: &str) -> StanzaError {
    log::error!("{text}");
    StanzaError::new("wait", "internal-server-error", "Try again later.")
}

fn password(request: &Element, name: &str) -> Zeroizing<String> {
    Zeroizing::new(forms::value(request, name))
}

/// The form for signing up.
fn questions(needs_invitation: bool) -> Element {
    let sentence = "The name is what others see. Log in with the user name or the e-mail address.";
    let mut form = forms::form("form", ns::REGISTER)
        .child(Element::new("instructions", ns::FORM).text(sentence))
        .child(forms::field("username", "text-single", "User name"))
        .child(forms::field("name", "text-single", "Name"))
        .child(forms::field("email", "text-single", "E-mail address"))
        .child(forms::field("password", "text-private", "Password"));
    if needs_invitation {
        let label = "Invitation code (the part of the link after invite=)";
        form.push(forms::field("invite", "text-single", label));
    }
    let mut query = Element::new("query", ns::REGISTER)
        .child(Element::new("instructions", ns::REGISTER).text(sentence));
    if !needs_invitation {
        for name in ["username", "name", "email", "password"] {
            query.push(Element::new(name, ns::REGISTER));
        }
    }
    query.child(form)
}

impl Negotiating<'_> {
    /// Answers a client whose user signs up.
    pub async fn register(&self, stanza: &Element) -> Element {
        match self.registered(stanza).await {
            Ok(payload) => {
                let answer = Element::new("iq", ns::CLIENT)
                    .with("type", "result")
                    .with_some("id", stanza.attribute("id"))
                    .with_some("from", stanza.attribute("to"));
                payload.into_iter().fold(answer, Element::child)
            }
            Err(error) => error.answer(stanza),
        }
    }

    async fn registered(&self, stanza: &Element) -> Result<Option<Element>, StanzaError> {
        let accounts = &self.xmpp.services.accounts;
        let request = stanza.find("query", ns::REGISTER);
        let request = request.ok_or_else(StanzaError::bad_request)?;
        match stanza.attribute("type") {
            Some("get") => match accounts.may_register("").await {
                Ok(()) => Ok(Some(questions(false))),
                Err(RegisterError::NotInvited) => Ok(Some(questions(true))),
                Err(error) => Err(error.into()),
            },
            Some("set") => {
                let value = |name| forms::value(request, name);
                let invite = value("invite");
                let who = Registrant {
                    invite: invite.trim(),
                    email: &value("email"),
                    name: &value("name"),
                    username: Some(&value("username")),
                    password: password(request, "password"),
                };
                accounts.register(who, self.address).await?;
                Ok(None)
            }
            _ => Err(StanzaError::bad_request()),
        }
    }
}

impl Client {
    /// What the user is registered with.
    pub fn registration(&self) -> Element {
        let username = Element::new("username", ns::REGISTER).text(self.username.as_str());
        Element::new("query", ns::REGISTER)
            .empty("registered", ns::REGISTER)
            .child(username)
            .empty("password", ns::REGISTER)
    }

    /// Changes the password of the user, who has to know the old one. A client that did not ask for it gets the form for that.
    pub async fn change_password(
        &self,
        session: &Session,
        request: &Element,
    ) -> Result<(), StanzaError> {
        let (old, new) = (
            password(request, "old_password"),
            password(request, "password"),
        );
        if request.find("remove", ns::REGISTER).is_some() {
            let text = "Ask the operator to delete the account.";
            return Err(StanzaError::new("cancel", "not-allowed", text));
        }
        if old.is_empty() {
            let form = forms::form("form", CHANGE)
                .child(forms::field("old_password", "text-private", "Old password"))
                .child(forms::field("password", "text-private", "New password"));
            let text = "Enter the old password, too.";
            return Err(StanzaError {
                payload: Some(Box::new(Element::new("query", ns::REGISTER).child(form))),
                ..StanzaError::new("modify", "not-acceptable", text)
            });
        }
        let accounts = &self.xmpp.services.accounts;
        accounts
            .change_password(session, old, new, self.address)
            .await?;
        Ok(())
    }
}
