//! Listens for notifications about news of other servers. They only make reading the news faster.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_postgres::AsyncMessage;

use super::connection::prepare;
use super::errors::describe;
use super::news::CHANNEL;
use super::settings::Settings;

/// How long to wait before connecting again.
const RETRY: Duration = Duration::from_millis(500);

/// Listens for as long as the task runs.
pub async fn listen(settings: Settings, own: i64, wake: Arc<Notify>) {
    let own = own.to_string();
    loop {
        if let Err(error) = until_lost(&settings, &own, &wake).await {
            // The writer logs this.
            log::debug!("cannot listen: {}", describe(&error));
        }
        sleep(RETRY).await;
    }
}

async fn until_lost(
    settings: &Settings,
    own: &str,
    wake: &Notify,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = settings.config.connect(settings.tls.clone()).await?;
    let listen = async {
        prepare(&client).await?;
        client.batch_execute(&format!("LISTEN {CHANNEL}")).await
    };
    let mut listen = std::pin::pin!(listen);
    let mut listens = false;
    poll_fn(|context| {
        loop {
            if !listens && let std::task::Poll::Ready(done) = listen.as_mut().poll(context) {
                listens = true;
                done?;
                wake.notify_one();
            }
            match std::task::ready!(connection.poll_message(context)) {
                Some(Ok(AsyncMessage::Notification(note))) if note.payload() != own => {
                    wake.notify_one();
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return std::task::Poll::Ready(Err(error)),
                None => return std::task::Poll::Ready(Ok(())),
            }
        }
    })
    .await
}
