//! Makes the picture that is stored out of the file that was uploaded. It is decoded and re-encoded, so that nothing but its points
//! is left: no place where it was taken, no serial number of the camera, no comment, no profile, and one frame of an animation.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::error::{ImageError, ImageResult};
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::PictureError;

/// The largest picture in bytes.
pub const SIZE: usize = 1 << 20;
/// The largest width and height that are decoded.
const DECODED: u32 = 2048;
/// The most memory for the points of a picture: 16 bytes for each.
const MEMORY: u64 = 64 << 20;

/// The largest width and height that are stored: as wide as Pidgin's, as high as those of 2008.
const WIDTH: u32 = 256;
const HEIGHT: u32 = 600;
/// Of the JPEG, out of 100.
const QUALITY: u8 = 90;

/// The formats that are accepted, by their content; what the client says about it is ignored.
fn format(file: &[u8]) -> Result<ImageFormat, PictureError> {
    image::guess_format(file)
        .ok()
        .filter(ImageFormat::reading_enabled)
        .ok_or(PictureError::Format)
}

/// The media type of a stored picture.
pub fn media_type(picture: &[u8]) -> Option<&'static str> {
    Some(format(picture).ok()?.to_mime_type())
}

/// Returns the picture as JPEG if it was one, otherwise as PNG; the same for the same file.
pub fn render(file: &[u8]) -> Result<Vec<u8>, PictureError> {
    if file.len() > SIZE {
        return Err(PictureError::TooLarge);
    }
    let format = format(file)?;
    let picture = decode(file, format)?;
    Ok(encode(&picture, format)?)
}

impl From<ImageError> for PictureError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => PictureError::Pixels,
            _ => PictureError::Damaged,
        }
    }
}

/// Finds what the decoders forgive: a JPEG that was cut off, and a GIF whose first frame is not within its screen.
fn is_whole(file: &[u8], format: ImageFormat) -> bool {
    match format {
        ImageFormat::Jpeg => has_end(file),
        ImageFormat::Gif => {
            let mut options = gif::DecodeOptions::new();
            options.check_frame_consistency(true);
            let mut decoder = options.read_info(file);
            let frame = decoder.as_mut().map(|decoder| decoder.next_frame_info());
            matches!(frame, Ok(Ok(Some(_))))
        }
        _ => true,
    }
}

/// Whether the end of a JPEG follows its first scan, whose data contain no other marker like it. Anything may come after the end.
fn has_end(jpeg: &[u8]) -> bool {
    let mut rest = jpeg.get(2..).unwrap_or_default();
    loop {
        rest = match rest {
            [0xff, 0xda, scan @ ..] => return scan.windows(2).any(|bytes| bytes == b"\xff\xd9"),
            [0xff, 0xff, ..] => rest.get(1..).unwrap_or_default(),
            [0xff, _, segment @ ..] => {
                let length = segment.first_chunk().copied().map_or(0, u16::from_be_bytes);
                segment.get(usize::from(length)..).unwrap_or_default()
            }
            _ => return false,
        };
    }
}

fn decode(file: &[u8], format: ImageFormat) -> Result<DynamicImage, PictureError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(DECODED);
    limits.max_image_height = Some(DECODED);
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    if !is_whole(file, format) {
        return Err(PictureError::Damaged);
    }
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    if picture.width() > WIDTH || picture.height() > HEIGHT {
        picture = picture.resize(WIDTH, HEIGHT, FilterType::CatmullRom);
    }
    Ok(picture)
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> ImageResult<Vec<u8>> {
    let mut file = Vec::new();
    if format == ImageFormat::Jpeg {
        let encoder = JpegEncoder::new_with_quality(&mut file, QUALITY);
        picture.to_rgb8().write_with_encoder(encoder)?;
    } else {
        let encoder = PngEncoder::new(&mut file);
        if picture.color().has_alpha() {
            picture.to_rgba8().write_with_encoder(encoder)?;
        } else {
            picture.to_rgb8().write_with_encoder(encoder)?;
        }
    }
    Ok(file)
}
