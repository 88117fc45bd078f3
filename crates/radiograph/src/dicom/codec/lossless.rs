//! JPEG Lossless (ITU-T T.81 process 14).

use super::super::encoding::Encoding;
use super::super::samples::Shape;
use super::{bad, check, in_frame};
use crate::error::Result;
use crate::raster::jpeg;
use jpeg_decoder::{CodingProcess, ColorTransform, Decoder, PixelFormat};

const FORMAT: &str = "JPEG Lossless";
/// Words that the decoder may take beside the picture.
const WORKSPACE: usize = 64 << 20;

/// Samples, pixel by pixel.
pub(super) fn decode(stream: &[u8], encoding: &Encoding, shape: &Shape) -> Result<Vec<u16>> {
    let failed = |e: jpeg_decoder::Error| bad(FORMAT, e.to_string());
    jpeg::frame(stream).map_err(in_frame)?;
    let mut decoder = Decoder::new(stream);
    decoder.set_max_decoding_buffer_size(WORKSPACE.saturating_add(8 * shape.pixels()));
    // Lossless samples are what the file says they are: nothing is to be turned into RGB.
    decoder.set_color_transform(ColorTransform::None);
    decoder.read_info().map_err(failed)?;
    let info = decoder.info().ok_or_else(|| bad(FORMAT, "cut off before its frame header"))?;
    // Any other process would be decoded as well, but subsampled colours that are not to be turned
    // into RGB make a panic.
    if info.coding_process != CodingProcess::Lossless {
        return Err(bad(FORMAT, format!("process {:?}, expected lossless", info.coding_process)));
    }
    let samples = if info.pixel_format == PixelFormat::RGB24 { 3 } else { 1 };
    check(FORMAT, (info.width.into(), info.height.into(), samples), encoding, shape)?;
    let bytes = decoder.decode().map_err(failed)?;
    Ok(match info.pixel_format {
        PixelFormat::L16 => {
            bytes.as_chunks().0.iter().map(|&pair| u16::from_ne_bytes(pair)).collect()
        }
        _ => bytes.into_iter().map(u16::from).collect(),
    })
}
