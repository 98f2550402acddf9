//! What happens on a stream until a client is logged in and has a resource: TLS, the login, and the binding. A state machine without
//! I/O: it gets what the client sends, appends its answers to `out`, and says what has to be done.

use super::binding::{self, Request, Resumption, resumption};
use super::errors::{StanzaError, StreamError};
use super::features::{self, Security};
use super::reader::{Frame, Header};
use super::sasl::{self, Failure, Login};
use super::sasl2::{self, Authenticate};
use super::xml::{Element, ns, write_attribute};

/// After this many failed logins a stream is closed.
const FAILURES: usize = 3;

/// What has to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: the client is next.
    Continue,
    /// Expect another stream: the client is logged in.
    Restart,
    /// Do everything that the client asks for, or call [`Negotiation::refuse`].
    Authenticate(Box<Authenticate>),
    /// Start TLS, once the answer is sent. What the client has sent after its request is discarded.
    StartTls,
    /// Check a password, and call [`Negotiation::checked`].
    Check(Login),
    /// Answer somebody who signs up.
    Register(Box<Element>),
    /// Give the client a resource, and call [`Negotiation::bound`].
    Bind(Request),
    /// Give the stream to the session that it resumes, or answer with [`not_resumed`].
    Resume(Resumption),
    /// The client has closed the stream.
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The client is to log in.
    Login,
    /// The client has chosen a mechanism, and is to send the password.
    Response,
    /// A password is being checked.
    Checking,
    /// The client is to bind a resource.
    Bind,
    Bound,
}

fn failed(condition: &'static str) -> Element {
    Element::new("failed", ns::SM).empty(condition, ns::STANZA_ERRORS)
}

/// There is no such session any more. The client may bind a resource instead.
pub fn not_resumed() -> Element {
    failed("item-not-found")
}

/// One stream before its session.
pub struct Negotiation {
    domain: String,
    security: Security,
    /// Whether people can register accounts.
    can_sign_up: bool,
    state: State,
    failures: usize,
    /// Whether the header has been answered, without which no error can be told.
    has_answered: bool,
}

impl Negotiation {
    pub fn new(domain: &str, security: Security) -> Self {
        Negotiation {
            domain: domain.to_owned(),
            security,
            can_sign_up: false,
            state: State::Login,
            failures: 0,
            has_answered: false,
        }
    }

    /// Offers that people register accounts.
    pub fn with_sign_up(self, can_sign_up: bool) -> Self {
        Negotiation {
            can_sign_up,
            ..self
        }
    }

    /// Whether the user is known.
    pub fn is_logged_in(&self) -> bool {
        matches!(self.state, State::Bind | State::Bound)
    }

    /// TLS has started.
    pub fn encrypted(&mut self) {
        self.security = Security::Encrypted;
        self.has_answered = false;
    }

    /// Takes a part of the stream.
    pub fn take(&mut self, frame: Frame, out: &mut String) -> Result<Step, StreamError> {
        match frame {
            Frame::Open(header) => {
                self.open(&header, out)?;
                Ok(Step::Continue)
            }
            Frame::Stanza(element) => self.element(&element, out),
            Frame::Close => Ok(Step::Close),
        }
    }

    fn open(&mut self, header: &Header, out: &mut String) -> Result<(), StreamError> {
        self.answer_header(out);
        let to = header.to.as_deref().map(str::to_lowercase);
        if to.is_some_and(|to| to != self.domain) {
            return Err(StreamError::HOST_UNKNOWN);
        }
        let version = header.version.as_deref();
        if !version.is_some_and(|version| version.starts_with("1.")) {
            return Err(StreamError::UNSUPPORTED_VERSION);
        }
        self.write_features(out);
        Ok(())
    }

    fn answer_header(&mut self, out: &mut String) {
        // It only has to differ from others.
        let id = crate::secrets::random_hex(8).unwrap_or_default();
        out.push_str("<?xml version='1.0'?><stream:stream");
        for (name, value) in [
            ("xmlns", ns::CLIENT),
            ("xmlns:stream", ns::STREAM),
            ("from", &self.domain),
            ("id", &id),
            ("version", "1.0"),
            ("xml:lang", "en"),
        ] {
            write_attribute(out, name, value);
        }
        out.push('>');
        self.has_answered = true;
    }

    fn write_features(&self, out: &mut String) {
        if self.is_logged_in() {
            features::write(features::to_bind(), out);
        } else {
            features::write(features::to_log_in(self.security, self.can_sign_up), out);
        }
    }

