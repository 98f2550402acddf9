//! What is hidden in files of every format, and files that are meant to do harm.

use image::metadata::Orientation;
use image::{ExtendedColorType, Frame, GenericImageView, ImageEncoder, Rgb, RgbImage, RgbaImage};

use super::*;

/// Stands for everything that must not be left.
const HIDDEN: &[u8] = b"hidden 52.5N 13.4E";

const RED: Rgb<u8> = Rgb([250, 10, 10]);
const BLUE: Rgb<u8> = Rgb([10, 10, 250]);

/// Blue, with a red corner at the upper left.
fn corner() -> RgbImage {
    RgbImage::from_fn(48, 32, |x, y| if x < 16 && y < 16 { RED } else { BLUE })
}

fn png(image: &RgbImage) -> Vec<u8> {
    encoded(|file| {
        let encoder = image::codecs::png::PngEncoder::new(file);
        image.write_with_encoder(encoder).unwrap();
    })
}

fn jpeg(image: &RgbImage) -> Vec<u8> {
    encoded(|file| {
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(file, 100);
        image.write_with_encoder(encoder).unwrap();
    })
}

fn gif(image: &RgbImage, frames: usize) -> Vec<u8> {
    let frame = image::DynamicImage::from(image.clone()).to_rgba8();
    encoded(|file| {
        let mut encoder = image::codecs::gif::GifEncoder::new(file);
        for _ in 0..frames {
            encoder.encode_frame(Frame::new(frame.clone())).unwrap();
        }
    })
}

fn encoded(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut file = Vec::new();
    encode(&mut file);
    file
}

fn decoded(picture: &[u8]) -> image::DynamicImage {
    image::load_from_memory(picture).unwrap()
}

/// TIFF with an orientation, and a description with what must not be left.
fn exif(orientation: u8) -> Vec<u8> {
    let count = u8::try_from(HIDDEN.len()).unwrap();
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    tiff.extend([1, 0x0e, 0, 2, 0, 0, 0, count, 0, 0, 0, 38]);
    tiff.extend([1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    tiff.extend([0, 0, 0, 0]);
    [&tiff, HIDDEN].concat()
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap();
    [&[0xff, marker], &length.to_be_bytes()[..], data].concat()
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = !0_u32;
    for byte in kind.iter().chain(data) {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (!(crc & 1)).wrapping_add(1));
        }
    }
    let length = u32::try_from(data.len()).unwrap();
    let (length, crc) = (length.to_be_bytes(), (!crc).to_be_bytes());
    [&length[..], kind, data, &crc].concat()
}

fn insert(file: &[u8], at: usize, parts: &[Vec<u8>]) -> Vec<u8> {
    [&file[..at], &parts.concat(), &file[at..], HIDDEN].concat()
}

fn jpeg_with_everything(orientation: u8) -> Vec<u8> {
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0", HIDDEN].concat();
    let profile = [b"ICC_PROFILE\0\x01\x01", HIDDEN].concat();
    let iptc = [b"Photoshop 3.0\x008BIM", HIDDEN].concat();
    let parts = [
        segment(0xe1, &[b"Exif\0\0", &exif(orientation)[..]].concat()),
        segment(0xe1, &xmp),
        segment(0xe2, &profile),
        segment(0xed, &iptc),
        segment(0xfe, HIDDEN),
    ];
    insert(&jpeg(&corner()), 2, &parts)
}

fn png_with_everything(orientation: u8) -> Vec<u8> {
    let xmp = [b"XML:com.adobe.xmp\0\0\0\0\0", HIDDEN].concat();
    let parts = [
        chunk(b"iCCP", &[b"profile\0\0", HIDDEN].concat()),
        chunk(b"eXIf", &exif(orientation)),
        chunk(b"tEXt", &[b"Comment\0", HIDDEN].concat()),
        chunk(b"iTXt", &xmp),
        chunk(b"prVt", HIDDEN),
    ];
    insert(&png(&corner()), 33, &parts)
}

