//! The page of a TIFF that is the radiograph.
//!
//! Files may begin with a small copy for lists of pictures. Such a page says so, and its picture
//! comes later or below it (in SubIFDs). Where nothing is said, a later page of the same shape with
//! sides at least twice as long is the picture of which the first is a small copy.

use std::collections::HashSet;

use super::directory::{Directory, File};
use super::{HEIGHT, PHOTOMETRIC, WIDTH, bad};
use crate::error::Result;

/// Pages that are looked at.
const MAX_PAGES: usize = 64;
const NEW_SUBFILE_TYPE: u16 = 254;
const SUBFILE_TYPE: u16 = 255;
const SUB_DIRECTORIES: u16 = 330;
/// Bits of NewSubfileType: a smaller copy, a transparency mask.
const REDUCED: u64 = 1;
const MASK: u64 = 4;
/// The value of the older SubfileType for a smaller copy.
const OLD_REDUCED: u64 = 2;
/// The photometric interpretation of a transparency mask.
const MASK_PHOTOMETRIC: u64 = 4;

struct Page<'a> {
    directory: Directory<'a>,
    width: u64,
    height: u64,
    reduced: bool,
}

impl<'a> Page<'a> {
    /// The page that a directory describes; none if it is a mask or has no sides.
    fn of(directory: Directory<'a>) -> Result<Option<Self>> {
        let value = |tag| directory.value(tag).map(|value| value.unwrap_or(0));
        let kind = value(NEW_SUBFILE_TYPE)?;
        let mask = kind & MASK != 0 || value(PHOTOMETRIC)? == MASK_PHOTOMETRIC;
        let reduced = kind & REDUCED != 0 || value(SUBFILE_TYPE)? == OLD_REDUCED;
        let (width, height) = (value(WIDTH)?, value(HEIGHT)?);
        let page = Self { directory, width, height, reduced };
        Ok((!mask && width > 0 && height > 0).then_some(page))
    }

    fn pixels(&self) -> u64 {
        self.width.saturating_mul(self.height)
    }

    /// Whether it is the picture of which a page is a small copy.
    fn is_larger_copy_of(&self, small: &Self) -> bool {
        let scale = self.width as f64 / small.width as f64;
        let height = small.height as f64 * scale;
        scale >= 2.0 && (self.height as f64 - height).abs() <= scale
    }
}

/// The directory of the page that is the radiograph.
///
/// # Errors
/// [`crate::Error::Raster`] if the first directory cannot be read, or no page has a picture.
pub(super) fn choose<'a>(file: &File<'a>) -> Result<Directory<'a>> {
    let pages = pages(file)?;
    let whole = pages.iter().position(|page| !page.reduced);
    // The last of the largest ones, if all are said to be small copies.
    let largest = || (0..pages.len()).max_by_key(|&page| pages[page].pixels());
    let first = whole.or_else(largest).ok_or_else(|| bad("has no page with a picture".into()))?;
    let larger = (first + 1..pages.len())
        .filter(|&page| !pages[page].reduced && pages[page].is_larger_copy_of(&pages[first]));
    let chosen = larger.max_by_key(|&page| pages[page].pixels()).unwrap_or(first);
    pages.into_iter().nth(chosen).map(|page| page.directory).ok_or_else(|| bad("no page".into()))
}

/// Pages in their order, each before the ones below it. One that cannot be read ends the list.
fn pages<'a>(file: &File<'a>) -> Result<Vec<Page<'a>>> {
    let (mut directory, mut pages, mut seen) = (file.first()?, Vec::new(), HashSet::new());
    loop {
        let (next, below) = (directory.next, children(&directory));
        let page = Page::of(directory);
        pages.extend(if pages.is_empty() { page? } else { page.ok().flatten() });
        for at in below.into_iter().filter(|&at| seen.insert(at)) {
            pages.extend(file.directory(at).and_then(Page::of).ok().flatten());
        }
        if next == 0 || seen.len() >= MAX_PAGES || !seen.insert(next) {
            return Ok(pages);
        }
        match file.directory(next) {
            Ok(following) => directory = following,
            Err(_) => return Ok(pages),
        }
    }
}

/// Positions of the directories below one.
fn children(directory: &Directory) -> Vec<u64> {
    let mut children = directory.values(SUB_DIRECTORIES).unwrap_or_default();
    children.truncate(MAX_PAGES);
    children
}
