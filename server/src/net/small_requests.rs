//! Polls and messages that arrive in one piece over HTTP/1.1 without TLS, read without the HTTP library: its connection costs more to set
//! up and to drop than such a request costs to answer. All other requests are left to the library, which reads the same bytes again.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header};

/// The maximum size of such a request, in bytes.
pub const SIZE: usize = 4096;
/// The maximum number of headers. Browsers send about twenty.
const HEADERS: usize = 40;

/// The bytes that a request was read from.
#[derive(Clone)]
pub struct Received(pub Bytes);

/// Reads exactly one request. `None` if the bytes are not one whole request and nothing else, if `takes` does not accept its method
/// and path, or if only the library can answer it.
pub fn parse(bytes: &Bytes, takes: impl Fn(&Method, &str) -> bool) -> Option<Request<Body>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut read = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = read.parse(bytes).ok()? else {
        return None;
    };
    let method = match read.method? {
        "GET" => Method::GET,
        "POST" => Method::POST,
        _ => return None,
    };
    // A path only, not an absolute URL.
    let target = read.path.filter(|target| target.starts_with('/'))?;
    let uri = Uri::from_maybe_shared(bytes.slice_ref(target.as_bytes())).ok()?;
    if read.version != Some(1) || !takes(&method, uri.path()) {
        return None;
    }
    let headers = headers_of(bytes, read.headers)?;
    let body = bytes.slice(length..);
    if body.len() != body_length(&headers)? || (method == Method::GET && !body.is_empty()) {
        return None;
    }
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = headers;
    request.extensions_mut().insert(Received(bytes.clone()));
    Some(request)
}

/// The headers, unless they change what follows on the connection.
fn headers_of(bytes: &Bytes, read: &[httparse::Header<'_>]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(read.len());
    for line in read {
        let name = HeaderName::from_bytes(line.name.as_bytes()).ok()?;
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(line.value)).ok()?;
        let only_for_the_library = [header::EXPECT, header::TRANSFER_ENCODING, header::UPGRADE];
        if only_for_the_library.contains(&name)
            || (name == header::CONNECTION && !keeps_alive(&value))
        {
            return None;
        }
        headers.append(name, value);
    }
    Some(headers)
}

/// Whether a value of the header `Connection` only repeats the default of HTTP/1.1.
pub fn keeps_alive(value: &HeaderValue) -> bool {
    value.as_bytes().eq_ignore_ascii_case(b"keep-alive")
}

/// How long the body is; `None` if that is not clear.
fn body_length(headers: &HeaderMap) -> Option<usize> {
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let (first, second) = (lengths.next(), lengths.next());
    match (first, second) {
        (None, _) => Some(0),
        (Some(length), None) => {
            let length = length.to_str().ok()?;
            let digits = length.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| length.parse().ok()).flatten()
        }
        (Some(_), Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Request<Body>> {
        let takes = |_: &Method, path: &str| path == "/x/1";
        parse(&Bytes::copy_from_slice(text.as_bytes()), takes)
    }

    #[test]
    fn a_request_has_its_headers_and_its_body() {
        let text = "POST /x/1?b=c HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\ncookie: ü\r\nContent-Length: 2\r\n\r\nab";
        let request = read(text).unwrap();
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.uri(), "/x/1?b=c");
        assert_eq!(request.headers()[header::HOST], "h");
        let cookies = request.headers().get_all(header::COOKIE).iter();
        assert_eq!(cookies.map(HeaderValue::len).collect::<Vec<_>>(), [3, 2]);
        let body = request.body();
        assert_eq!(hyper::body::Body::size_hint(body).exact(), Some(2));
        let Received(bytes) = request.extensions().get().unwrap();
        assert_eq!(bytes, text);
        assert!(read("GET /x/1 HTTP/1.1\r\nConnection: Keep-Alive\r\n\r\n").is_some());
    }

    #[test]
    fn everything_else_is_left_to_the_library() {
        for other in [
            "",
            "GET /x/1",
            "GET /x/1 HTTP/1.1\r\n",
            "GET /y HTTP/1.1\r\n\r\n",
            "GET http://h/x/1 HTTP/1.1\r\n\r\n",
            "GET /x/1 HTTP/1.0\r\n\r\n",
            "HEAD /x/1 HTTP/1.1\r\n\r\n",
            "GET /x/1 HTTP/1.1\r\n\r\nGET /x/1 HTTP/1.1\r\n\r\n",
            "GET /x/1 HTTP/1.1\r\nContent-Length: 1\r\n\r\na",
            "POST /x/1 HTTP/1.1\r\nContent-Length: 2\r\n\r\na",
            "POST /x/1 HTTP/1.1\r\nContent-Length: 1\r\n\r\nab",
            "POST /x/1 HTTP/1.1\r\nContent-Length: +1\r\n\r\na",
            "POST /x/1 HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
            "POST /x/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST /x/1 HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\na",
            "GET /x/1 HTTP/1.1\r\nConnection: close\r\n\r\n",
            "GET /x/1 HTTP/1.1\r\nConnection: keep-alive, upgrade\r\n\r\n",
            "GET /x/1 HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
            "GET /x/1 HTTP/1.1\r\nA b: c\r\n\r\n",
            "GET / x/1 HTTP/1.1\r\n\r\n",
        ] {
            assert!(read(other).is_none(), "{other:?}");
        }
        let many = "A: b\r\n".repeat(HEADERS + 1);
        assert!(read(&format!("GET /x/1 HTTP/1.1\r\n{many}\r\n")).is_none());
    }
}
