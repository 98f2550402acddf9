//! What travels between client and server: HTTP exchanges, JSON, pages, addresses and cookies.
//!
//! Reading and writing only. What a reply means for the session is decided by the parts that asked for it.

pub mod channel_reply;
pub mod cookies;
pub mod download;
pub mod endpoints;
pub mod exchange;
pub mod html;
pub mod item;
pub mod json;
pub mod page;
pub mod pattern;
pub mod plain_items;
pub mod reading_cost;
pub mod reply;
pub mod request;
