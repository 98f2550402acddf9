//! Exchanges with the content of a file, which is passed on as it arrives and not collected.

use super::{ConnectionSource, Http, Request, classify_request, reply_head, texts, timed_out};
use crate::engine::transfer::{Content, Transfer, Upload};
use crate::protocol::{ContentHead, Exchange, Reply, Stream, TransportError, TransportFault};
use bytes::Bytes;
use reqwest::header;
use std::sync::Arc;
use std::time::Duration;

impl Http {
    /// Carries out an exchange with a stream, on a connection of its own. `progress` is called now and then.
    ///
    /// The exchange as a whole has no time limit, but some bytes must pass in each period.
    pub(in crate::engine) async fn transfer(
        &self,
        mut exchange: Exchange,
        transfer: Arc<Transfer>,
        progress: impl Fn() + Clone + Send + Sync + 'static,
    ) -> Result<Reply, TransportError> {
        let Some(stream) = exchange.stream.take() else {
            return self.execute(exchange).await;
        };
        let period = Duration::from_millis(exchange.timeout);
        let watched = transfer.clone();
        let passing = async {
            match stream {
                Stream::Upload { tail, .. } => {
                    self.upload(exchange, tail.into(), transfer, progress).await
                }
                Stream::Download { most, .. } => {
                    self.download(exchange, most, &transfer, &progress).await
                }
            }
        };
        let mut passing = std::pin::pin!(passing);
        loop {
            let before = watched.done();
            match tokio::time::timeout(period, &mut passing).await {
                Ok(outcome) => return outcome,
                Err(_) if watched.done() == before => return Err(timed_out(period)),
                Err(_) => {}
            }
        }
    }

    async fn upload(
        &self,
        exchange: Exchange,
        tail: Bytes,
        transfer: Arc<Transfer>,
        progress: impl Fn() + Send + Sync + 'static,
    ) -> Result<Reply, TransportError> {
        let mut request = Request::new(exchange);
        let (content_type, head) = request.body.take().unwrap_or_default();
        let body = Upload::new(transfer, head, tail, progress)?;
        let failure = body.failure();
        let proxy = self.network.proxy.label(&request.url);
        let client = self.client(&request.url, ConnectionSource::New).await?;
        let sending = request
            .build(&client)
            .header(header::CONTENT_TYPE, content_type)
            .body(reqwest::Body::wrap(body));
        let sent = sending.send().await;
        let host_failed = super::lock(&failure).take();
        if let Some(failed) = host_failed {
            return Err(failed);
        }
        let classify = |error| classify_request(&error, proxy.as_deref());
        let mut response = sent.map_err(classify)?;
        let mut reply = reply_head(&response, proxy.as_deref())?;
        super::read_body(&mut response, &mut reply.body, request.body_limit, classify).await?;
        Ok(reply)
    }

    async fn download(
        &self,
        exchange: Exchange,
        most: u64,
        transfer: &Transfer,
        progress: &impl Fn(),
    ) -> Result<Reply, TransportError> {
        let Content::Download(incoming) = &transfer.content else {
            return Err(broken_off());
        };
        let mut incoming = incoming.lock().await;
        let incoming = &mut *incoming;
        let request = Request::new(exchange);
        let proxy = self.network.proxy.label(&request.url);
        let client = self.client(&request.url, ConnectionSource::New).await?;
        let mut asking = request.build(&client);
        if let Some((range, etag)) = incoming.received.rest() {
            asking = asking
                .header(header::RANGE, range)
                .header(header::IF_RANGE, etag);
        }
        let classify = |error| classify_request(&error, proxy.as_deref());
        let mut response = asking.send().await.map_err(classify)?;
        let mut reply = reply_head(&response, proxy.as_deref())?;
        let head = ContentHead {
            status: reply.status,
            length: response.content_length(),
            range: texts(&response, header::CONTENT_RANGE).next(),
            etag: texts(&response, header::ETAG).next(),
        };
        let Some(mut known) = incoming.received.begin(&head, most)? else {
            super::read_body(&mut response, &mut reply.body, request.body_limit, classify).await?;
            return Ok(reply);
        };
        let total = incoming.received.total();
        while let Some(chunk) = response.chunk().await.map_err(classify)? {
            let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            let skipped = usize::try_from(known.min(length)).unwrap_or(chunk.len());
            known = known.saturating_sub(length);
            let fresh = chunk.get(skipped..).unwrap_or_default();
            let left = total.saturating_sub(incoming.received.done());
            if u64::try_from(fresh.len()).unwrap_or(u64::MAX) > left {
                return Err(TransportError {
                    fault: TransportFault::Unusable,
                    detail: "more than the file has".to_owned(),
                });
            }
            let received = &mut incoming.received;
            let taken = incoming.sink.write(fresh, |bytes| {
                received.add(bytes);
                if transfer.reached(received.done(), total) {
                    progress();
                }
            });
            taken.await?;
        }
        incoming.received.end()?;
        let content_type = texts(&response, header::CONTENT_TYPE).next();
        reply.content_type = Some(content_type.unwrap_or_default());
        reply.body = incoming.sink.take_memory();
        Ok(reply)
    }
}

fn broken_off() -> TransportError {
    TransportError {
        fault: TransportFault::Host,
        detail: "it is over".to_owned(),
    }
}