fn gif_with_everything() -> Vec<u8> {
    let file = gif(&corner(), 1);
    // After the screen and its colours.
    let colours = if file[10] & 0x80 == 0 {
        0
    } else {
        3 << ((file[10] & 7) + 1)
    };
    let block = [&[u8::try_from(HIDDEN.len()).unwrap()], HIDDEN, b"\0"].concat();
    let parts = [
        [b"\x21\xfe", &block[..]].concat(),
        [b"\x21\xff\x0bXMP DataXMP", &block[..]].concat(),
    ];
    insert(&file, 13 + colours, &parts)
}

fn contains(file: &[u8], words: &[u8]) -> bool {
    file.windows(words.len()).any(|part| part == words)
}

#[test]
fn nothing_hidden_is_left_of_any_format() {
    for (file, marker, count) in [
        (jpeg_with_everything(1), &b"\xff\xd8\xff\xe0"[..], 6),
        (png_with_everything(1), b"\x89PNG", 6),
        (gif_with_everything(), b"\x89PNG", 3),
    ] {
        let hidden = file.windows(HIDDEN.len()).filter(|part| part == &HIDDEN);
        assert_eq!(hidden.count(), count);
        let picture = render(&file).unwrap();
        assert!(picture.starts_with(marker));
        for words in [
            HIDDEN, b"Exif", b"eXIf", b"ICC", b"iCCP", b"XMP", b"8BIM", b"tEXt",
        ] {
            assert!(!contains(&picture, words), "{}", words.escape_ascii());
        }
        assert_eq!(decoded(&picture).dimensions(), (48, 32));
        assert_eq!(render(&file).unwrap(), picture);
    }
}

#[test]
fn the_orientation_is_applied() {
    // Where the upper left corner goes, as the specification of Exif says for each of the eight values.
    for (orientation, right, lower, turned) in [
        (1, false, false, false),
        (2, true, false, false),
        (3, true, true, false),
        (4, false, true, false),
        (5, false, false, true),
        (6, true, false, true),
        (7, true, true, true),
        (8, false, true, true),
    ] {
        assert!(Orientation::from_exif(orientation).is_some());
        for file in [
            jpeg_with_everything(orientation),
            png_with_everything(orientation),
        ] {
            let picture = decoded(&render(&file).unwrap()).to_rgb8();
            let size = if turned { (32, 48) } else { (48, 32) };
            assert_eq!(picture.dimensions(), size, "{orientation}");
            for (x, y) in [(false, false), (true, false), (false, true), (true, true)] {
                let at = |far, length| if far { length - 3 } else { 2 };
                let Rgb([red, _, blue]) = picture.get_pixel(at(x, size.0), at(y, size.1));
                let expected = (x, y) == (right, lower);
                assert_eq!(red > blue, expected, "{orientation} {x} {y}");
            }
        }
    }
}

#[test]
fn a_large_picture_is_scaled_down_and_keeps_its_shape() {
    for (width, height, expected) in [
        (2048, 1024, (256, 128)),
        (100, 2000, (30, 600)),
        (2048, 1, (256, 1)),
        (256, 600, (256, 600)),
        (1, 1, (1, 1)),
    ] {
        let picture = render(&png(&RgbImage::new(width, height))).unwrap();
        assert_eq!(decoded(&picture).dimensions(), expected);
    }
    // The worst that fits is still within what clients accept.
    let mut noise = fastrand::Rng::with_seed(1);
    let points = (0..256 * 600 * 4).map(|_| noise.u8(..)).collect();
    let noise = RgbaImage::from_raw(256, 600, points).unwrap();
    let file = encoded(|file| {
        let encoder = image::codecs::png::PngEncoder::new(file);
        noise.write_with_encoder(encoder).unwrap();
    });
    let picture = render(&file).unwrap();
    assert!(picture.len() <= SIZE);
    assert_eq!(decoded(&picture).to_rgba8(), noise);
}

#[test]
fn one_frame_is_left_of_an_animation() {
    let file = gif(&RgbImage::new(2, 2), 10_000);
    assert!(file.len() < SIZE);
    let picture = render(&file).unwrap();
    assert!(picture.len() < 200, "{}", picture.len());
    assert_eq!(decoded(&picture).dimensions(), (2, 2));
}

