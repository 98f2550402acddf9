//! Forms, queries, cookies and paths that the server reads. The input's lines: a parameter's name, a query, cookies, the form.

use fbchatd::fuzzing;

pub fn run(data: &[u8]) {
    let mut lines = data.splitn(4, |&byte| byte == b'\n');
    let mut text = || String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let (name, query) = (text(), text());
    let cookie = lines.next().unwrap_or_default();
    let form = lines.next().unwrap_or_default();
    let found = fuzzing::params(form, &query, cookie, &name);
    let pairs = || form_urlencoded::parse(form).chain(form_urlencoded::parse(query.as_bytes()));
    // More parameters than a request may have.
    if pairs().nth(300).is_some() {
        return assert_eq!(found, None);
    }
    // What comes first counts.
    let expected = pairs()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value);
    assert_eq!(found.as_deref(), expected.as_deref());
}
