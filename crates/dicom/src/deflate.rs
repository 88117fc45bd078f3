//! Deflated data sets (PS3.5 A.5): all after the file meta group is one stream.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::error::{Error, Result};

/// Returns the number of bytes that a stream inflates to, counted up to `most`. One byte may stand
/// for a thousand, so they are counted before there is room for them.
///
/// # Errors
/// [`Error::Inflate`].
pub fn inflated_length(stream: &[u8], most: u64) -> Result<u64> {
    let mut inflating = DeflateDecoder::new(stream).take(most);
    std::io::copy(&mut inflating, &mut std::io::sink()).map_err(Error::Inflate)
}

/// Returns the first `length` bytes that a stream inflates to.
///
/// # Errors
/// [`Error::Inflate`].
pub fn inflate(stream: &[u8], length: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length as usize);
    let inflating = DeflateDecoder::new(stream).take(length).read_to_end(&mut bytes);
    inflating.map_err(Error::Inflate)?;
    Ok(bytes)
}

/// Returns a file with a data set deflated behind its file meta group, padded to an even length.
///
/// # Errors
/// [`Error::Inflate`].
pub fn deflated(file_meta: Vec<u8>, data_set: &[u8]) -> Result<Vec<u8>> {
    let mut deflating = DeflateEncoder::new(file_meta, Compression::default());
    deflating.write_all(data_set).map_err(Error::Inflate)?;
    let mut file = deflating.finish().map_err(Error::Inflate)?;
    file.resize(file.len().next_multiple_of(2), 0);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deflated_inflates_and_is_counted_first() {
        let data_set = vec![7; 100_000];
        let file = deflated(vec![1, 2, 3, 4], &data_set).unwrap();
        assert!(file.len() < 1000 && file.len().is_multiple_of(2));
        assert_eq!(inflated_length(&file[4..], 1 << 20).unwrap(), 100_000);
        assert_eq!(inflated_length(&file[4..], 500).unwrap(), 500);
        assert_eq!(inflate(&file[4..], 100_000).unwrap(), data_set);
        assert!(inflated_length(&[0xFF; 9], 500).is_err());
    }
}
