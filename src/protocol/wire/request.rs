//! HTTP requests before they are sent: method, address and body.

use crate::protocol::wire::exchange::{Body, Method, Stream};
use crate::types::RequestId;
use url::Url;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

/// A request that has no id, cookies or limits yet.
#[derive(Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub body: Option<Body>,
    pub stream: Option<Stream>,
}

/// The description of a file in its upload.
#[derive(Clone, Copy, Debug)]
pub struct Upload<'a> {
    pub token: &'a str,
    /// The same in all attempts.
    pub upload_id: u64,
    pub name: &'a str,
}

impl Request {
    pub fn get(url: Url) -> Self {
        Request {
            method: Method::Get,
            url,
            body: None,
            stream: None,
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
            stream: None,
        }
    }

    /// The upload of a picture (RFC 7578), or its removal. `nonce` makes the boundary, which is long enough that no
    /// picture contains it.
    pub fn upload(url: Url, token: &str, picture: Option<&[u8]>, nonce: u128) -> Self {
        let mut form = Multipart::new(nonce, picture.map_or(0, <[u8]>::len));
        form.field("post_form_id", token);
        match picture {
            Some(picture) => {
                form.file("pic", "picture");
                form.bytes.extend_from_slice(picture);
                form.bytes.extend_from_slice(b"\r\n");
            }
            None => form.field("remove", "1"),
        }
        let end = form.end();
        form.bytes.extend_from_slice(end.as_bytes());
        Request {
            method: Method::Post,
            url,
            body: Some(form.body()),
            stream: None,
        }
    }

    /// The upload of a file whose content the driver has: the parts of the body before and after it.
    pub fn upload_file(url: Url, upload: Upload<'_>, request: RequestId, nonce: u128) -> Self {
        let mut form = Multipart::new(nonce, 0);
        form.field("post_form_id", upload.token);
        form.field("upload_id", &upload.upload_id.to_string());
        form.file("attachment", upload.name);
        let tail = format!("\r\n{}", form.end()).into_bytes();
        Request {
            method: Method::Post,
            url,
            body: Some(form.body()),
            stream: Some(Stream::Upload { request, tail }),
        }
    }
}

/// Writes a form with a file (RFC 7578).
struct Multipart {
    boundary: String,
    bytes: Vec<u8>,
}

impl Multipart {
    fn new(nonce: u128, content: usize) -> Self {
        Multipart {
            boundary: format!("fbchat-{nonce:032x}"),
            bytes: Vec::with_capacity(content.saturating_add(1_000)),
        }
    }

    fn field(&mut self, name: &str, value: &str) {
        self.head(&format!("name=\"{name}\""));
        self.bytes.extend_from_slice(value.as_bytes());
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// The content is to follow, and then the tail.
    fn file(&mut self, name: &str, filename: &str) {
        let shown = filename.chars().filter(|character| !character.is_control());
        let filename = shown.collect::<String>();
        // Parsers take a backslash before the closing quote for part of the name.
        let filename = filename.replace('\\', "_").replace('"', "%22");
        self.head(&format!("name=\"{name}\"; filename=\"{filename}\""));
    }

    fn head(&mut self, disposition: &str) {
        let boundary = &self.boundary;
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
        self.bytes.extend_from_slice(head.as_bytes());
    }

    fn end(&self) -> String {
        format!("--{}--\r\n", self.boundary)
    }

    fn body(self) -> Body {
        Body {
            content_type: format!("multipart/form-data; boundary={}", self.boundary),
            bytes: Zeroizing::new(self.bytes),
        }
    }
}
