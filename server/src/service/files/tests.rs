//! What is removed from pictures of each format and from films, and damaged ones.

mod films;
mod in_place;

use image::ImageDecoder;
use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder, DynamicImage, Frame, ImageFormat, RgbaImage};
use std::io::Cursor;

use super::cleaning::{Format, clean};

/// Stands for everything that must not be left.
const HIDDEN: &[u8] = b"hidden 52.5N 13.4E";

fn cleaned(file: &[u8], format: Format) -> Option<Vec<u8>> {
    Some(clean(file, format)?.concat())
}

fn picture(format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let points = (0..40 * 20 * 3).map(|n: u32| n.to_le_bytes()[0]).collect();
    let picture = image::RgbImage::from_raw(40, 20, points).unwrap();
    DynamicImage::from(picture)
        .write_to(&mut file, format)
        .unwrap();
    file.into_inner()
}

/// TIFF that says that the picture is to be turned, and something else.
fn exif() -> Vec<u8> {
    let tiff = b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    [tiff, HIDDEN].concat()
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], content].concat()
}

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let body = [name, content].concat();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let sum = crc32fast::hash(&body).to_be_bytes();
    [&length[..], &body, &sum].concat()
}

fn contains(file: &[u8], words: &[u8]) -> bool {
    file.windows(words.len()).any(|part| part == words)
}

fn jpeg() -> Vec<u8> {
    let mut file = picture(ImageFormat::Jpeg);
    let hidden = [
        segment(0xe1, &[b"Exif\0\0", &*exif()].concat()),
        segment(0xe1, HIDDEN),
        b"\xff\xff".to_vec(),
        segment(0xed, HIDDEN),
        segment(0xfe, HIDDEN),
    ];
    file.splice(2..2, hidden.concat());
    file.extend(HIDDEN);
    file
}

fn png() -> Vec<u8> {
    let mut file = picture(ImageFormat::Png);
    let hidden = [
        chunk(b"eXIf", &exif()),
        chunk(b"tEXt", HIDDEN),
        chunk(b"prIv", HIDDEN),
        chunk(b"pHYs", &[0; 9]),
    ];
    file.splice(33..33, hidden.concat());
    file.extend(HIDDEN);
    file
}

fn gif() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new(&mut file);
    encoder.set_repeat(Repeat::Infinite).unwrap();
    for shade in [0, 255] {
        let points = RgbaImage::from_pixel(4, 4, image::Rgba([shade; 4]));
        encoder.encode_frame(Frame::new(points)).unwrap();
    }
    drop(encoder);
    let at = file.len() - 1;
    let length = u8::try_from(HIDDEN.len()).unwrap();
    let comment = [b"\x21\xfe", &[length][..], HIDDEN, b"\0"].concat();
    let program = [b"\x21\xff\x0bXMP DataXMP", &[length][..], HIDDEN, b"\0"].concat();
    file.splice(at..at, [comment, program].concat());
    file.extend(HIDDEN);
    file
}

fn webp() -> Vec<u8> {
    let chunk = |name: &[u8; 4], content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_le_bytes();
        let padding = vec![0; content.len() % 2];
        [name, &length[..], content, &padding].concat()
    };
    let chunks = [
        b"WEBP".to_vec(),
        chunk(b"VP8X", &[0x2c, 0, 0, 0, 39, 0, 0, 19, 0, 0]),
        chunk(b"VP8L", b"points of odd length."),
        chunk(
            b"ANMF",
            &[
                &[0; 16],
                &*chunk(b"ALPH", b"alpha"),
                &chunk(b"prIv", HIDDEN),
            ]
            .concat(),
        ),
        chunk(b"EXIF", &exif()),
        chunk(b"XMP ", HIDDEN),
    ]
    .concat();
    let length = u32::try_from(chunks.len()).unwrap().to_le_bytes();
    [b"RIFF", &length[..], &chunks, HIDDEN].concat()
}

fn jxl() -> Vec<u8> {
    let part = in_place::part;
    [
        part(b"JXL ", &[b"\r\n\x87\n"]),
        part(b"ftyp", &[b"jxl \0\0\0\0jxl "]),
        part(b"Exif", &[&[0; 4], &exif()]),
        part(b"jxlp", &[&[0; 4], b"first half"]),
        part(b"xml ", &[HIDDEN]),
        part(b"brob", &[b"Exif", HIDDEN]),
        part(b"jxlp", &[b"\x80\0\0\x01second half"]),
    ]
    .concat()
}

