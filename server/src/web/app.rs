//! What request handlers share.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::bodies::Bodies;
use crate::concurrency_limit::ConcurrencyLimit;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::service::Services;
use crate::types::Uid;

/// The most uploads that are read at a time, of all users and of one.
const UPLOADS: usize = 16;
const UPLOADS_OF_USER: usize = 2;
/// The most files of one user that arrive at a time.
const FILES_OF_USER: usize = 4;

pub struct App {
    pub config: Config,
    pub services: Arc<Services>,
    pub metrics: Metrics,
    /// Permits to hold an upload in memory.
    pub uploads: Semaphore,
    /// The uploads of each user at a time, so that slow ones delay nobody else's.
    pub uploads_of: ConcurrencyLimit<Uid>,
    /// The uploads of files of each user at a time.
    pub files_of: ConcurrencyLimit<Uid>,
    /// What requests hold in memory, and answers that are not sent yet.
    pub bodies: Arc<Bodies>,
    pub answers: Arc<Bodies>,
}

impl App {
    pub fn new(config: Config, services: Arc<Services>, metrics: Metrics) -> Self {
        App {
            config,
            services,
            metrics,
            uploads: Semaphore::new(UPLOADS),
            uploads_of: ConcurrencyLimit::new(UPLOADS_OF_USER),
            files_of: ConcurrencyLimit::new(FILES_OF_USER),
            bodies: Arc::default(),
            answers: Arc::default(),
        }
    }
}