    fn element(&mut self, element: &Element, out: &mut String) -> Result<Step, StreamError> {
        match (self.state, &*element.ns, &*element.name) {
            (State::Login, ns::TLS, "starttls") => match self.security {
                Security::Required | Security::Optional => {
                    Element::new("proceed", ns::TLS).write(out, ns::CLIENT);
                    Ok(Step::StartTls)
                }
                Security::Encrypted | Security::Unavailable => {
                    Element::new("failure", ns::TLS).write(out, ns::CLIENT);
                    Err(StreamError::BAD_FORMAT)
                }
            },
            (State::Login, ns::SASL, "auth") => self.auth(element, out),
            (State::Response, ns::SASL, "response") => self.credentials(element, out),
            (State::Login | State::Response, ns::SASL, "abort") => self.fail("aborted", out),
            (State::Login, ns::SASL2, "authenticate") => {
                let request = match self.security {
                    Security::Required => Err("encryption-required"),
                    _ => sasl2::request(element, &self.domain),
                };
                match request {
                    Ok(request) => Ok(Step::Authenticate(Box::new(request))),
                    Err(condition) => self.refuse(&Failure::new(condition, ""), out),
                }
            }
            (State::Bind, ns::CLIENT, "iq") => self.bind(element, out),
            (State::Bind, ns::SM, "resume") => {
                let resumption = resumption(element).ok_or(StreamError::BAD_FORMAT)?;
                Ok(Step::Resume(resumption))
            }
            (State::Bind, ns::SM, _) => {
                failed("unexpected-request").write(out, ns::CLIENT);
                Ok(Step::Continue)
            }
            (State::Login, ns::CLIENT, "iq")
                if self.security != Security::Required
                    && element.find("query", ns::REGISTER).is_some() =>
            {
                Ok(Step::Register(Box::new(element.clone())))
            }
            (_, ns::TLS | ns::SASL | ns::SASL2, _) => Err(StreamError::UNSUPPORTED_STANZA),
            (_, ns::CLIENT, _) => Err(StreamError::NOT_AUTHORIZED),
            _ => Err(StreamError::INVALID_NAMESPACE),
        }
    }

    fn auth(&mut self, element: &Element, out: &mut String) -> Result<Step, StreamError> {
        if self.security == Security::Required {
            return self.fail("encryption-required", out);
        }
        if element.attribute("mechanism") != Some("PLAIN") {
            return self.fail("invalid-mechanism", out);
        }
        if element.content().trim().is_empty() {
            self.state = State::Response;
            Element::new("challenge", ns::SASL).write(out, ns::CLIENT);
            return Ok(Step::Continue);
        }
        self.credentials(element, out)
    }

    fn credentials(&mut self, element: &Element, out: &mut String) -> Result<Step, StreamError> {
        match sasl::plain(&element.content(), &self.domain) {
            Ok(login) => {
                self.state = State::Checking;
                Ok(Step::Check(login))
            }
            Err(condition) => self.fail(condition, out),
        }
    }

    /// The result of checking a password.
    pub fn checked(
        &mut self,
        result: Result<(), Failure>,
        out: &mut String,
    ) -> Result<Step, StreamError> {
        match result {
            Ok(()) => {
                self.state = State::Bind;
                self.has_answered = false;
                Element::new("success", ns::SASL).write(out, ns::CLIENT);
                Ok(Step::Restart)
            }
            Err(failure) => self.failed(&failure, ns::SASL, out),
        }
    }

    fn fail(&mut self, condition: &'static str, out: &mut String) -> Result<Step, StreamError> {
        self.failed(&Failure::new(condition, ""), ns::SASL, out)
    }

    /// A client that has asked for everything in one step gets nothing.
    pub fn refuse(&mut self, failure: &Failure, out: &mut String) -> Result<Step, StreamError> {
        self.failed(failure, ns::SASL2, out)
    }

    /// Such a client is logged in, and is to bind a resource in another step.
    pub fn authenticated(&mut self, success: &Element, out: &mut String) {
        self.state = State::Bind;
        success.write(out, ns::CLIENT);
        self.write_features(out);
    }

