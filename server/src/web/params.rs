//! Form parameters, from the query and the body. Nothing that a client sends is an error here: what cannot be decoded is replaced, and
//! what no handler asks for is ignored.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use zeroize::{Zeroize, Zeroizing};

use super::app::App;
use super::bodies::{self, Room};
use super::envelope::AjaxError;
use crate::types::Uid;

/// The most parameters of a request.
const FIELDS: usize = 300;
/// How many bytes in memory a byte of a form may become: one that is no UTF-8 is replaced by three, and room is reserved ahead.
const COST: usize = 4;

/// The parameters of a request. Those in the body come before those in the query.
pub struct Params {
    fields: Vec<(String, String)>,
    /// What they may take.
    room: Option<Room>,
}

impl Params {
    /// Parses a body and a query; `None` if they have too many parameters.
    pub fn parse(body: &[u8], query: &str) -> Option<Self> {
        let pairs = form_urlencoded::parse(body).chain(form_urlencoded::parse(query.as_bytes()));
        let fields = pairs.take(FIELDS + 1);
        let fields = fields.map(|(k, v)| (k.into_owned(), v.into_owned()));
        let params = Params {
            fields: fields.collect(),
            room: None,
        };
        (params.fields.len() <= FIELDS).then_some(params)
    }

    /// Forgets everything that was not taken, and keeps the room for what was.
    pub fn into_room(mut self) -> Option<Room> {
        self.room.take()
    }

    /// One parameter that was sent in another way.
    pub fn single(name: &str, value: Option<impl Into<String>>) -> Self {
        let fields = value
            .into_iter()
            .map(|value| (name.to_owned(), value.into()));
        Params {
            fields: fields.collect(),
            room: None,
        }
    }

    /// The first parameter of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Takes a secret out of the parameters.
    pub fn take_secret(&mut self, name: &str) -> Zeroizing<String> {
        Zeroizing::new(self.take(name))
    }

    /// Takes a value out of the parameters.
    pub fn take(&mut self, name: &str) -> String {
        let found = self.fields.iter_mut().find(|(key, _)| key == name);
        found
            .map(|(_, value)| std::mem::take(value))
            .unwrap_or_default()
    }

    /// A number, if it is one.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.trim().parse().ok()
    }

    /// The number of a user, if it is one.
    pub fn uid(&self, name: &str) -> Option<Uid> {
        self.number(name).map(Uid)
    }

    /// The numbers of users in `name[0]`, `name[1]` and so on; `None` if one of them is no number.
    pub fn uids(&self, name: &str) -> Option<Vec<Uid>> {
        let uids = self.list(name).map(|uid| uid.trim().parse().ok());
        uids.collect()
    }

    /// The values of `name[0]`, `name[1]` and so on.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        (0..FIELDS).map_while(move |at| self.get(&format!("{name}[{at}]")))
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
        for (_, value) in &mut self.fields {
            value.zeroize();
        }
    }
}

impl FromRequest<Arc<App>> for Params {
    type Rejection = AjaxError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, AjaxError> {
        let mut room = Room::of(&app.bodies, &request);
        let query = request.uri().query().unwrap_or_default().to_owned();
        room.grow(query.len().saturating_mul(COST))?;
        let body = bodies::read(request, &mut room, COST).await?;
        let mut params = Params::parse(&body, &query).ok_or(AjaxError::TooLarge)?;
        params.room = Some(room);
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
        )
        .unwrap();
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
        let mut params = Params::parse(b"pass=a+b%26", "").unwrap();
        assert_eq!(params.take_secret("pass").as_str(), "a b&");
        assert_eq!(params.get("pass"), Some(""));
    }

    #[test]
    fn the_number_of_parameters_is_limited() {
        for (body, query, most) in [
            (300, 0, true),
            (0, 300, true),
            (200, 100, true),
            (200, 101, false),
        ] {
            let (body, query) = ("a&".repeat(body), "a=1&".repeat(query));
            assert_eq!(Params::parse(body.as_bytes(), &query).is_some(), most);
        }
    }
}
