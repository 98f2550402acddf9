//! Decodes pictures that strangers have made, and encodes what is left of them: points, and nothing that was hidden beside them.

use std::io::{self, Cursor};
use std::sync::Arc;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::error::{ImageError, ImageResult};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use tokio::sync::Semaphore;

use super::workers::Workers;

/// Why a picture was not decoded.
#[derive(Debug, PartialEq, Eq)]
pub enum RenderError {
    /// It has more points than allowed.
    Pixels,
    /// It is damaged, or was cut off.
    Damaged,
}

impl From<ImageError> for RenderError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => RenderError::Pixels,
            _ => RenderError::Damaged,
        }
    }
}

/// What is decoded.
pub struct Rules {
    /// The largest width and height.
    pub side: u32,
    /// The most points.
    pub points: u64,
    /// The most memory for the points, in bytes.
    pub memory: u64,
}

/// Does work with pictures, one at a time, because each may need a hundred megabytes.
pub struct Renderer {
    turn: Arc<Semaphore>,
    workers: Workers,
}

impl Renderer {
    pub fn start() -> io::Result<Self> {
        let workers = Workers::start("pictures", 1).map_err(|error| {
            io::Error::new(error.kind(), format!("Cannot read pictures: {error}."))
        })?;
        Ok(Renderer {
            turn: Arc::new(Semaphore::new(1)),
            workers,
        })
    }

    /// `None` if the work panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = self.turn.clone().acquire_owned().await;
        let done = self.workers.run(move |()| {
            // Until it is done, also for a client that has left.
            let _turn = turn;
            work()
        });
        done.await
    }
}

/// The format of a picture that can be decoded, by its content; what the client says about it is ignored.
pub fn format(file: &[u8]) -> Option<ImageFormat> {
    let format = image::guess_format(file).ok();
    format.filter(ImageFormat::reading_enabled)
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

/// Decodes a picture, or the first frame of an animation, and turns it as it is to be shown.
pub fn decode(
    file: &[u8],
    format: ImageFormat,
    rules: &Rules,
) -> Result<DynamicImage, RenderError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(rules.side);
    limits.max_image_height = Some(rules.side);
    limits.max_alloc = Some(rules.memory);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > rules.points {
        return Err(RenderError::Pixels);
    }
    if !is_whole(file, format) {
        return Err(RenderError::Damaged);
    }
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// Encodes a picture as JPEG if it was one, otherwise as PNG; the same for the same points. `quality` of a JPEG is out of 100.
pub fn encode(picture: &DynamicImage, format: ImageFormat, quality: u8) -> ImageResult<Vec<u8>> {
    let mut file = Vec::new();
    if format == ImageFormat::Jpeg {
        let encoder = JpegEncoder::new_with_quality(&mut file, quality);
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
