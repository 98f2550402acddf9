//! Work that goes on although its client has gone. A handler is dropped at whatever await it is when the connection
//! closes or the time is up; what the store has done by then would never be heard of by the hub and by others.

use crate::web::envelope::AjaxError;

/// Does `work` whether or not somebody still waits for its result: for what is stored first and told then.
pub async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, AjaxError>> + Send + 'static,
) -> Result<T, AjaxError> {
    // It fails only if the work panicked or the server has stopped.
    tokio::spawn(work)
        .await
        .unwrap_or(Err(AjaxError::NotStored))
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_outlives_whoever_waits_for_it() {
        let (store, stored) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let handler = tokio::spawn(detached(async move {
            let _ = stored.await;
            let _ = tell.send("told");
            Ok(())
        }));
        tokio::task::yield_now().await;
        handler.abort();
        assert!(handler.await.unwrap_err().is_cancelled());
        store.send(()).unwrap();
        assert_eq!(told.await.unwrap(), "told");
    }
}
