//! Films. The smallest ones that have the structure of those of phones and cameras.

use std::io::Write;

use super::super::cleaning::films::{clean, cleaned, is_film};
use super::in_place::{part, versioned};
use super::*;

const IMAGES: &[u8] = b"coded images";

/// A track without data.
pub fn track(kind: &[u8], more: &[&[u8]]) -> Vec<u8> {
    let media = [
        versioned(b"mdhd", 0, &[b"made and changed"]),
        versioned(b"hdlr", 0, &[&[0; 4], kind, &[0; 13]]),
    ];
    let rest = [
        versioned(b"tkhd", 1, &[b"at 8 bytes each.", b"number of track"]),
        part(b"mdia", &[&media.concat(), &part(b"uuid", &[HIDDEN])]),
    ];
    part(b"trak", &[&rest.concat(), &more.concat()])
}

/// The same number of bytes for each number.
fn longs(numbers: &[usize]) -> Vec<u8> {
    let long = |n: &usize| u32::try_from(*n).unwrap().to_be_bytes();
    numbers.iter().flat_map(long).collect()
}

/// A track that records positions, with tables of sizes, of chunks, and of samples in each chunk.
fn recorded(sizes: &[usize], (name, chunks): (&[u8], &[usize]), runs: &[usize]) -> Vec<u8> {
    let tables = [
        versioned(b"stsz", 0, &[&longs(sizes)]),
        versioned(b"stsc", 0, &[&longs(runs)]),
        versioned(name, 0, &[&longs(chunks)]),
    ];
    let media = [
        versioned(b"hdlr", 0, &[b"mhlrmeta", &[0; 13]]),
        part(b"minf", &[&part(b"stbl", &[&tables.concat()])]),
    ];
    part(b"trak", &[&part(b"mdia", &[&media.concat()])])
}

/// One whose data is in two chunks, of two samples and of one.
fn positions([first, second]: [usize; 2], is_long: bool) -> Vec<u8> {
    let half = HIDDEN.len() / 2;
    let sizes = [0, 3, half, HIDDEN.len() - half, HIDDEN.len()];
    let chunks: (&[u8], &[usize]) = if is_long {
        (b"co64", &[2, 0, first, 0, second])
    } else {
        (b"stco", &[2, first, second])
    };
    recorded(&sizes, chunks, &[2, 1, 2, 1, 2, 1, 1])
}

/// What the description of a film has from a phone.
fn description(track_of_positions: &[u8]) -> Vec<u8> {
    let keys = versioned(b"keys", 0, &[b"com.apple.quicktime.location.ISO6709"]);
    let items = part(
        b"ilst",
        &[&part(b"\0\0\0\x01", &[&part(b"data", &[HIDDEN])])],
    );
    part(
        b"moov",
        &[
            &versioned(b"mvhd", 0, &[b"made and changed", b"length"]),
            &track(b"vide", &[&part(b"udta", &[&part(b"\xa9xyz", &[HIDDEN])])]),
            track_of_positions,
            &part(
                b"udta",
                &[&part(b"\xa9xyz", &[HIDDEN]), &part(b"\xa9mod", &[HIDDEN])],
            ),
            &part(b"meta", &[&keys, &items]),
            &part(b"uuid", &[&[7; 16], HIDDEN]),
            &part(b"gps ", &[HIDDEN]),
        ],
    )
}

/// Images and positions in turns.
fn data() -> Vec<u8> {
    part(b"mdat", &[IMAGES, HIDDEN, IMAGES, HIDDEN])
}

/// A film whose description follows the rest, as cameras write it, or comes first.
fn film(brand: &[u8; 4], is_last: bool, is_long: bool) -> Vec<u8> {
    let head = [
        part(b"ftyp", &[brand, b"\0\0\0\0isommp42"]),
        part(b"uuid", &[&[1; 16], HIDDEN]),
        part(b"free", &[HIDDEN]),
    ]
    .concat();
    let offsets = |data: usize| {
        let first = data + 8 + IMAGES.len();
        [first, first + HIDDEN.len() + IMAGES.len()]
    };
    let before = if is_last {
        head.len()
    } else {
        head.len() + description(&positions([0; 2], is_long)).len()
    };
    let description = description(&positions(offsets(before), is_long));
    let (first, second) = match is_last {
        true => (data(), description),
        false => (description, data()),
    };
    [head, first, second].concat()
}

fn all() -> [Vec<u8>; 4] {
    let old = film(b"qt  ", true, false);
    let head = old.windows(4).position(|name| name == b"uuid").unwrap() - 4;
    // Offsets count from the beginning, so the parts before the data keep their length.
    let old = [part(b"wide", &[&vec![0; head - 8]]), old[head..].to_vec()].concat();
    [
        film(b"isom", false, false),
        film(b"qt  ", true, false),
        film(b"3gp4", true, true),
        old,
    ]
}

