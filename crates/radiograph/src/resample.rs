//! Pictures, and parts of them, in other sizes.

use crate::radiograph::Radiograph;
use crate::region::Region;
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::F32;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

/// The sides of a picture whose longer one is at most `side`, its aspect kept.
pub(crate) fn fitted(radiograph: &Radiograph, side: u32) -> (u32, u32) {
    let longer = f64::from(radiograph.width().max(radiograph.height()));
    let scale = (f64::from(side) / longer).min(1.0);
    let fit = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    (fit(radiograph.width()), fit(radiograph.height()))
}

/// A part of the picture in `width` × `height` pixels: means over the area that each of them
/// covers; linear interpolation where it is enlarged.
pub(crate) fn resample(
    radiograph: &Radiograph,
    region: &Region,
    width: u32,
    height: u32,
) -> Vec<f32> {
    let (columns, rows) = (region.columns(radiograph.width()), region.rows(radiograph.height()));
    let enlarges = width as usize > columns.len() || height as usize > rows.len();
    let filter = if enlarges { FilterType::Bilinear } else { FilterType::Box };
    let crop = [columns.start, rows.start, columns.len() as u32, rows.len() as u32].map(f64::from);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter))
        .crop(crop[0], crop[1], crop[2], crop[3]);
    let mut small = TypedImage::<F32>::new(width, height);
    let pixels = bytemuck::cast_slice(radiograph.pixels());
    // Neither call can fail: a radiograph has as many pixels as its sides say, and no side of the
    // region is 0.
    let resized = TypedImageRef::from_buffer(radiograph.width(), radiograph.height(), pixels)
        .map(|source| Resizer::new().resize_typed(&source, &mut small, &options));
    debug_assert!(matches!(resized, Ok(Ok(()))), "resampling a radiograph");
    small.pixels().iter().map(|p| p.0).collect()
}
