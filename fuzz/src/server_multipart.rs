//! Uploads. The input's first line is the media type, the rest the body.

use fbchatd::fuzzing;

pub fn run(data: &[u8]) {
    let at = data.iter().position(|&byte| byte == b'\n');
    let (media_type, body) = data.split_at(at.unwrap_or(0));
    let body = body.get(1..).unwrap_or_default();
    let media_type = String::from_utf8_lossy(media_type);
    if let Some(parts) = fuzzing::multipart(&media_type, body) {
        assert!(parts.len() <= 32);
        let length: usize = parts.iter().map(|(_, data)| data.len()).sum();
        assert!(length <= body.len());
    }
    round_trip(body);
}

/// A form that a browser sends comes out as it went in.
fn round_trip(content: &[u8]) {
    let boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
    let separator = format!("\r\n--{boundary}");
    if content
        .windows(separator.len())
        .any(|at| at == separator.as_bytes())
    {
        return;
    }
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"post_form_id\"\r\n\r\nabc\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"pic\"; filename=\"a.gif\"\r\nContent-Type: image/gif\r\n\r\n"
    );
    let body = [head.as_bytes(), content, separator.as_bytes(), b"--\r\n"].concat();
    let parts = fuzzing::multipart(&format!("multipart/form-data; boundary={boundary}"), &body);
    let expected = [("post_form_id", &b"abc"[..]), ("pic", content)];
    let expected = expected.map(|(name, data)| (name.to_owned(), data.to_vec()));
    assert_eq!(parts, Some(expected.to_vec()));
}
