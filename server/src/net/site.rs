//! What answers the requests that arrive.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::response::Response;
use tower::ServiceExt;

/// An answer on its way. A type of its own, because the compiler cannot tell that connections with the other one may change their thread.
pub struct Answering(Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>);

impl Answering {
    pub fn new(
        answer: impl Future<Output = Result<Response, Infallible>> + Send + 'static,
    ) -> Self {
        Answering(Box::pin(answer))
    }
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

/// Answers some requests without the router.
pub trait Direct: Send + Sync {
    /// Whether requests of this method and to this path are among them.
    fn takes(&self, method: &Method, path: &str) -> bool;

    /// Answers one of them.
    fn answer(&self, request: Request<Body>) -> Answering;
}

/// What answers requests.
#[derive(Clone)]
pub struct Site {
    router: Router,
    direct: Option<Arc<dyn Direct>>,
}

impl Site {
    /// A router, and what answers some of its requests faster.
    pub fn new(router: Router, direct: Arc<dyn Direct>) -> Self {
        Site {
            router,
            direct: Some(direct),
        }
    }

    /// Whether requests of this method and to this path are answered without the router.
    pub fn is_direct(&self, method: &Method, path: &str) -> bool {
        let direct = self.direct.as_ref();
        direct.is_some_and(|direct| direct.takes(method, path))
    }

    /// Answers a request.
    pub fn answer(&self, request: Request<Body>) -> Answering {
        match &self.direct {
            Some(direct) if direct.takes(request.method(), request.uri().path()) => {
                direct.answer(request)
            }
            _ => Answering::new(self.router.clone().oneshot(request)),
        }
    }
}

impl From<Router> for Site {
    fn from(router: Router) -> Self {
        Site {
            router,
            direct: None,
        }
    }
}
