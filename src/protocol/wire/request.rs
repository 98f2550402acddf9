//! HTTP requests before they are sent: method, address and body.

use crate::protocol::wire::exchange::{Body, Method};
use url::Url;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

/// A request that has no id, cookies or limits yet.
#[derive(Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub body: Option<Body>,
}

impl Request {
    pub fn get(url: Url) -> Self {
        Request {
            method: Method::Get,
            url,
            body: None,
        }
    }

    /// A POST of exactly these fields.
    pub fn form(url: Url, fields: &[(&str, &str)]) -> Self {
        // Sized in advance: a growing buffer would leave copies of a password behind.
        let size = fields.iter().fold(0usize, |size, (name, value)| {
            let longest = name.len().saturating_add(value.len()).saturating_mul(3);
            size.saturating_add(longest).saturating_add(2)
        });
        let body = Serializer::new(String::with_capacity(size))
            .extend_pairs(fields)
            .finish();
        let body = Body {
            content_type: "application/x-www-form-urlencoded".into(),
            bytes: Zeroizing::new(body.into_bytes()),
        };
        Request {
            method: Method::Post,
            url,
            body: Some(body),
        }
    }

    /// The upload of a picture (RFC 7578), or its removal. `nonce` makes the boundary, which is long enough that no
    /// picture contains it.
    pub fn upload(url: Url, token: &str, picture: Option<&[u8]>, nonce: u128) -> Self {
        let boundary = format!("fbchat-{nonce:032x}");
        let mut bytes = Vec::with_capacity(picture.map_or(0, <[u8]>::len).saturating_add(1_000));
        let mut part = |name: &str, more: &str, content: &[u8]| {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n"
            );
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(content);
            bytes.extend_from_slice(b"\r\n");
        };
        part("post_form_id", "", token.as_bytes());
        match picture {
            Some(picture) => part("pic", "; filename=\"picture\"", picture),
            None => part("remove", "", b"1"),
        }
        bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let body = Body {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            bytes: Zeroizing::new(bytes),
        };
        Request {
            method: Method::Post,
            url,
            body: Some(body),
        }
    }
}