/// A PNG of zeros that says that it is this large.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut head = Vec::new();
    head.extend(width.to_be_bytes());
    head.extend(height.to_be_bytes());
    head.extend([8, 6, 0, 0, 0]);
    [
        &b"\x89PNG\r\n\x1a\n"[..],
        &chunk(b"IHDR", &head),
        &chunk(b"IDAT", &[0; 99]),
    ]
    .concat()
}

#[test]
fn files_that_unpack_to_too_much_are_refused() {
    let screen = |width: u16, height: u16, frame: u16| {
        let mut file = gif(&RgbImage::new(2, 2), 1);
        file[6..8].copy_from_slice(&width.to_le_bytes());
        file[8..10].copy_from_slice(&height.to_le_bytes());
        let at = file.windows(2).rposition(|part| part == b"\x2c\0").unwrap();
        file[at + 5..at + 7].copy_from_slice(&frame.to_le_bytes());
        file
    };
    assert!(render(&screen(2, 2, 2)).is_ok());
    for file in [screen(2, 2, 3), screen(2, 2, u16::MAX), screen(1, 1, 2)] {
        assert!(matches!(render(&file), Err(PictureError::Damaged)));
    }
    // The header of a JPEG, with another size.
    let mut large = jpeg(&corner());
    let at = large
        .windows(2)
        .position(|part| part == b"\xff\xc0")
        .unwrap();
    large[at + 5..at + 9].fill(0xff);
    for file in [
        bomb(2049, 1),
        bomb(1, 2049),
        bomb(60_000, 60_000),
        bomb(u32::MAX >> 1, u32::MAX >> 1),
        screen(2049, 2, 2),
        screen(u16::MAX, u16::MAX, 2),
        large,
    ] {
        let refused = render(&file);
        assert!(matches!(refused, Err(PictureError::Pixels)), "{refused:?}");
    }
    let long = [png(&corner()), vec![0; SIZE]].concat();
    assert!(matches!(render(&long), Err(PictureError::TooLarge)));
}

#[test]
fn files_that_were_cut_off_or_are_something_else_are_refused() {
    for file in [jpeg(&corner()), png(&corner()), gif(&corner(), 1)] {
        assert!(render(&file).is_ok());
        // The last bytes may be the end mark alone, which nobody needs.
        for length in 0..file.len() - 16 {
            assert!(render(&file[..length]).is_err(), "{length}");
        }
    }
    let whole = jpeg_with_everything(1);
    let end = whole.windows(2).rposition(|part| part == b"\xff\xd9");
    assert!(render(&whole[..end.unwrap()]).is_err());
    // Cameras append what they like, also something that looks like a part of a picture.
    assert!(render(&[&whole, &b"\xff\xda and more"[..]].concat()).is_ok());
    for file in [
        &b""[..],
        b"GIF",
        b"BM\0\0\0\0",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
    ] {
        assert!(matches!(render(file), Err(PictureError::Format)));
    }
}

/// Whatever is changed in a file, the result is a picture or an error.
#[test]
fn damaged_files_do_no_harm() {
    let mut random = fastrand::Rng::with_seed(2);
    for file in [
        jpeg_with_everything(6),
        png_with_everything(6),
        gif_with_everything(),
    ] {
        for _ in 0..300 {
            let mut file = file.clone();
            for _ in 0..random.usize(1..5) {
                let at = random.usize(..file.len());
                file[at] = random.u8(..);
            }
            if let Ok(picture) = render(&file) {
                assert!(picture.len() <= SIZE && !contains(&picture, HIDDEN));
            }
        }
    }
}

/// Grey, transparent, and with 16 bits: all become what every client can show.
#[test]
fn every_kind_of_colour_is_read() {
    for (colour, bytes) in [
        (ExtendedColorType::L8, 1),
        (ExtendedColorType::La8, 2),
        (ExtendedColorType::Rgb16, 6),
        (ExtendedColorType::Rgba16, 8),
    ] {
        let file = encoded(|file| {
            let encoder = image::codecs::png::PngEncoder::new(file);
            encoder
                .write_image(&vec![200; 4 * bytes], 2, 2, colour)
                .unwrap();
        });
        let picture = decoded(&render(&file).unwrap()).to_rgb8();
        assert_eq!(picture.get_pixel(1, 1), &Rgb([200; 3]), "{colour:?}");
    }
}
