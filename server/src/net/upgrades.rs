//! HTTP/1 connections that continue with another protocol after the status 101.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::sync::lock;

/// The bytes of a connection, whatever it is.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection that no longer speaks HTTP.
pub struct Upgraded {
    pub io: Box<dyn Duplex>,
    /// What the client has sent after its request.
    pub received: Bytes,
    /// Whether the server stops.
    pub closing: watch::Receiver<bool>,
}

impl Upgraded {
    pub fn new(io: impl Duplex + 'static, received: Bytes, closing: watch::Receiver<bool>) -> Self {
        let io = Box::new(io);
        Upgraded {
            io,
            received,
            closing,
        }
    }
}

/// Serves a connection after it has left HTTP.
pub type Rest = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What happens to a connection.
pub type Next = Box<dyn FnOnce(Upgraded) -> Rest + Send>;

/// Lets a handler take over the connection of a request. Only requests for another protocol carry it.
#[derive(Clone)]
pub struct Upgrade {
    next: Arc<Mutex<Option<Next>>>,
    /// Whether the connection was made to a loopback address.
    pub is_local: bool,
}

impl Upgrade {
    pub fn new(is_local: bool) -> Self {
        Upgrade {
            next: Arc::default(),
            is_local,
        }
    }

    /// Runs `next` with the connection once the answer is sent. The answer must have the status 101.
    pub fn then<F>(&self, next: impl FnOnce(Upgraded) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        *lock(&self.next) = Some(Box::new(|upgraded| Box::pin(next(upgraded))));
    }

    /// What to do with the connection now; `None` if no handler has taken it over.
    pub fn take(&self) -> Option<Next> {
        lock(&self.next).take()
    }
}
