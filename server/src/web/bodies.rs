//! What requests hold in memory: their heads and bodies, bounded for each address and for all together. `unsent.rs` counts answers
//! in the same way.

use std::collections::HashMap;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use axum::RequestExt;
use axum::body::HttpBody;
use axum::extract::Request;
use zeroize::Zeroizing;

use super::envelope::AjaxError;
use crate::net::connection_limits::Peer;
use crate::sync::lock;

/// The most bytes of all requests, and of those from one address. An address that holds nothing may take any number at once: the longest
/// lists are longer than this.
const ALL: usize = 64 << 20;
const ONE: usize = 8 << 20;
/// What a header costs besides its name and value.
const HEADER: usize = 64;

/// Counts the bytes.
#[derive(Default)]
pub struct Bodies(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    all: usize,
    addresses: HashMap<IpAddr, usize>,
}

/// Bytes that a request or answer may hold. Dropping it gives them back.
pub struct Room {
    bodies: Arc<Bodies>,
    address: Option<IpAddr>,
    bytes: usize,
}

impl Room {
    /// No bytes yet, for a request.
    pub fn of(bodies: &Arc<Bodies>, request: &Request) -> Self {
        let address = request.extensions().get::<Peer>();
        Room {
            bodies: bodies.clone(),
            address: address.and_then(|Peer(address)| *address),
            bytes: 0,
        }
    }

    /// Takes more bytes.
    pub fn grow(&mut self, bytes: usize) -> Result<(), AjaxError> {
        if bytes == 0 {
            return Ok(());
        }
        let mut taken = lock(&self.bodies.0);
        let all = taken.all.saturating_add(bytes);
        let one = match self.address {
            Some(address) => taken.addresses.get(&address).copied().unwrap_or_default(),
            // A proxy that names no clients.
            None => 0,
        };
        let is_over = one > 0 && one.saturating_add(bytes) > ONE;
        if all > ALL || is_over {
            return Err(AjaxError::Overloaded);
        }
        taken.all = all;
        if let Some(address) = self.address {
            taken.addresses.insert(address, one.saturating_add(bytes));
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut taken = lock(&self.bodies.0);
        taken.all = taken.all.saturating_sub(self.bytes);
        if let Some(address) = self.address
            && let Some(bytes) = taken.addresses.get_mut(&address)
        {
            *bytes = bytes.saturating_sub(self.bytes);
            if *bytes == 0 {
                taken.addresses.remove(&address);
            }
        }
    }
}

/// Reads a body of at most the size that its path allows. Each of its bytes costs `cost` bytes.
pub async fn read(
    request: Request,
    room: &mut Room,
    cost: usize,
) -> Result<Zeroizing<Vec<u8>>, AjaxError> {
    let mut body = request.into_limited_body();
    let size = body.size_hint().exact().unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| AjaxError::TooLarge)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        room.grow(data.len().saturating_mul(cost))?;
        if bytes.is_empty() {
            // The body is not larger, or it would have been refused: so no copies of passwords are left by growing.
            bytes.reserve_exact(usize::try_from(size).unwrap_or_default());
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

/// Counts the head of a request, until the result is dropped.
pub fn count_head(bodies: &Arc<Bodies>, request: &Request) -> Result<Room, AjaxError> {
    let mut room = Room::of(bodies, request);
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| HEADER + name.as_str().len() + value.len());
    let uri = request.uri().path().len() + request.uri().query().map_or(0, str::len);
    room.grow(uri + headers.sum::<usize>())?;
    Ok(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_and_not_all_together_hold_more_than_allowed() {
        let bodies = Arc::new(Bodies::default());
        let room = |address: Option<[u8; 4]>| Room {
            bodies: bodies.clone(),
            address: address.map(IpAddr::from),
            bytes: 0,
        };
        let (mut first, mut second) = (room(Some([1; 4])), room(Some([1; 4])));
        assert!(first.grow(ONE).is_ok() && second.grow(1).is_err());
        drop(first);
        assert!(second.grow(ONE).is_ok() && second.grow(1).is_err());
        let mut unknown = room(None);
        assert!(unknown.grow(ALL - ONE).is_ok() && unknown.grow(1).is_err());
        assert!(room(Some([2; 4])).grow(1).is_err());
        drop((second, unknown));
        let mut huge = room(Some([1; 4]));
        assert!(huge.grow(2 * ONE).is_ok() && huge.grow(1).is_err());
        drop(huge);
        let taken = lock(&bodies.0);
        assert!(taken.all == 0 && taken.addresses.is_empty());
    }
}
