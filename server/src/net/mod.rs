//! Connections: listeners, TLS, limits per address, the client's address, the server's names, held polls without their connection.

mod answers;
mod certificates;
pub mod connection_limits;
mod forwarded;
pub mod hosts;
pub mod http;
pub mod listener;
pub mod parked;
pub mod site;
pub mod small_requests;
pub mod streams;
pub mod tls;
pub mod upgrades;
