//! Tests of the event queue and of session handles.
//!
//! They stand outside of the modules that they test because `queue_model` compiles the queue a second time.

#![forbid(unsafe_code)]

mod queue;
mod queue_model;
mod queue_stress;
mod session_handle;
