//! The cost of an event from the worker to a C program: queue, descriptor and poll, reading and freeing.
//!
//! Compared with the channel of the standard library, which moves the same messages without a descriptor, limits or sessions.

use fbchat::client::{Client, ClientConfig};
use fbchat::ffi;
use fbchat::types::{Buddy, Event, Message, Origin, Presence, Uid};
use std::hint::black_box;
use std::os::fd::AsRawFd;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

const EVENTS: usize = 1_000_000;
const RUNS: usize = 5;

fn message(number: usize) -> Event {
    Event::Message(Message {
        from: Uid(100_002),
        to: Uid(100_001),
        in_group: false,
        notice: None,
        files: Vec::new(),
        from_name: "Bob Example".to_owned(),
        to_name: "Alice Example".to_owned(),
        text: "Are you coming to the lake on Sunday?".to_owned(),
        time: 1_227_312_000_000,
        message_id: number.to_string(),
        origin: Origin::Incoming,
        replayed: false,
    })
}

fn best(what: impl Fn() -> Duration) -> Duration {
    (0..RUNS).map(|_| what()).min().unwrap_or_default()
}

/// One thread sends and one receives, like worker and host.
fn through_queue() -> Duration {
    let config = ClientConfig {
        queue_limit: 1_000_000,
        ..ClientConfig::default()
    };
    let client = Client::new(config).expect("a client");
    let session = client.open(None, 0).expect("a session");
    let events: Vec<Event> = (0..EVENTS).map(message).collect();
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            events
                .into_iter()
                .for_each(|event| client.inject(session, event))
        });
        let mut taken = 0;
        while taken < EVENTS {
            if let Ok(fbchat::client::Polled::Event(event)) = client.poll(None) {
                taken += usize::from(matches!(black_box(event).event, Event::Message(_)));
            }
        }
    });
    black_box(client.as_raw_fd());
    start.elapsed()
}

fn through_channel() -> Duration {
    let events: Vec<Event> = (0..EVENTS).map(message).collect();
    let (sender, receiver) = mpsc::channel();
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            events
                .into_iter()
                .for_each(|event| drop(sender.send(event)))
        });
        receiver.iter().for_each(|event| drop(black_box(event)));
    });
    start.elapsed()
}

/// What a plugin does with each message: takes it, reads five fields, frees it.
fn read_in_c() -> Duration {
    let mut taken = Duration::ZERO;
    let mut client = std::ptr::null_mut();
    // SAFETY: as the header requires.
    unsafe {
        let mut config = std::ptr::null_mut();
        ffi::fbchat_config_new(&mut config);
        ffi::fbchat_config_set_int(config, ffi::FBCHAT_CONFIG_QUEUE_LIMIT, 1_000_000);
        assert_eq!(ffi::fbchat_client_new(config, &mut client), 0);
        ffi::fbchat_config_free(config);
        let mut session = 0;
        assert_eq!(
            ffi::fbchat_session_open(client, std::ptr::null(), std::ptr::null_mut(), &mut session),
            0
        );
        for _ in 0..10 {
            ffi::bench_inject(client, session, &mut (0..EVENTS / 10).map(message));
            let start = Instant::now();
            let mut left = EVENTS / 10;
            while left > 0 {
                let mut event = std::ptr::null_mut();
                assert_eq!(ffi::fbchat_client_poll(client, 0, &mut event), 0);
                if ffi::fbchat_event_kind(event) == ffi::FBCHAT_EVENT_MESSAGE {
                    left -= 1;
                    let (mut from, mut time, mut len) = (0, 0, 0);
                    ffi::fbchat_event_int(event, 0, ffi::FBCHAT_FIELD_FROM, &mut from);
                    ffi::fbchat_event_int(event, 0, ffi::FBCHAT_FIELD_TIME_MS, &mut time);
                    black_box(ffi::fbchat_event_str(
                        event,
                        0,
                        ffi::FBCHAT_FIELD_FROM_NAME,
                        &mut len,
                    ));
                    black_box(ffi::fbchat_event_str(
                        event,
                        0,
                        ffi::FBCHAT_FIELD_TEXT,
                        &mut len,
                    ));
                    black_box(ffi::fbchat_event_str(
                        event,
                        0,
                        ffi::FBCHAT_FIELD_MESSAGE_ID,
                        &mut len,
                    ));
                    black_box((from, time));
                }
                ffi::fbchat_event_free(event);
            }
            taken += start.elapsed();
        }
        ffi::fbchat_client_free(client);
    }
    taken
}

/// How long a long buddy list blocks a host's main loop.
fn list_in_c() -> Duration {
    let buddy = |number| Buddy {
        uid: Uid(number),
        name: format!("Friend Number {number}"),
        first_name: "Friend".to_owned(),
        presence: Presence::Idle,
        idle_since: 0,
        status_text: Some("is reading old protocols".to_owned()),
        status_time: 1_227_312_000_000,
        picture_url: Some(format!(
            "http://127.0.0.1:8080/pics/q{number}_0123456789abcdef.jpg"
        )),
    };
    let list = Event::BuddyList {
        request: None,
        buddies: (1..=10_000).map(|number| Arc::new(buddy(number))).collect(),
    };
    let mut client = std::ptr::null_mut();
    let mut session = 0;
    // SAFETY: as the header requires.
    unsafe {
        assert_eq!(ffi::fbchat_client_new(std::ptr::null(), &mut client), 0);
        let no_data = std::ptr::null_mut();
        ffi::fbchat_session_open(client, std::ptr::null(), no_data, &mut session);
        ffi::bench_inject(client, session, &mut std::iter::once(list));
        let start = Instant::now();
        let mut event = std::ptr::null_mut();
        assert_eq!(ffi::fbchat_client_poll(client, 0, &mut event), 0);
        let taken = start.elapsed();
        assert_eq!(ffi::fbchat_event_count(event), 10_000);
        ffi::fbchat_event_free(event);
        ffi::fbchat_client_free(client);
        taken
    }
}

fn main() {
    let list = best(list_in_c);
    let queue = best(through_queue);
    let channel = best(through_channel);
    let read = best(read_in_c);
    let per_second = |span: Duration| EVENTS as f64 / span.as_secs_f64() / 1e6;
    let each = |span: Duration| span.as_nanos() as f64 / EVENTS as f64;
    println!("events: best of {RUNS} runs of {EVENTS} messages");
    println!(
        "  through queue and poll, two threads   {:6.2} million/s",
        per_second(queue)
    );
    println!(
        "  through std::sync::mpsc, two threads  {:6.2} million/s  (we take {:.1} times as long)",
        per_second(channel),
        queue.as_secs_f64() / channel.as_secs_f64()
    );
    println!(
        "  polled, five fields read, freed in C  {:6.0} ns each",
        each(read)
    );
    println!(
        "  polling a list of 10,000 buddies      {:6.2} ms",
        list.as_secs_f64() * 1e3
    );
}
