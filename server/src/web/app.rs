//! What request handlers share.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::bodies::Bodies;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::service::Services;

/// The most uploads that are read at a time.
const UPLOADS: usize = 16;

pub struct App {
    pub config: Config,
    pub services: Services,
    pub metrics: Metrics,
    /// Permits to hold an upload in memory.
    pub uploads: Semaphore,
    /// What requests hold in memory.
    pub bodies: Arc<Bodies>,
}

impl App {
    pub fn new(config: Config, services: Services, metrics: Metrics) -> Self {
        App {
            config,
            services,
            metrics,
            uploads: Semaphore::new(UPLOADS),
            bodies: Arc::default(),
        }
    }
}
