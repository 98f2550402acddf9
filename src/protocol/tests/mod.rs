//! Sessions against a model of the server in one process, on a simulated clock, with latency and loss.
//!
//! The model knows just enough of the protocol to fail in the ways that servers and networks do. The real server is tested
//! with the real client elsewhere.

mod accounts;
mod chaos;
mod files;
mod group_messages;
mod groups;
mod history_and_pictures;
mod model;
mod pages;
mod people;
mod people_model;
mod proxies;
mod queries;
mod rate_limits;
mod recovery;
mod resume;
mod send_batches;
mod sending;
mod session;
mod trust;
mod world;

use super::*;
use crate::status::Status;
use crate::types::Connection;
use crate::types::{Command, Event, Millis, Query, RequestId, Secret, Uid};
use world::{Client, Cut, EPOCH, Faults, World};

fn logged_in(world: &mut World) {
    for who in 0..world.clients.len() {
        world.login(who);
    }
    world.run(5_000);
    for who in 0..world.clients.len() {
        assert!(
            world.has(who, |event| matches!(event, Event::LoggedIn { .. })),
            "{:?}",
            world.clients[who].events
        );
        assert!(world.has(who, |event| *event
            == Event::Connection(Connection::Connected)));
    }
}

/// The final events of a request.
fn finals(world: &World, who: usize, wanted: RequestId) -> Vec<Event> {
    let is_final = |event: &&Event| event.answers() == Some(wanted);
    world.clients[who]
        .events
        .iter()
        .filter(is_final)
        .cloned()
        .collect()
}

fn failure(world: &World, who: usize, request: RequestId) -> Status {
    match finals(world, who, request).as_slice() {
        [
            Event::Failed { problem, .. }
            | Event::LoginFailed { problem, .. }
            | Event::Challenge { problem, .. },
        ] => problem.status,
        other => panic!("{other:?}"),
    }
}

/// Client 0 sends this many messages at once to user 2, who is client 1.
fn burst(world: &mut World, count: usize) -> (Vec<RequestId>, Vec<String>) {
    let texts: Vec<String> = (0..count).map(|n| n.to_string()).collect();
    let requests = texts.iter().map(|text| world.send(0, 2, text)).collect();
    (requests, texts)
}