    fn failed(
        &mut self,
        failure: &Failure,
        version: &'static str,
        out: &mut String,
    ) -> Result<Step, StreamError> {
        self.state = State::Login;
        failure.element(version).write(out, ns::CLIENT);
        self.failures += 1;
        if self.failures < FAILURES {
            Ok(Step::Continue)
        } else {
            Err(StreamError::TOO_MANY)
        }
    }

    fn bind(&mut self, iq: &Element, out: &mut String) -> Result<Step, StreamError> {
        match binding::request(iq)? {
            Some(request) => Ok(Step::Bind(request)),
            None => {
                StanzaError::bad_request().answer(iq).write(out, ns::CLIENT);
                Ok(Step::Continue)
            }
        }
    }

    /// The client has this address now.
    pub fn bound(&mut self, request: &Request, jid: &str, out: &mut String) {
        self.state = State::Bound;
        binding::answer(request, jid).write(out, ns::CLIENT);
    }

    /// Tells why the stream ends, and ends it.
    pub fn end(&mut self, error: Option<&StreamError>, out: &mut String) {
        if !self.has_answered {
            self.answer_header(out);
        }
        if let Some(error) = error {
            error.write(out);
        }
        out.push_str("</stream:stream>");
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn header(to: &str, version: &str) -> Frame {
        Frame::Open(Header {
            to: Some(to.into()),
            version: Some(version.into()),
        })
    }

    fn auth(plain: &str) -> Frame {
        let text = STANDARD.encode(plain);
        let auth = Element::new("auth", ns::SASL).with("mechanism", "PLAIN");
        Frame::Stanza(auth.text(text))
    }

    fn opened(security: Security) -> (Negotiation, String) {
        let (mut stream, mut out) = (Negotiation::new("x", security), String::new());
        let step = stream.take(header("X", "1.0"), &mut out);
        assert_eq!(step, Ok(Step::Continue));
        (stream, out)
    }

    #[test]
    fn passwords_are_asked_for_only_where_nobody_can_listen() {
        for (security, tls, plain) in [
            (Security::Encrypted, false, true),
            (Security::Required, true, false),
            (Security::Optional, true, true),
            (Security::Unavailable, false, true),
        ] {
            let (mut stream, mut out) = opened(security);
            assert_eq!(out.contains("<starttls"), tls, "{security:?}");
            assert_eq!(out.contains("PLAIN"), plain, "{security:?}");
            let step = stream.take(auth("\0bob\0x"), &mut out);
            assert_eq!(matches!(step, Ok(Step::Check(_))), plain, "{security:?}");
            assert_eq!(out.contains("encryption-required"), !plain, "{security:?}");
        }
    }

    #[test]
    fn a_client_may_be_asked_for_the_password() {
        let (mut stream, mut out) = opened(Security::Encrypted);
        let step = stream.take(auth(""), &mut out);
        assert_eq!(step, Ok(Step::Continue));
        assert!(out.contains("<challenge"));
        let response = Element::new("response", ns::SASL).text(STANDARD.encode("\0bob\0x"));
        let step = stream.take(Frame::Stanza(response), &mut out);
        assert!(matches!(step, Ok(Step::Check(_))));
        let step = stream.checked(Ok(()), &mut out);
        assert_eq!(step, Ok(Step::Restart));
    }

    #[test]
    fn the_third_failure_ends_the_stream_and_other_input_is_refused() {
        let (mut stream, mut out) = opened(Security::Encrypted);
        for attempt in 1..=FAILURES {
            let step = stream.take(auth("\0bob\0x"), &mut out);
            assert!(matches!(step, Ok(Step::Check(_))));
            let failure = Failure::new("not-authorized", "No.");
            let step = stream.checked(Err(failure), &mut out);
            assert_eq!(step.is_err(), attempt == FAILURES);
        }
        for (to, version, condition) in [
            ("y", "1.0", "host-unknown"),
            ("x", "0.9", "unsupported-version"),
        ] {
            let mut stream = Negotiation::new("x", Security::Encrypted);
            let error = stream.take(header(to, version), &mut out).unwrap_err();
            assert_eq!(error.condition, condition);
        }
        for (element, condition) in [
            (Element::new("message", ns::CLIENT), "not-authorized"),
            (Element::new("message", "x"), "invalid-namespace"),
            (Element::new("starttls", ns::TLS), "bad-format"),
        ] {
            let (mut stream, mut out) = opened(Security::Encrypted);
            let error = stream.take(Frame::Stanza(element), &mut out).unwrap_err();
            assert_eq!(error.condition, condition);
        }
    }
}
