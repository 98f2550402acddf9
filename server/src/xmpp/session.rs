//! The session of a client that is logged in: hands what it sends to the files of each topic, and brings it the items of its user's
//! channel. It reads the channel with a number of its own and acknowledges an item only when the client has it, so a connection that
//! breaks loses nothing.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until};

use super::Xmpp;
use super::acknowledgements::Management;
use super::errors::{StanzaError, StreamError};
use super::interests::{Bookmarks, Interests};
use super::pipeline::{Done, MessageKey, Pipeline};
use super::reader::Frame;
use super::registry::{Mail, Place, Return};
use super::rooms::Rooms;
use super::wire::{Broken, Got, Wire, stopping};
use super::xml::{Element, ns};
use crate::service::StoreError;
use crate::service::archive::Ids;
use crate::service::channel::Subscription;
use crate::service::presence::Availability;
use crate::types::{Seq, Session, Uid};

/// The resource under which others see a user, whatever clients they have.
pub const RESOURCE: &str = "fbchat";
/// While this many bytes wait for the client, nothing more is read for it or from it.
pub const WAITING: usize = 64 << 10;
/// When the channel is read again after the store was too busy.
const RETRY: Duration = Duration::from_secs(1);
/// How often the session of a client that says nothing is used, so that it does not end.
const USED_EVERY: Duration = Duration::from_secs(60 * 60);

/// Why a session ends.
#[derive(Debug)]
pub enum Ended {
    /// The client has closed the stream.
    Closed,
    /// The connection is gone.
    Lost,
    Error(StreamError),
}

impl From<StreamError> for Ended {
    fn from(error: StreamError) -> Self {
        Ended::Error(error)
    }
}

/// What a session has waited for.
enum Happened {
    Got(Result<Got, Broken>),
    /// The first of what the client has sent is carried out.
    Done(Done),
    /// There may be something in the channel, or a time has come.
    Woken,
    /// The client has come back.
    Returned(Box<Return>),
}

/// Why a stanza was not carried out.
#[derive(Debug)]
pub enum Fault {
    /// It is answered with this error.
    Refused(StanzaError),
    /// The session ends.
    Ended(Ended),
}

impl<E: Into<StanzaError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Fault::Refused(error.into())
    }
}

/// What a session begins with.
pub struct Opened {
    pub secret: String,
    /// The secret of the session whose token is replaced by that of this one.
    pub former: Option<String>,
    /// Whether the session outlives its client: it has a token.
    pub outlives: bool,
    /// The address of the client, if known.
    pub address: Option<IpAddr>,
    pub session: Session,
    pub resource: String,
    pub place: Place,
    pub ids: Ids,
    /// A random name of the stream.
    pub stream: String,
}

pub struct Client {
    pub xmpp: Arc<Xmpp>,
    pub wire: Wire,
    /// Of the connection with which the client has come back.
    guard: Option<oneshot::Sender<()>>,
    pub place: Place,
    pub subscription: Subscription,
    pub secret: String,
    pub former: Option<String>,
    pub outlives: bool,
    pub address: Option<IpAddr>,
    /// A random name, of which ids of messages are made.
    pub stream: String,
    pub uid: Uid,
    pub username: String,
    /// The address without and with the resource.
    pub bare: String,
    pub full: String,
    /// The ids of messages in the archive.
    pub ids: Ids,
    /// Whether the client wants to have what the user sends elsewhere.
    pub has_carbons: bool,
    /// The number of the next item for the client; `None` until it is available.
    pub cursor: Option<Seq>,
    /// The client has everything below.
    pub acknowledged: Seq,
    /// What was in the channel before the client came, and is late.
    pub late: Seq,
    /// What the client shows of its user, and whether it has asked for the roster.
    pub shown: Availability,
    pub has_roster: bool,
    /// Whether the client has asked for the block list.
    pub has_block_list: bool,
    /// The rooms that the client has joined.
    pub rooms: Rooms,
    /// What the client wants to be told of, and the bookmarks that it knows.
    pub interests: Interests,
    pub bookmarked: Option<Bookmarks>,
    pub management: Option<Management>,
    /// The messages that were sent here, and whose items have not been read yet.
    pub sent_here: Vec<MessageKey>,
    /// Whether nobody looks at the client, and the friends whose presence it has not been told yet.
    pub is_inactive: bool,
    pub withheld: BTreeSet<Uid>,
    /// Whether items of the channel are missing, so that the client has to be told how everything is.
    pub is_behind: bool,
    /// To whom the client is typing.
    pub typing_to: Option<Uid>,
    /// The stanzas that the client has sent.
    pub received: u32,
    /// The requests that it was sent.
    pushes: u32,
    retry: Option<Instant>,
    /// What the client has sent and what is not carried out yet.
    pub pipeline: Pipeline,
}

