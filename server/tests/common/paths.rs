//! What the server serves.

use super::between;

const ROUTER: &str = include_str!("../../src/web/mod.rs");

/// The paths of the router, as they stand in its source.
pub fn paths() -> Vec<&'static str> {
    let mut parts = ROUTER.split(".route(").skip(1);
    let paths: Vec<_> = parts
        .by_ref()
        .map(|part| between(part, "\"", "\""))
        .collect();
    assert!(paths.len() > 40, "{paths:?}");
    paths
}
