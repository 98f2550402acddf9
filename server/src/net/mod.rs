//! Connections: listeners, TLS, limits per address, the client's address, held polls without their connection.

mod certificates;
pub mod connection_limits;
mod forwarded;
pub mod listener;
pub mod parked;
pub mod tls;