impl Client {
    pub fn new(xmpp: Arc<Xmpp>, wire: Wire, opened: Opened) -> Self {
        let Opened {
            secret,
            former,
            outlives,
            address,
            session,
            resource,
            place,
            ids,
            stream,
        } = opened;
        let subscription = xmpp.services.channels.subscribe(&session);
        let late = xmpp.services.channels.next(session.user.uid);
        xmpp.metrics.streams.inc();
        let bare = xmpp.address(&session.user.username);
        Client {
            wire,
            guard: None,
            place,
            subscription,
            secret,
            former,
            outlives,
            address,
            stream,
            uid: session.user.uid,
            username: session.user.username,
            full: format!("{bare}/{resource}"),
            bare,
            ids,
            has_carbons: false,
            cursor: None,
            acknowledged: Seq(0),
            late,
            shown: Availability::Hidden,
            has_roster: false,
            has_block_list: false,
            rooms: Rooms::default(),
            interests: Interests::default(),
            bookmarked: None,
            management: None,
            sent_here: Vec::new(),
            is_inactive: false,
            withheld: BTreeSet::new(),
            is_behind: false,
            typing_to: None,
            received: 0,
            pushes: 0,
            retry: None,
            pipeline: Pipeline::default(),
            xmpp,
        }
    }

    /// Serves the client until its session ends.
    pub async fn run(mut self: Box<Self>, mut closing: watch::Receiver<bool>) {
        let ended = loop {
            match self.serve(&mut closing).await {
                Ended::Lost if self.can_resume() => {
                    let waiting = Box::pin(self.wait_for_return(&mut closing));
                    if let Err(ended) = waiting.await {
                        break ended;
                    }
                }
                ended => break ended,
            }
        };
        Box::pin(self.end(ended)).await;
    }

    async fn end(mut self: Box<Self>, ended: Ended) {
        self.finish_all().await;
        self.leave().await;
        let Client { mut wire, xmpp, .. } = *self;
        xmpp.metrics.streams.dec();
        match ended {
            Ended::Lost => {}
            Ended::Closed => {
                wire.send(|out| out.push_str("</stream:stream>"));
                wire.close().await;
            }
            Ended::Error(error) => {
                wire.send(|out| {
                    error.write(out);
                    out.push_str("</stream:stream>");
                });
                wire.close().await;
            }
        }
    }

    async fn serve(&mut self, closing: &mut watch::Receiver<bool>) -> Ended {
        let mut use_again = Instant::now() + USED_EVERY;
        loop {
            let has_room = self.wire.pending() < WAITING;
            let reads = has_room && self.pipeline.has_room();
            let gives_up = self.wire.gives_up();
            let timer = [gives_up, self.retry, self.pipeline.again()];
            let timer = timer.into_iter().flatten().fold(use_again, Instant::min);
            let happened = tokio::select! {
                got = self.wire.next(reads) => Happened::Got(got),
                done = self.pipeline.done() => Happened::Done(done),
                () = self.subscription.woken(), if has_room => Happened::Woken,
                () = stopping(closing) => return StreamError::SHUTDOWN.into(),
                mail = self.place.mail.recv() => match mail {
                    Some(Mail::Return(back)) => Happened::Returned(back),
                    Some(Mail::Replaced) | None => return StreamError::CONFLICT.into(),
                },
                () = sleep_until(timer) => Happened::Woken,
            };
            // What all this needs is on the heap meanwhile, so that ten thousand idle clients do not each reserve memory for it.
            let handling = Box::pin(self.handle(happened, gives_up, &mut use_again));
            if let Err(ended) = handling.await {
                return ended;
            }
        }
    }

