//! Presence, sessions, polls and subscriptions of one user together.

use super::polls::POLLS;
use super::sessions::ENDED;
use super::*;
use crate::clock::now_ms;

const LIMITS: Limits = Limits {
    offline_after: Duration::from_secs(90),
    idle_after: Duration::from_secs(300),
    is_shared: false,
};
const ONE: SessionKey = SessionKey([1; 32]);
const TWO: SessionKey = SessionKey([2; 32]);

fn presence(user: &mut UserState, now: Instant) -> Presence {
    let _ = user.update_presence(LIMITS, now);
    user.presence()
}

fn hold(user: &mut UserState, id: u64, session: SessionKey) -> oneshot::Receiver<Wake> {
    let (wake, woken) = oneshot::channel();
    user.wait(id, session, wake);
    woken
}

#[test]
fn a_held_poll_keeps_a_user_online_and_silence_makes_them_idle() {
    let (mut user, start) = (UserState::default(), Instant::now());
    let at = |s| start + Duration::from_secs(s);
    assert_eq!(presence(&mut user, start), Presence::Offline);
    user.mark_online(ONE, false, start);
    assert_eq!(presence(&mut user, start), Presence::Active);
    let _poll = hold(&mut user, 1, ONE);
    assert_eq!(presence(&mut user, at(299)), Presence::Active);
    let idle = presence(&mut user, at(300));
    assert!(idle.idle_since().is_some());
    user.stop_waiting(1, ONE, at(310));
    assert_eq!(presence(&mut user, at(399)), idle);
    user.mark_online(ONE, true, at(399));
    assert_eq!(presence(&mut user, at(399)), Presence::Active);
    assert_eq!(presence(&mut user, at(399 + 90)), Presence::Offline);
}

#[test]
fn loading_a_page_makes_a_user_active_but_not_online() {
    let (mut user, start) = (UserState::default(), Instant::now());
    let at = |s| start + Duration::from_secs(s);
    user.touch(ONE, true, start);
    assert_eq!(presence(&mut user, start), Presence::Offline);
    assert!(!user.is_connected());
    user.mark_online(TWO, false, start);
    let _poll = hold(&mut user, 1, TWO);
    let idle = presence(&mut user, at(300));
    assert!(idle.idle_since().is_some());
    user.touch(ONE, false, at(310));
    assert_eq!(presence(&mut user, at(310)), idle);
    user.touch(ONE, true, at(320));
    assert_eq!(presence(&mut user, at(320)), Presence::Active);
}

#[test]
fn a_subscription_shows_what_its_client_says_for_as_long_as_it_lasts() {
    let (mut user, start) = (UserState::default(), Instant::now());
    let at = |s| start + Duration::from_secs(s);
    let signal = Arc::new(Signal::default());
    user.subscribe(1, ONE, signal.clone());
    assert_eq!(presence(&mut user, start), Presence::Offline);
    assert!(user.is_connected());
    user.show(1, Availability::Available, start);
    assert_eq!(presence(&mut user, at(200)), Presence::Active);
    user.show(1, Availability::Away, at(200));
    let idle = presence(&mut user, at(200));
    assert!(idle.idle_since().is_some());
    // The user is at a client on another server.
    user.mark_online(TWO, true, at(201));
    assert_eq!(presence(&mut user, at(201)), Presence::Active);
    user.end_session(TWO, at(202));
    assert_eq!(presence(&mut user, at(202)), idle);
    user.show(1, Availability::Hidden, at(203));
    assert_eq!(presence(&mut user, at(203)), Presence::Offline);
    user.show(1, Availability::Available, at(204));
    user.unsubscribe(1, at(204));
    assert_eq!(presence(&mut user, at(204 + 89)), Presence::Active);
    assert_eq!(presence(&mut user, at(204 + 90)), Presence::Offline);
    assert!(!user.is_connected());
}

