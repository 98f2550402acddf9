//! Work that goes on when the caller is dropped. A front end may drop a call at any await, for instance because the client has
//! closed its connection. If the store had done its part by then, the hub and other users would never be told.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// Runs `work` to the end, whether or not the caller still waits for the result. For what is stored first and announced then.
pub fn detached<F>(work: F) -> impl Future<Output = F::Output> + Send
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    Detached(Some(Box::pin(work)))
}

/// Work that becomes a task of its own only when its caller is dropped. Most callers wait for it, and a task costs more than they do.
struct Detached<F>(Option<Pin<Box<F>>>)
where
    F: Future + Send + 'static,
    F::Output: Send;

impl<F> Future for Detached<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Work that panics is not continued.
        let Some(mut work) = self.0.take() else {
            return Poll::Pending;
        };
        let polled = work.as_mut().poll(cx);
        if polled.is_pending() {
            self.0 = Some(work);
        }
        polled
    }
}

impl<F> Drop for Detached<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn drop(&mut self) {
        // Without a runtime the server has stopped.
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_continues_when_nobody_waits_for_it() {
        let (store, stored) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let handler = tokio::spawn(detached(async move {
            let _ = stored.await;
            let _ = tell.send("told");
        }));
        tokio::task::yield_now().await;
        handler.abort();
        assert!(handler.await.unwrap_err().is_cancelled());
        store.send(()).unwrap();
        assert_eq!(told.await.unwrap(), "told");
    }
}
