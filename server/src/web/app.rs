//! What request handlers share.

use tokio::sync::Semaphore;

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
}

impl App {
    pub fn new(config: Config, services: Services, metrics: Metrics) -> Self {
        App {
            config,
            services,
            metrics,
            uploads: Semaphore::new(UPLOADS),
        }
    }
}