#[test]
fn the_last_session_to_end_takes_the_user_offline() {
    let (mut user, now) = (UserState::default(), Instant::now());
    user.mark_online(ONE, true, now);
    user.mark_online(TWO, true, now);
    let mut poll = hold(&mut user, 1, ONE);
    user.end_session(ONE, now);
    assert_eq!(poll.try_recv().unwrap(), Wake::Ended);
    assert_eq!(presence(&mut user, now), Presence::Active);
    user.end_session(TWO, now);
    assert_eq!(presence(&mut user, now), Presence::Offline);
}

#[test]
fn a_request_in_progress_does_not_revive_an_ended_session() {
    let (mut user, start) = (UserState::default(), Instant::now());
    user.mark_online(ONE, true, start);
    user.end_session(ONE, start);
    user.mark_online(ONE, true, start);
    let mut poll = hold(&mut user, 1, ONE);
    assert_eq!(poll.try_recv().unwrap(), Wake::Ended);
    assert_eq!(presence(&mut user, start), Presence::Offline);
    assert!(!user.is_connected());
    user.mark_online(TWO, true, start);
    assert_eq!(presence(&mut user, start + ENDED), Presence::Active);
    assert!(!user.sessions.has_ended(ONE));
}

#[test]
fn other_servers_count_and_are_told_what_changes_here() {
    let limits = Limits {
        is_shared: true,
        ..LIMITS
    };
    let (mut user, start) = (UserState::default(), Instant::now());
    let at = |s| start + Duration::from_secs(s);
    let elsewhere = |presence, active| Here {
        presence,
        active,
        sessions: vec![TWO],
    };
    assert_eq!(user.update_presence(limits, start), Changed::Nothing);
    // Idle at the other server, and still idle after coming from there.
    let since = now_ms() - 1_000_000;
    let idle = Presence::Idle { since };
    user.set_elsewhere(7, Some(elsewhere(idle, since)));
    assert!(user.is_connected_anywhere() && !user.is_connected());
    assert_eq!(user.presence(), idle);
    user.mark_online(TWO, false, at(2000));
    assert_eq!(user.update_presence(limits, at(2000)), Changed::Presence);
    assert!(user.presence().idle_since().is_some());
    assert_eq!(user.update_presence(limits, at(2001)), Changed::Nothing);
    assert_eq!(user.all_sessions(), [TWO, TWO]);
    // A user who is active anywhere is active.
    user.set_elsewhere(7, Some(elsewhere(Presence::Active, now_ms())));
    assert_eq!(user.presence(), Presence::Active);
    user.set_elsewhere(7, None);
    assert!(user.presence().idle_since().is_some());
    // Another session changes nothing for friends, but servers have to know.
    user.mark_online(ONE, false, at(2001));
    assert_eq!(user.update_presence(limits, at(2001)), Changed::Connection);
    // What could not be told is told again, and everything after other servers were forgotten.
    user.must_tell();
    assert_eq!(user.update_presence(limits, at(2001)), Changed::Connection);
    user.forget_elsewhere(false);
    assert_eq!(user.update_presence(limits, at(2001)), Changed::Connection);
    assert_eq!(user.update_presence(limits, at(2001)), Changed::Nothing);
}

#[test]
fn numbers_that_other_servers_used_wake_polls_and_nothing_goes_back() {
    let (mut user, now) = (UserState::default(), Instant::now());
    let mut poll = hold(&mut user, 1, ONE);
    user.skip_to(Seq(5), now);
    assert_eq!(poll.try_recv().unwrap(), Wake::Look);
    user.publish(Seq(3), "3".into(), now);
    user.skip_to(Seq(2), now);
    assert_eq!(user.next(), Seq(5));
    user.publish(Seq(5), "5".into(), now);
    assert_eq!(user.recent(Seq(5), 9).len(), 1);
    assert!(user.recent(Seq(3), 9).is_empty());
}

#[test]
fn the_eleventh_poll_releases_the_oldest() {
    let mut user = UserState::default();
    let mut polls: Vec<_> = (0..11).map(|id| hold(&mut user, id, ONE)).collect();
    assert_eq!(polls[0].try_recv().unwrap(), Wake::Continue);
    assert!(polls[1].try_recv().is_err());
    assert_eq!(user.polls(), POLLS);
}
