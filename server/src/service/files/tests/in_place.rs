//! Pictures whose parts stay where they are: what is removed is blanked. The smallest files that have the structure of real ones.

use super::*;

use super::films;

/// What must be left.
const POINTS: &[u8] = b"the points, coded";

/// The bytes of a TIFF in one of the two orders.
struct Tiff {
    file: Vec<u8>,
    is_little: bool,
}

impl Tiff {
    fn new(is_little: bool) -> Self {
        let head: &[u8] = if is_little { b"II\x2a\0" } else { b"MM\0\x2a" };
        Tiff {
            file: [head, &[0; 4]].concat(),
            is_little,
        }
    }

    fn short(&self, n: u16) -> [u8; 2] {
        if self.is_little {
            n.to_le_bytes()
        } else {
            n.to_be_bytes()
        }
    }

    fn long(&self, n: usize) -> [u8; 4] {
        let n = u32::try_from(n).unwrap();
        if self.is_little {
            n.to_le_bytes()
        } else {
            n.to_be_bytes()
        }
    }

    fn add(&mut self, bytes: &[u8]) -> usize {
        let at = self.file.len();
        self.file.extend(bytes);
        at
    }

    /// Adds a directory with entries of tag, type, count and value or offset; returns where.
    fn directory(&mut self, entries: &[(u16, u16, usize, usize)], next: usize) -> usize {
        let mut table = self.short(u16::try_from(entries.len()).unwrap()).to_vec();
        for (tag, kind, count, value) in entries {
            table.extend(self.short(*tag));
            table.extend(self.short(*kind));
            table.extend(self.long(*count));
            table.extend(self.long(*value));
        }
        table.extend(self.long(next));
        self.add(&table)
    }
}

/// Two pages, of which the first has a smaller one, with everything that cameras and programs add.
fn tiff(is_little: bool) -> Vec<u8> {
    let mut tiff = Tiff::new(is_little);
    let points = tiff.add(POINTS);
    let mut hidden = || (tiff.add(HIDDEN), HIDDEN.len());
    let mut entry = |tag, kind| {
        let (at, length) = hidden();
        (tag, kind, length, at)
    };
    let gps = [(1, 2, 2, 0), entry(2, 7), entry(29, 2)];
    let exif = [entry(36867, 2), entry(37510, 7), entry(42033, 2)];
    let page = [
        entry(270, 2),
        entry(700, 1),
        entry(33723, 7),
        entry(34377, 7),
    ];
    let notes = tiff.add(b"notes of the camera");
    let gps = tiff.directory(&gps, 0);
    let mut exif = exif.to_vec();
    exif.push((37500, 7, 19, notes));
    // What follows is no directory.
    let exif = tiff.directory(&exif, 0x7fff_ffff);
    let strip = [(273, 4, 1, points), (279, 4, 1, POINTS.len())];
    let small = tiff.directory(&[(270, 2, 3, 0), strip[0], strip[1]], 0);
    let second = tiff.directory(&strip, 0);
    let rest = [(330, 4, 1, small), (34665, 4, 1, exif), (34853, 4, 1, gps)];
    let entries = [&strip[..], &page, &rest].concat();
    let first = tiff.directory(&entries, second);
    let first = tiff.long(first);
    tiff.file[4..8].copy_from_slice(&first);
    tiff.file
}

pub(super) fn part(name: &[u8], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
    [&length[..], name, &content].concat()
}

/// The same with version and flags.
pub(super) fn versioned(name: &[u8], version: u8, content: &[&[u8]]) -> Vec<u8> {
    let version = [version, 0, 0, 0];
    part(name, &[&[&version[..]], content].concat())
}

/// A HEIF file with these entries in its boxes `iinf` and `iloc`.
fn heif_with(items: &[&[u8]], version: u8, places: &[&[u8]]) -> Vec<u8> {
    let count = u16::try_from(items.len()).unwrap().to_be_bytes();
    let list = [&[&count[..]], items].concat();
    let meta = [
        versioned(b"iinf", 0, &list),
        versioned(b"iloc", version, places),
        part(b"idat", &[HIDDEN]),
    ];
    [
        part(b"ftyp", &[b"heic\0\0\0\0heic"]),
        versioned(b"meta", 0, &[&meta.concat()]),
    ]
    .concat()
}

