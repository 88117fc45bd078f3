//! Inference: from a picture to its embedding, its hash code and its saliency map, with fixed
//! weights.
//!
//! `encoder.rs` is what others call; `plan/` is the network without gradients, laid out for the
//! kernels.

mod encode_embedding;
pub(crate) mod encoder;
pub(crate) mod finder;
pub(crate) mod plan;
pub(crate) mod saliency_map;

use crate::error::{Error, Result};
use radiograph::Input;

/// Refuses an input with another preprocessing than the network's.
pub(crate) fn check_size(input: &Input, expected: u32) -> Result<()> {
    if input.size == expected {
        Ok(())
    } else {
        Err(Error::InputSize { got: input.size, expected })
    }
}
