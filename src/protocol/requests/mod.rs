//! What the session asks of the server beside the connection: messages, queries and read marks, and the exchanges under way.

pub mod history_request;
pub mod in_flight;
pub mod message_rule;
pub mod outbox;
pub mod picture;
pub mod queries;
pub mod query_rule;
pub mod rate_limit;
pub mod read_marks;
pub mod refusal;
pub mod send_batch;
pub mod simple_queries;
pub mod transfer;
pub mod transfers;
pub mod unsettled;
