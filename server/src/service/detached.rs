//! Work that goes on when the caller is dropped. A front end may drop a call at any await, for instance because the client has
//! closed its connection. If the store had done its part by then, the hub and other users would never be told.

use crate::store::StoreError;

/// Runs `work` to the end, whether or not the caller still waits for the result. For what is stored first and announced then.
pub async fn detached<T, E>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    // This fails only if the work panicked or the server has stopped.
    let done = tokio::spawn(work).await;
    done.unwrap_or_else(|_| Err(StoreError::Closed.into()))
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
            Ok::<_, StoreError>(())
        }));
        tokio::task::yield_now().await;
        handler.abort();
        assert!(handler.await.unwrap_err().is_cancelled());
        store.send(()).unwrap();
        assert_eq!(told.await.unwrap(), "told");
    }
}