    /// Does what is to be done when something has happened. `gives_up` is when the client was to be given up before that.
    async fn handle(
        &mut self,
        happened: Happened,
        gives_up: Option<Instant>,
        use_again: &mut Instant,
    ) -> Result<(), Ended> {
        match happened {
            Happened::Got(got) => self.got(got).await?,
            Happened::Done(done) => {
                self.finish(done);
                self.finish_ready().await;
            }
            Happened::Returned(back) => self.resume(*back).await?,
            Happened::Woken => {}
        }
        let now = Instant::now();
        self.try_again(now).await?;
        if gives_up.is_some_and(|at| at <= now) && self.wire.gives_up() == gives_up {
            return Err(Ended::Lost);
        }
        if self.subscription.has_ended() {
            return Err(StreamError::ENDED.into());
        }
        self.retry = self.retry.filter(|at| *at > now);
        if *use_again <= now {
            *use_again = now + USED_EVERY;
            if let Err(Fault::Ended(ended)) = self.session().await {
                return Err(ended);
            }
        }
        if self.retry.is_none()
            && let Err(error) = self.read_channel().await
        {
            log::log!(
                error.level(),
                "the channel of {} cannot be read: {error}",
                self.uid
            );
            self.retry = Some(Instant::now() + RETRY);
        }
        if let Some(management) = &mut self.management {
            if management.is_flooded() {
                return Err(Ended::Lost);
            }
            if management.asks() {
                self.send_uncounted(&Element::new("r", ns::SM));
            }
        }
        Ok(())
    }

    async fn got(&mut self, got: Result<Got, Broken>) -> Result<(), Ended> {
        match got {
            Ok(Got::Frame(Frame::Stanza(stanza))) => self.stanza(stanza).await,
            Ok(Got::Frame(Frame::Close)) => Err(Ended::Closed),
            // The header of the stream that began after the login was read before.
            Ok(Got::Frame(Frame::Open(_))) => Ok(()),
            Ok(Got::Sent) => {
                self.everything_sent();
                Ok(())
            }
            Ok(Got::End) | Err(Broken::Io(_)) => Err(Ended::Lost),
            Err(Broken::Stream(error)) => Err(error.into()),
        }
    }

    /// The session. Everything that the user does needs it.
    pub async fn session(&self) -> Result<Session, Fault> {
        let session = self.find_session().await?;
        session.ok_or_else(|| Fault::Ended(StreamError::ENDED.into()))
    }

    /// The session, if it has not ended. What the client is told needs it.
    pub async fn find_session(&self) -> Result<Option<Session>, StoreError> {
        self.xmpp.services.sessions.find(&self.secret).await
    }

    /// Sends a stanza.
    pub fn send(&mut self, stanza: &Element) {
        self.xmpp.metrics.sent.inc();
        let Some(management) = &mut self.management else {
            return self.send_uncounted(stanza);
        };
        let mut text = String::new();
        stanza.write(&mut text, ns::CLIENT);
        self.wire.send(|out| out.push_str(&text));
        management.sent(text, self.cursor.unwrap_or(self.acknowledged));
    }

    /// Sends a change that the client did not ask for.
    pub fn push(&mut self, change: Element) {
        let id = self.next_id();
        let push = Element::new("iq", ns::CLIENT)
            .with("type", "set")
            .with("id", id)
            .with("to", self.full.as_str())
            .child(change);
        self.send(&push);
    }

    /// The id of a request to the client.
    pub fn next_id(&mut self) -> String {
        self.pushes = self.pushes.wrapping_add(1);
        format!("push-{}", self.pushes)
    }

    /// Sends what is no stanza.
    pub fn send_uncounted(&mut self, element: &Element) {
        self.wire.send(|out| element.write(out, ns::CLIENT));
    }

    /// Sends stanzas that were written before.
    pub fn send_text(&mut self, text: &str) {
        self.wire.send(|out| out.push_str(text));
    }

    /// Forgets the connection.
    pub fn leave_wire(&mut self) {
        self.wire.leave();
        self.guard = None;
    }

    /// Goes on with another connection, which `guard` keeps.
    pub fn use_wire(&mut self, wire: Wire, guard: oneshot::Sender<()>) {
        self.wire = wire;
        self.guard = Some(guard);
    }

    pub fn is_available(&self) -> bool {
        self.shown != Availability::Hidden
    }
}
