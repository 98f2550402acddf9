//! Form parameters, from the query and the body. Nothing that a client sends is an error here: what cannot be decoded is replaced, and
//! what no handler asks for is ignored.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use zeroize::{Zeroize, Zeroizing};

use super::envelope::AjaxError;
use crate::types::Uid;

/// The parameters of a request. Those in the body come before those in the query.
#[derive(Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Parses a body and a query.
    pub fn parse(body: &[u8], query: &str) -> Self {
        let body = form_urlencoded::parse(body);
        Params(
            body.chain(form_urlencoded::parse(query.as_bytes()))
                .map(|(k, v)| (k.into_owned(), v.into_owned()))
                .collect(),
        )
    }

    /// One parameter that was sent in another way.
    pub fn single(name: &str, value: Option<impl Into<String>>) -> Self {
        Params(
            value
                .into_iter()
                .map(|value| (name.to_owned(), value.into()))
                .collect(),
        )
    }

    /// The first parameter of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Takes a secret out of the parameters.
    pub fn take_secret(&mut self, name: &str) -> Zeroizing<String> {
        let found = self.0.iter_mut().find(|(key, _)| key == name);
        Zeroizing::new(
            found
                .map(|(_, value)| std::mem::take(value))
                .unwrap_or_default(),
        )
    }

    /// A number, if it is one.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.trim().parse().ok()
    }

    /// The number of a user, if it is one.
    pub fn uid(&self, name: &str) -> Option<Uid> {
        self.number(name).map(Uid)
    }

    /// Yes or no, in the ways that clients write it.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)?.trim() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

impl Drop for Params {
    fn drop(&mut self) {
        // There may be a password among them, perhaps twice.
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let Ok(body) = Bytes::from_request(request, state).await else {
            return Err(AjaxError::TooLarge.into());
        };
        let params = Params::parse(&body, &query);
        if let Ok(mut body) = body.try_into_mut() {
            body.as_mut().zeroize();
        }
        Ok(params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_are_parameters() {
        let params = Params::parse(
            b"a=%ff%00x&&=&b&a=2&to=99999999999999999999&neg=-5&t=%zz&f=yes",
            "a=3&q=true",
        );
        assert_eq!(params.get("a"), Some("\u{fffd}\0x"));
        assert_eq!(params.get("b"), Some(""));
        assert_eq!(params.get("t"), Some("%zz"));
        assert_eq!(params.uid("to"), None);
        assert_eq!(params.uid("neg"), Some(Uid(-5)));
        assert_eq!(params.flag("q"), Some(true));
        assert_eq!(params.flag("f"), None);
    }

    #[test]
    fn a_secret_is_taken_out() {
        let mut params = Params::parse(b"pass=a+b%26", "");
        assert_eq!(params.take_secret("pass").as_str(), "a b&");
        assert_eq!(params.get("pass"), Some(""));
    }
}
