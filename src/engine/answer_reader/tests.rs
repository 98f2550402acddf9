//! Answers, right and wrong, in parts of every size.

use super::*;

/// Reads an answer that arrives in pieces of this size.
fn read_in(bytes: &[u8], size: usize) -> Result<Option<Answer>, TransportError> {
    let mut reader = AnswerReader::new(100);
    for piece in bytes.chunks(size) {
        reader.buffer().extend_from_slice(piece);
        if let Some(answer) = reader.advance()? {
            return Ok(Some(answer));
        }
    }
    Ok(reader.end())
}

/// Status, body, and whether the connection is kept; the same for all pieces.
fn read(text: &str) -> Result<Option<(u16, String, bool)>, TransportFault> {
    let told = |size| {
        let answer = read_in(text.as_bytes(), size).map_err(|error| error.fault);
        answer.map(|answer| {
            answer.map(|it| {
                let body = String::from_utf8(it.reply.body).unwrap();
                (it.reply.status, body, it.keeps_connection)
            })
        })
    };
    let whole = told(text.len().max(1));
    for size in 1..20 {
        assert_eq!(told(size), whole, "{size}: {text}");
    }
    whole
}

fn full(
    status: u16,
    body: &str,
    keeps: bool,
) -> Result<Option<(u16, String, bool)>, TransportFault> {
    Ok(Some((status, body.to_owned(), keeps)))
}

#[test]
fn every_framing_is_read_in_pieces_of_any_size() {
    for (text, wanted) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            full(200, "ok", true),
        ),
        (
            "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
            full(200, "ok", true),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\nContent-Length: 2\r\n\r\nok",
            full(200, "ok", true),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: x, Close\r\n\r\nok",
            full(200, "ok", false),
        ),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
            full(200, "ok", false),
        ),
        ("HTTP/1.1 200 OK\r\n\r\nok", full(200, "ok", false)),
        ("HTTP/1.1 204 No Content\r\n\r\n", full(204, "", true)),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\nHTTP/1.1 502 x\r\nContent-Length: 0\r\n\r\n",
            full(502, "", true),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n",
            full(200, "abcde", true),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\nContent-Length: 1\r\n\r\n1\r\na\r\n0\r\nA: b\r\n\r\n",
            full(200, "a", true),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: odd\r\nContent-Length: 1\r\n\r\nabc",
            full(200, "abc", false),
        ),
    ] {
        assert_eq!(read(text), wanted, "{text}");
    }
}

#[test]
fn bytes_behind_an_answer_are_not_given_to_the_next() {
    let one = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab";
    assert!(!read_in(one, one.len()).unwrap().unwrap().keeps_connection);
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx";
    let answer = read_in(chunked, chunked.len()).unwrap().unwrap();
    assert!(!answer.keeps_connection);
}

#[test]
fn cut_answers_are_no_answers() {
    for text in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n",
    ] {
        assert_eq!(read(text), Ok(None), "{text}");
    }
}

#[test]
fn what_is_not_http_and_what_contradicts_itself_is_refused() {
    for text in [
        "SSH-2.0-x\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\na",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n\r\n",
    ] {
        assert_eq!(read(text), Err(TransportFault::Io), "{text}");
    }
    let encoded = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(read(encoded), Err(TransportFault::Encoded));
}

#[test]
fn nothing_is_read_without_end() {
    let body = "x".repeat(101);
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n\r\n{body}"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n".to_owned(),
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{:64}\r\n40\r\n{:64}\r\n",
            "", ""
        ),
    ] {
        assert_eq!(read(&text), Err(TransportFault::TooLarge), "{text}");
    }
    let line = "x".repeat(LONGEST_HEAD + 1);
    for endless in [
        format!("HTTP/1.1 200 OK\r\nA: {line}"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;{line}"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: {line}"),
    ] {
        let read = read_in(endless.as_bytes(), endless.len());
        assert_eq!(read.unwrap_err().fault, TransportFault::Io);
    }
    let many = "A: b\r\n".repeat(MOST_FIELDS + 1);
    let head = format!("HTTP/1.1 200 OK\r\n{many}\r\n");
    assert!(read_in(head.as_bytes(), head.len()).is_err());
}
