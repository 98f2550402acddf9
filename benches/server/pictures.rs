//! How long messages take while the server makes previews of large pictures, compared with a server that does nothing else.

use crate::chat::{Data, Fbchatd, Person, people};
use crate::http::Connection;
use crate::load::{Server, Ways, hold_and_send};
use crate::table::row;
use std::cell::Cell;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use tokio::task::JoinSet;

/// Users who each upload one picture after the other, besides the two who chat.
const UPLOADERS: usize = 8;
/// Messages per second, and how many.
const RATE: (usize, usize) = (50, 500);
/// As cameras take them: 12 million points.
const SIZE: &str = "4000x3000";

/// A JPEG of several MiB.
fn picture() -> Vec<u8> {
    let mut convert = Command::new("convert");
    convert.args([
        "-size",
        SIZE,
        "-seed",
        "1",
        "plasma:fractal",
        "-quality",
        "90",
        "jpg:-",
    ]);
    let output = convert.output().expect("ImageMagick");
    assert!(output.status.success(), "{convert:?} failed");
    output.stdout
}

async fn upload_on(server: &Fbchatd, user: &Person, picture: &[u8], count: &Cell<usize>) {
    let mut connection = Connection::open(server.address()).await;
    for number in 0.. {
        let (request, end) = user.upload(number, picture.len());
        let answer = connection.upload(&request, picture, &end).await;
        assert!(answer.body.contains("\"width\":4000"), "{}", answer.body);
        count.set(count.get() + 1);
    }
}

/// Prints both.
pub async fn compare(fbchatd: &Path) {
    let data = Data::new(fbchatd);
    let server = Rc::new(data.serve_with(&[
        ("FBCHATD_MESSAGES_PER_S", "0"),
        ("FBCHATD_FILES_PER_DAY_MIB", "0"),
        ("FBCHATD_FILES_TOTAL_MIB", "0"),
    ]));
    let people = people(&server, 2 + UPLOADERS).await;
    let (Some(pair @ [from, to]), picture) = (people.first_chunk(), Rc::new(picture())) else {
        return;
    };
    let ways = [Ways {
        pairs: vec![(from.clone(), to.clone())],
        receivers: 1,
    }];
    let alone = hold_and_send(&*server, pair, &ways, &[RATE]).await;
    let (mut uploads, count) = (JoinSet::new(), Rc::new(Cell::new(0)));
    for user in people.get(2..).unwrap_or_default() {
        let (server, user, picture, count) =
            (server.clone(), user.clone(), picture.clone(), count.clone());
        uploads.spawn_local(async move { upload_on(&server, &user, &picture, &count).await });
    }
    let beside = hold_and_send(&*server, pair, &ways, &[RATE]).await;
    println!(
        "  {} pictures were uploaded meanwhile, of {} KiB and {SIZE} points each",
        count.get(),
        picture.len() >> 10
    );
    if let ([beside], [alone]) = (&beside[..], &alone[..]) {
        let ratio = beside.delivery.median / alone.delivery.median;
        row(
            "from send to receiver",
            beside.delivery,
            alone.delivery,
            ratio,
        );
    }
}