#[test]
fn positions_and_everything_else_that_is_not_shown_are_blanked_in_films() {
    for file in all() {
        assert!(is_film(&file[..64]) && Format::of(&file[..64]).is_none());
        let left = cleaned(&file).unwrap();
        assert_eq!(left.len(), file.len());
        for hidden in [HIDDEN, b"52.5", b"location", b"made", b"at 8", b"mhlrmeta"] {
            assert!(!contains(&left, hidden), "{hidden:?}");
        }
        assert!(contains(&left, b"length") && contains(&left, b"number of track"));
        let places = |file: &[u8]| {
            let parts = file.windows(IMAGES.len()).enumerate();
            let parts = parts.filter(|(_, part)| *part == IMAGES);
            parts.map(|(at, _)| at).collect::<Vec<_>>()
        };
        assert_eq!(places(&left), places(&file));
        assert_eq!(places(&left).len(), 2);
        assert_eq!(cleaned(&left).unwrap(), left);
        // The same on disk.
        let mut stored = tempfile::tempfile().unwrap();
        stored.write_all(&file).unwrap();
        clean(&stored).unwrap();
        let mut new = vec![0; file.len()];
        std::os::unix::fs::FileExt::read_exact_at(&stored, &mut new, 0).unwrap();
        assert_eq!(new, left);
    }
}

#[test]
fn what_follows_a_film_is_blanked_and_a_film_that_was_cut_off_stays_one() {
    for follows in [HIDDEN, b"52.5"] {
        let file = [film(b"isom", false, false), follows.to_vec()].concat();
        let left = cleaned(&file).unwrap();
        assert!(!contains(&left, b"52.5") && left.len() == file.len());
        assert_eq!(cleaned(&left).unwrap(), left);
    }
    let whole = film(b"isom", false, false);
    let mut file = whole.clone();
    let data = file.windows(4).rposition(|name| name == b"mdat").unwrap();
    file[data - 4..data].copy_from_slice(&9000_u32.to_be_bytes());
    let left = cleaned(&file).unwrap();
    assert!(!contains(&left, HIDDEN) && left.ends_with(&cleaned(&whole).unwrap()[data..]));
}

#[test]
fn what_is_not_understood_stays_as_it_is() {
    let mut random = fastrand::Rng::with_seed(7);
    for file in all() {
        for length in 0..file.len() {
            let _ = cleaned(&file[..length]);
        }
        for _ in 0..2_000 {
            let mut file = file.clone();
            for _ in 0..random.usize(1..5) {
                let at = random.usize(..file.len());
                file[at] = random.u8(..);
            }
            if let Some(left) = cleaned(&file) {
                assert_eq!(cleaned(&left), Some(left));
            }
        }
    }
    let whole = film(b"isom", true, false);
    // Compressed, without a description, with two of them, and with positions outside of the data.
    let compressed = [data(), part(b"moov", &[&part(b"cmov", &[HIDDEN])])].concat();
    let twice = [whole.clone(), description(b"")].concat();
    let outside = [data(), description(&positions([0, 40], false))].concat();
    for file in [compressed, data(), twice, outside] {
        assert!(cleaned(&file).is_none());
        let mut stored = tempfile::tempfile().unwrap();
        stored.write_all(&file).unwrap();
        clean(&stored).unwrap();
        let mut new = vec![0; file.len()];
        std::os::unix::fs::FileExt::read_exact_at(&stored, &mut new, 0).unwrap();
        assert_eq!(new, file);
    }
    // Data that is listed again and again would be overwritten as often.
    for (times, is_understood) in [(1, true), (1000, false)] {
        let chunks = [vec![times], vec![8; times]].concat();
        let track = recorded(&[60, times], (b"stco", &chunks), &[1, 1, 1, 1]);
        let left = cleaned(&[data(), description(&track)].concat());
        assert_eq!(left.is_some(), is_understood);
        assert!(left.is_none_or(|left| !contains(&left, HIDDEN)));
    }
}

#[test]
fn films_of_fragments_keep_their_tracks() {
    let fragment = [part(b"moof", &[b"samples"]), data()].concat();
    let file = [description(&track(b"meta", &[])), fragment].concat();
    let left = cleaned(&file).unwrap();
    assert!(contains(&left, b"meta") && contains(&left, b"samples"));
    // What is in the fragments themselves.
    assert_eq!(
        left.windows(HIDDEN.len())
            .filter(|part| *part == HIDDEN)
            .count(),
        2
    );
}

#[test]
fn sound_and_pictures_are_no_films() {
    for other in [
        &b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42isom"[..],
        b"RIFF",
        b"",
        b"\0\0\0\x08",
    ] {
        assert!(!is_film(other));
    }
}
