//! Options of this server that a build may leave out.

use anyhow::{Error, anyhow};

/// The error of an option whose feature this build does not have.
pub(crate) fn left_out(option: &str, feature: &str) -> Error {
    anyhow!(
        "`{option}` needs the feature `{feature}`, which this build leaves out; \
         expected a build without `--no-default-features`, or with `--features {feature}`"
    )
}
