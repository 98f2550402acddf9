//! Pictures that carry more than their points, and files that only look like pictures.

use std::process::Command;

use super::*;

const HIDDEN: &[u8] = b"hidden 52.5N 13.4E";

/// A JPEG of 40 by 20 points that was taken with the camera turned, as its Exif data say among other things.
fn photo() -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(40, 20, image::Rgb([250, 10, 10]));
    picture
        .write_to(&mut file, image::ImageFormat::Jpeg)
        .unwrap();
    let mut file = file.into_inner();
    let mut tiff =
        b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    tiff.extend(HIDDEN);
    let segment = |marker: &[u8], content: &[u8]| {
        let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [marker, &length, content].concat()
    };
    let hidden = [segment(b"\xff\xe1", &tiff), segment(b"\xff\xfe", HIDDEN)].concat();
    file.splice(2..2, hidden);
    file.extend(HIDDEN);
    file
}

fn contains(file: &[u8], words: &[u8]) -> bool {
    file.windows(words.len()).any(|part| part == words)
}

#[test]
fn what_is_hidden_in_a_photo_is_gone_and_what_is_no_picture_is_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, ann, _ben) = served(dir.path(), &[]);
    let read = |file: &Value, name: &str| get(&ann, &format!("/files/{}/{name}", id(file)), &[]);
    let photo = photo();
    assert!(contains(&photo, HIDDEN));
    let told = uploaded(&ann, "1", "DCIM\\IMG_1.JPG", &photo);
    assert_eq!(told["name"], "IMG_1.JPG");
    assert_eq!(
        (told["width"].as_i64(), told["height"].as_i64()),
        (Some(20), Some(40))
    );
    for name in ["x", "preview"] {
        let file = read(&told, name).bytes().unwrap();
        assert!(!contains(&file, HIDDEN));
        let mut reader = image::ImageReader::new(std::io::Cursor::new(&file));
        reader.set_format(image::ImageFormat::Jpeg);
        let mut decoder = reader.into_decoder().unwrap();
        use image::ImageDecoder;
        let turned = decoder.orientation().unwrap() != image::metadata::Orientation::NoTransforms;
        assert_eq!(turned, name == "x");
    }
    let stored: Vec<_> = stored(dir.path());
    assert!(
        stored
            .iter()
            .all(|file| !contains(&std::fs::read(file).unwrap(), HIDDEN))
    );

    // By content, whatever their names are.
    let told = uploaded(&ann, "2", "x.html", &png(3, 2));
    assert_eq!(
        (&told["name"], &told["mime"]),
        (&"x.html.png".into(), &"image/png".into())
    );
    let mut huge = png(3, 2);
    let size = [60_000_u32.to_be_bytes(), 60_000_u32.to_be_bytes()].concat();
    huge.splice(16..24, size);
    for (name, content) in [
        (
            "x.svg",
            &b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"[..],
        ),
        ("x.png", b"<html><script>alert(1)</script>"),
        ("x.bmp", b"BM\0\0\0\0\0\0\0\0"),
        // Cleaned of hidden data, but few browsers can show it.
        ("x.tif", &b"MM\0\x2a\0\0\0\x08\0\0\0\0\0\0"[..]),
        // Too large to be decoded, and the checksum is wrong.
        ("x.png", &huge),
    ] {
        let told = uploaded(&ann, "3", name, content);
        assert!(told["width"].is_null(), "{told}");
        let answer = read(&told, "x");
        assert_eq!(answer.headers()["content-type"], "application/octet-stream");
        assert!(
            answer.headers()["content-disposition"]
                .to_str()
                .unwrap()
                .starts_with("attachment")
        );
        assert_eq!(read(&told, "preview").status(), 404);
    }
    for damaged in [
        &photo[..photo.len() / 2],
        b"GIF89a<script>",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x04\0\0\0WEBP",
        b"MM\0\x2a\0\0\0\x08\0\0",
        b"\0\0\0\x10ftypheic\0\0\0\0",
    ] {
        assert!(refused(&ann, "4", damaged).contains("damaged"));
    }
    let long = format!("\u{202e}{}.txt", "ä".repeat(5_000));
    let told = uploaded(&ann, "5", &long, b"x");
    let name = told["name"].as_str().unwrap();
    assert!(
        name.len() <= 200 && name.starts_with('ä') && name.ends_with("ä.txt"),
        "{name}"
    );
    assert_eq!(uploaded(&ann, "6", "../../CON", b"x")["name"], "_CON");
}

/// Two frames, the first red and the second blue, and something that is no picture.
fn animation(follows: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut file);
    let colours = [[250, 10, 10, 255], [10, 10, 250, 255]];
    let frames = colours.map(|colour| image::RgbaImage::from_pixel(400, 200, image::Rgba(colour)));
    encoder
        .encode_frames(frames.map(image::Frame::new))
        .unwrap();
    drop(encoder);
    file.extend(follows);
    file
}

#[test]
fn animations_go_on_and_what_follows_the_last_frame_is_gone() {
    use image::AnimationDecoder;
    let dir = tempfile::tempdir().unwrap();
    let (_server, ann, _ben) = served(dir.path(), &[]);
    let read = |file: &Value, name: &str| {
        let answer = get(&ann, &format!("/files/{}/{name}", id(file)), &[]);
        let media_type = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        (media_type, answer.bytes().unwrap())
    };
    // A browser that looked at the content would run it.
    let script = b"<html><script>alert(1)</script></html>";
    let told = uploaded(&ann, "1", "x.html", &animation(script));
    assert_eq!(told["name"], "x.html.gif");
    let (media_type, whole) = read(&told, "x.html");
    assert_eq!(media_type, "image/gif");
    assert!(!contains(&whole, b"script"));
    let frames = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(whole));
    let frames = frames.unwrap().into_frames().collect_frames().unwrap();
    assert_eq!(frames.len(), 2);
    let (_, preview) = read(&told, "preview");
    let preview = image::load_from_memory(&preview).unwrap().to_rgb8();
    assert_eq!(preview.dimensions(), (320, 160));
    let [red, _, blue] = preview[(100, 100)].0;
    assert!(red > 200 && blue < 60, "the first frame");
}

#[test]
fn a_picture_for_printing_has_a_preview_in_its_colours() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, ann, _ben) = served(dir.path(), &[]);
    let mut convert = Command::new("convert");
    convert.args(["-size", "400x200", "xc:red", "-colorspace", "CMYK", "jpg:-"]);
    let cmyk = convert.output().unwrap().stdout;
    // The number of components in its header.
    let header = cmyk
        .windows(2)
        .position(|bytes| matches!(bytes, b"\xff\xc0" | b"\xff\xc2"));
    assert_eq!(cmyk[header.unwrap() + 9], 4);
    let told = uploaded(&ann, "1", "x.jpg", &cmyk);
    assert_eq!(
        (&told["width"], &told["mime"]),
        (&400.into(), &"image/jpeg".into())
    );
    let preview = get(&ann, &format!("/files/{}/preview", id(&told)), &[]);
    let preview = image::load_from_memory(&preview.bytes().unwrap()).unwrap();
    let [red, green, blue] = preview.to_rgb8()[(100, 100)].0;
    assert!(red > 200 && green < 60 && blue < 60, "{red} {green} {blue}");
}
