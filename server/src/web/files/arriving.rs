//! Bodies of uploads as they arrive: with a minimum speed, and never completely in memory.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use tokio::time::{Instant, timeout_at};

use crate::web::envelope::AjaxError;
use crate::web::multipart::{Found, Reader};

/// How long any upload may take, and the average number of bytes per second that it needs after that.
const SLOW: Duration = Duration::from_secs(30);
const SLOWEST: u64 = 1 << 10;

fn broken() -> AjaxError {
    AjaxError::Invalid("This is not an upload, or it was cut short.".to_owned())
}

/// A body that arrives, no slower than allowed.
pub struct Arriving {
    body: Body,
    until: Instant,
}

impl Arriving {
    pub fn new(body: Body) -> Self {
        Arriving {
            body,
            until: Instant::now() + SLOW,
        }
    }

    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, AjaxError> {
        loop {
            let frame = poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx));
            let frame = timeout_at(self.until, frame)
                .await
                .map_err(|_| AjaxError::TooSlow)?;
            let Some(frame) = frame.transpose().map_err(|_| broken())? else {
                return Ok(None);
            };
            if let Ok(data) = frame.into_data() {
                let earned = Duration::from_secs(1) * u32::try_from(data.len()).unwrap_or(u32::MAX);
                self.until += earned / u32::try_from(SLOWEST).unwrap_or(u32::MAX);
                return Ok(Some(data));
            }
        }
    }
}

/// A form that arrives.
pub struct ArrivingForm {
    body: Arriving,
    reader: Reader,
}

impl ArrivingForm {
    pub fn new(body: Body, reader: Reader) -> Self {
        ArrivingForm {
            body: Arriving::new(body),
            reader,
        }
    }

    /// What follows in the form.
    pub async fn next(&mut self) -> Result<Found, AjaxError> {
        loop {
            if let Some(found) = self.reader.next().map_err(|_| broken())? {
                return Ok(found);
            }
            let data = self.body.next().await?.ok_or_else(broken)?;
            self.reader.push(data);
        }
    }
}
