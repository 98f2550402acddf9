//! Forms with a file (RFC 7578), as far as the upload of a picture needs them. The whole body is in memory already.

/// The most parts of a form.
const PARTS: usize = 32;

/// One field of a form.
#[derive(Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its content.
    pub data: &'a [u8],
}

/// The fields of a body; `None` if it is not a form of this kind, or cut short.
pub fn parse<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let boundary = boundary(content_type)?;
    let (delimiter, separator) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
    let start = find(body, delimiter.as_bytes())?;
    let mut rest = body.get(start + delimiter.len()..)?;
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        if parts.len() == PARTS {
            return None;
        }
        let (head, content) = cut(rest, b"\r\n\r\n")?;
        let (data, next) = cut(content, separator.as_bytes())?;
        if let Some(name) = std::str::from_utf8(head).ok().and_then(name) {
            parts.push(Part { name, data });
        }
        rest = next;
    }
    Some(parts)
}

fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.trim().split_once('=')?;
        key.eq_ignore_ascii_case("boundary")
            .then(|| value.trim_matches('"'))
    })?;
    (1..=70).contains(&boundary.len()).then_some(boundary)
}

fn name(head: &str) -> Option<&str> {
    let line = head.split("\r\n").find(|line| {
        line.get(..20)
            .is_some_and(|key| key.eq_ignore_ascii_case("content-disposition:"))
    })?;
    let (_, name) = line.split_once(" name=\"")?;
    name.split_once('"').map(|(name, _)| name)
}

fn cut<'a>(text: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (before, rest) = text.split_at(find(text, at)?);
    Some((before, rest.get(at.len()..)?))
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|found| found == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=\"x-y\"";
    const BODY: &[u8] = b"preamble\r\n--x-y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x-y\r\n\
        content-disposition: form-data; filename=\"--x-y\"; name=\"pic\"\r\nContent-Type: image/gif\r\n\r\n\xff\r\n\r\n-\r\n--x-y--\r\n";

    #[test]
    fn fields_are_complete() {
        let parts = parse(KIND, BODY).unwrap();
        let part = |name, data| Part { name, data };
        assert_eq!(parts, [part("a", b"1"), part("pic", b"\xff\r\n\r\n-")]);
    }

    #[test]
    fn what_is_cut_short_or_no_form_is_refused() {
        let end = BODY.len() - 4;
        for length in 0..end {
            assert_eq!(parse(KIND, &BODY[..length]), None, "{length}");
        }
        for kind in [
            "",
            "text/plain",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=z",
        ] {
            assert_eq!(parse(kind, BODY), None, "{kind}");
        }
        let many = "--x-y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n".repeat(33)
            + "--x-y--";
        assert_eq!(parse(KIND, many.as_bytes()), None);
    }
}
