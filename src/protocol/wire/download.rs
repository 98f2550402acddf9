//! The content of a file as it is received, over several attempts (RFC 9110 §14).

use crate::protocol::wire::exchange::{TransportError, TransportFault};

/// The headers of an answer that describe its content.
#[derive(Clone, Debug, Default)]
pub struct ContentHead {
    /// HTTP status code.
    pub status: u16,
    /// The `Content-Length` header.
    pub length: Option<u64>,
    /// The `Content-Range` header.
    pub range: Option<String>,
    /// The `ETag` header. Every answer with the content of a file has one; an answer without it is not a file.
    pub etag: Option<String>,
}

/// How much of a file has been received. The driver keeps it from one attempt to the next.
#[derive(Clone, Debug, Default)]
pub struct Received {
    done: u64,
    total: u64,
    etag: Option<String>,
}

impl Received {
    /// Bytes received.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// The total number of bytes; 0 before the first answer.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The headers `Range` and `If-Range` that ask for the rest.
    pub fn rest(&self) -> Option<(String, &str)> {
        let etag = self.etag.as_deref().filter(|_| self.done > 0)?;
        Some((format!("bytes={}-", self.done), etag))
    }

    /// Reads the head of an answer: how many bytes of its content were received before. `None` if it is not the content of a file.
    ///
    /// # Errors
    /// The content cannot be used, or has more than `most` bytes.
    pub fn begin(&mut self, head: &ContentHead, most: u64) -> Result<Option<u64>, TransportError> {
        let (Some(etag), 200 | 206) = (&head.etag, head.status) else {
            return Ok(None);
        };
        let (start, total) = match (head.status, head.range.as_deref()) {
            (206, range) => range.and_then(content_range).ok_or_else(unclear)?,
            _ => (0, head.length.ok_or_else(unclear)?),
        };
        if total > most {
            return Err(TransportError {
                fault: TransportFault::TooLarge,
                detail: format!("{total} bytes, and at most {most} are wanted"),
            });
        }
        let is_new = self.etag.is_none();
        let is_same = self.etag.as_ref() == Some(etag) && self.total == total;
        // An answer from the beginning restarts the file.
        if !(is_new || is_same || self.done == 0 && start == 0) {
            return Err(unusable("the file is not the same as before"));
        }
        self.etag = Some(etag.clone());
        self.total = total;
        match self.done.checked_sub(start) {
            Some(known) => Ok(Some(known)),
            None => Err(unusable("a part of the file is missing")),
        }
    }

    /// Counts bytes that were taken.
    pub fn add(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.done = self.done.saturating_add(bytes);
    }

    /// Checks at the end of an answer that nothing is missing.
    ///
    /// # Errors
    /// Something is missing.
    pub fn end(&self) -> Result<(), TransportError> {
        match self.done == self.total {
            true => Ok(()),
            false => Err(TransportError {
                fault: TransportFault::Io,
                detail: "the answer was cut short".to_owned(),
            }),
        }
    }
}

fn unclear() -> TransportError {
    unusable("the answer does not say how long the file is")
}

fn unusable(detail: &str) -> TransportError {
    TransportError {
        fault: TransportFault::Unusable,
        detail: detail.to_owned(),
    }
}

/// The first byte and the length of the whole: `bytes 5-9/10`.
fn content_range(header: &str) -> Option<(u64, u64)> {
    let (part, total) = header.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let (first, last, total): (u64, u64, u64) =
        (first.parse().ok()?, last.parse().ok()?, total.parse().ok()?);
    (first <= last && last < total).then_some((first, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, length: u64, range: &str, etag: &str) -> ContentHead {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        ContentHead {
            status,
            length: Some(length),
            range: text(range),
            etag: text(etag),
        }
    }

    #[test]
    fn a_download_goes_on_where_it_was() {
        let mut received = Received::default();
        assert_eq!(received.rest(), None);
        assert_eq!(received.begin(&head(200, 10, "", "a"), 10), Ok(Some(0)));
        received.add(4);
        assert!(received.end().is_err());
        assert_eq!(received.rest(), Some(("bytes=4-".to_owned(), "a")));
        let rest = head(206, 6, "bytes 4-9/10", "a");
        assert_eq!(received.clone().begin(&rest, 10), Ok(Some(0)));
        // A proxy that does not support ranges.
        assert_eq!(received.begin(&head(200, 10, "", "a"), 10), Ok(Some(4)));
        received.add(6);
        assert_eq!(received.end(), Ok(()));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut received = Received::default();
        for (odd, fault) in [
            (head(200, 11, "", "a"), TransportFault::TooLarge),
            (head(206, 5, "bytes 2-9/10", "a"), TransportFault::Unusable),
            (head(206, 5, "bytes 9-2/10", "a"), TransportFault::Unusable),
            (head(206, 5, "", "a"), TransportFault::Unusable),
            (
                ContentHead {
                    length: None,
                    ..head(200, 0, "", "a")
                },
                TransportFault::Unusable,
            ),
        ] {
            let error = received.clone().begin(&odd, 10).unwrap_err();
            assert_eq!(error.fault, fault, "{odd:?}");
        }
        for other in [head(404, 5, "", "a"), head(200, 5, "", "")] {
            assert_eq!(received.begin(&other, 10), Ok(None));
        }
        received.begin(&head(200, 10, "", "a"), 10).unwrap();
        received.add(4);
        for other in [head(200, 10, "", "b"), head(200, 9, "", "a")] {
            assert!(received.begin(&other, 10).is_err(), "{other:?}");
        }
    }
}