/// A picture with Exif and XMP, one of them beside the picture and one within the description, and boxes that others have added.
fn heif(brand: &[u8; 4]) -> Vec<u8> {
    let exif = [&6_u32.to_be_bytes()[..], b"Exif\0\0", &exif()].concat();
    let item = |id: u8, kind: &[u8]| versioned(b"infe", 2, &[&[0, id, 0, 0], kind, b"\0"]);
    let items = [
        item(1, b"hvc1"),
        item(2, b"Exif"),
        item(3, b"mime\0application/rdf+xml"),
        item(4, b"mime\0text/plain"),
    ]
    .concat();
    let properties = part(
        b"ipco",
        &[
            &versioned(b"ispe", 0, &[&[0, 0, 0, 40, 0, 0, 0, 20]]),
            &versioned(b"udes", 0, &[b"en\0", HIDDEN, b"\0\0"]),
        ],
    );
    let head = |data: usize| {
        let long = |n: usize| u32::try_from(n).unwrap().to_be_bytes();
        let place = |id: u8, method: u8, start: usize, length: usize| {
            let head = [0, id, 0, method, 0, 0, 0, 1];
            [&head[..], &long(start), &long(length)].concat()
        };
        let exif_at = data + POINTS.len();
        let places = [
            place(1, 0, data, POINTS.len()),
            place(2, 0, exif_at, exif.len()),
            place(3, 0, exif_at + exif.len(), HIDDEN.len()),
            place(4, 1, 4, HIDDEN.len()),
        ];
        [
            part(b"ftyp", &[b"mp41\0\0\0\0mp41", brand]),
            versioned(
                b"meta",
                0,
                &[
                    &versioned(b"hdlr", 0, &[b"\0\0\0\0pict", &[0; 13]]),
                    &versioned(b"pitm", 0, &[&[0, 1]]),
                    &versioned(b"iinf", 0, &[&[0, 4], &items]),
                    &versioned(b"iloc", 1, &[&[0x44, 0, 0, 4], &places.concat()]),
                    &part(b"iprp", &[&properties]),
                    &part(b"idat", &[b"kept", HIDDEN]),
                    &versioned(b"xml ", 0, &[HIDDEN]),
                ],
            ),
            part(b"uuid", &[&[7; 16], HIDDEN]),
            part(
                b"moov",
                &[
                    &versioned(b"mvhd", 0, &[b"made and changed", b"length"]),
                    &part(b"udta", &[HIDDEN]),
                    &films::track(b"pict", &[&part(b"udta", &[HIDDEN])]),
                ],
            ),
        ]
        .concat()
    };
    let data = head(0).len() + 8;
    [head(data), part(b"mdat", &[POINTS, &exif, HIDDEN])].concat()
}

fn all() -> [(Format, Vec<u8>); 4] {
    [
        (Format::Tiff, tiff(true)),
        (Format::Tiff, tiff(false)),
        (Format::Heif, heif(b"heic")),
        (Format::Heif, heif(b"avif")),
    ]
}