/// A format, and how to make a picture of it.
type Maker = (Format, fn() -> Vec<u8>);

const ALL: [Maker; 5] = [
    (Format::Jpeg, jpeg),
    (Format::Png, png),
    (Format::Gif, gif),
    (Format::WebP, webp),
    (Format::Jxl, jxl),
];

#[test]
fn nothing_is_left_beside_the_points_and_how_they_are_turned() {
    for (format, make) in ALL {
        let file = make();
        assert!(contains(&file, HIDDEN));
        let left = cleaned(&file, format).unwrap();
        assert!(!contains(&left, HIDDEN), "{format:?}");
        // There is nothing more to remove.
        assert_eq!(cleaned(&left, format).unwrap(), left, "{format:?}");
    }
    let points = |file: &[u8]| image::load_from_memory(file).unwrap();
    for (format, make) in &ALL[..2] {
        let left = cleaned(&make(), *format).unwrap();
        let (original, orientation) = if *format == Format::Jpeg {
            let orientation = JpegDecoder::new(Cursor::new(&left)).unwrap().orientation();
            (picture(ImageFormat::Jpeg), orientation)
        } else {
            let orientation = PngDecoder::new(Cursor::new(&left)).unwrap().orientation();
            (picture(ImageFormat::Png), orientation)
        };
        assert!(points(&left) == points(&original), "{format:?}");
        assert_eq!(orientation.unwrap(), Orientation::Rotate90, "{format:?}");
    }
    let left = cleaned(&gif(), Format::Gif).unwrap();
    assert!(contains(&left, b"NETSCAPE2.0"));
    let frames = GifDecoder::new(Cursor::new(&left)).unwrap().into_frames();
    assert_eq!(frames.count(), 2);
    let left = cleaned(&jxl(), Format::Jxl).unwrap();
    assert!(left.starts_with(b"\0\0\0\x0cJXL ") && left.ends_with(b"second half"));
    assert_eq!(Format::of(&left[..64]), Some(Format::Jxl));
    let left = cleaned(&webp(), Format::WebP).unwrap();
    assert!(
        contains(&left, b"VP8X\x0a\0\0\0\x28")
            && contains(&left, b"points of odd length.\0ANMF\x1e\0\0\0")
            && contains(&left, b"ALPH\x05\0\0\0alpha\0EXIF")
    );
    assert_eq!(
        left.len(),
        8 + u32::from_le_bytes(*left[4..].first_chunk().unwrap()) as usize
    );
}

/// What follows the first scan of a progressive JPEG is looked at, too.
#[test]
fn nothing_is_hidden_between_scans() {
    let mut file = jpeg();
    let end = file
        .windows(2)
        .rposition(|pair| pair == b"\xff\xd9")
        .unwrap();
    file.splice(
        end..end,
        [segment(0xfe, HIDDEN), segment(0xc4, b"\0table")].concat(),
    );
    let left = cleaned(&file, Format::Jpeg).unwrap();
    assert!(!contains(&left, HIDDEN) && contains(&left, b"table"));
}

#[test]
fn a_thumbnail_of_what_was_cut_away_is_removed() {
    let jfif = [b"JFIF\0\x01\x02\0\0\x01\0\x01\x01\x02", HIDDEN].concat();
    let mut file = jpeg();
    file.splice(2..2, segment(0xe0, &jfif));
    let left = cleaned(&file, Format::Jpeg).unwrap();
    assert!(left.starts_with(b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0\xff\xe1"));
    assert!(!contains(&left, HIDDEN));
}

#[test]
fn what_is_cut_off_or_damaged_is_no_picture_and_does_no_harm() {
    let mut random = fastrand::Rng::with_seed(3);
    for (format, make) in ALL {
        let file = make();
        // Some of a JPEG XL is shown while it arrives.
        let whole = match format {
            Format::Jxl => 0,
            _ => file.len() - HIDDEN.len(),
        };
        for length in 0..whole {
            assert!(
                cleaned(&file[..length], format).is_none(),
                "{format:?} {length}"
            );
        }
        for _ in 0..2_000 {
            let mut file = file.clone();
            for _ in 0..random.usize(1..5) {
                let at = random.usize(..file.len());
                file[at] = random.u8(..);
            }
            let _ = cleaned(&file, format);
        }
    }
}
