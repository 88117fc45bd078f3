//! Galleries on a server in a build without the feature `postgresql`: none can be opened.

use retrieval::ModelId;

use crate::store::Store;
use crate::{Location, PostgresError, Result};

pub(super) fn open(url: &str) -> Result<Box<dyn Store>> {
    Err(left_out(url).into())
}

pub(super) fn create(url: &str, _: &ModelId, _bits: usize) -> Result<()> {
    Err(left_out(url).into())
}

pub(super) fn is_there(url: &str) -> Result<bool> {
    Err(left_out(url).into())
}

fn left_out(url: &str) -> PostgresError {
    PostgresError::LeftOut { gallery: Location::Server(url.to_owned()) }
}