#[test]
fn what_is_hidden_is_blanked_and_nothing_moves() {
    for (format, file) in all() {
        assert_eq!(Format::of(&file[..64]), Some(format));
        let left = cleaned(&file, format).unwrap();
        assert!(!contains(&left, HIDDEN), "{format:?}");
        assert_eq!(left.len(), file.len());
        let at = |file: &[u8]| {
            let mut parts = file.windows(POINTS.len());
            parts.position(|part| part == POINTS).unwrap()
        };
        assert_eq!(at(&left), at(&file), "{format:?}");
        assert_eq!(cleaned(&left, format).unwrap(), left, "{format:?}");
    }
    for is_little in [true, false] {
        let (file, left) = (tiff(is_little), cleaned(&tiff(is_little), Format::Tiff));
        let left = left.unwrap();
        // A raw photo needs them.
        assert!(contains(&left, b"notes of the camera"));
        let order = Tiff::new(is_little);
        let tag = |tag: u16| [order.short(tag), order.short(4)].concat();
        for (number, stays) in [(273, true), (330, true), (34665, true), (34853, false)] {
            assert!(contains(&file, &tag(number)));
            assert_eq!(contains(&left, &tag(number)), stays, "{number}");
        }
    }
    let left = cleaned(&heif(b"heic"), Format::Heif).unwrap();
    for kept in [&b"length"[..], b"kept", b"application/rdf+xml"] {
        assert!(contains(&left, kept));
    }
    // The rest of the Exif item still says how the picture is turned.
    let turned = [&b"\0\0\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06"[..]].concat();
    assert!(contains(&left, &turned));
}

#[test]
fn what_is_not_understood_is_no_picture_and_does_no_harm() {
    let mut random = fastrand::Rng::with_seed(5);
    for (format, file) in all() {
        for length in 0..file.len() {
            assert!(cleaned(&file[..length], format).is_none(), "{length}");
        }
        for _ in 0..1_000 {
            let mut file = file.clone();
            for _ in 0..random.usize(1..5) {
                let at = random.usize(..file.len());
                file[at] = random.u8(..);
            }
            if let Some(left) = cleaned(&file, format) {
                assert_eq!(cleaned(&left, format), Some(left));
            }
        }
    }
    // Directories in a circle.
    let mut tiff = Tiff::new(true);
    let at = tiff.directory(&[(256, 4, 1, 1)], 8);
    let at = tiff.long(at);
    tiff.file[4..8].copy_from_slice(&at);
    assert!(cleaned(&tiff.file, Format::Tiff).is_none());
    // So many parts that the list of them would take more memory than the file.
    let mut file = heif(b"heic");
    file.extend(part(b"junk", &[]).repeat(100_000));
    assert!(cleaned(&file, Format::Heif).is_none());
}

#[test]
fn an_item_without_a_length_is_refused_if_it_is_hidden() {
    let item = |kind: &[u8]| versioned(b"infe", 2, &[&[0, 1, 0, 0], kind, b"\0"]);
    // From the start of `idat`, and as long as it.
    let place = [0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    for (kind, is_picture) in [
        (&b"Exif"[..], false),
        (b"mime\0text/plain", false),
        (b"hvc1", true),
    ] {
        let file = heif_with(&[&item(kind)], 1, &[&[0x44, 0], &place]);
        assert_eq!(cleaned(&file, Format::Heif).is_some(), is_picture);
    }
}

/// Reading as many empty extents as a file can list would take minutes.
#[test]
fn empty_extents_are_limited() {
    let place = [0, 0, 0, 1, 0, 0, 0, 0, 0xff, 0xff];
    let with = |count: usize, parts: u16| {
        let mut place = place;
        place[8..].copy_from_slice(&parts.to_be_bytes());
        let count_bytes = u32::try_from(count).unwrap().to_be_bytes();
        let file = heif_with(&[], 2, &[&[0, 0], &count_bytes, &place.repeat(count)]);
        cleaned(&file, Format::Heif)
    };
    assert!(with(1, 50_000).is_some() && with(50_000, 1).is_some());
    assert!(with(1, 50_001).is_none() && with(2, u16::MAX).is_none());
}

#[test]
fn films_and_other_files_are_not_pictures() {
    let film = part(b"ftyp", &[b"isom\0\0\0\0mp41avc1"]);
    // Not among the brands of the file.
    let film = [film, part(b"free", &[b"heic"])].concat();
    for other in [
        &film[..],
        b"%PDF-1.7",
        b"\0\0\0\x08ftyp",
        b"\0\0\0\0ftypheic",
    ] {
        assert_eq!(Format::of(other), None);
    }
}
