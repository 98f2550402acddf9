//! Pictures that carry more than their points, and files that only look like pictures.

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
