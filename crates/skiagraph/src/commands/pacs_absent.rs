//! The commands to and from a PACS in a build without the feature `pacs`: each says what is
//! missing.

use std::ffi::OsString;

use anyhow::{Result, bail};

/// Left out of this build, which lacks the feature `pacs`
#[derive(clap::Args)]
pub(crate) struct LeftOut {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Says which feature is missing.
///
/// # Errors
/// Always.
pub(crate) fn run(_: &LeftOut) -> Result<()> {
    bail!(
        "the commands to and from a PACS need the feature `pacs`, which this build leaves out; \
         expected a build without `--no-default-features`, or with `--features pacs`"
    )
}

pub(crate) mod inbox {
    pub(crate) use super::{LeftOut as InboxArgs, run};
}
pub(crate) mod listen {
    pub(crate) use super::{LeftOut as ListenArgs, run};
}
pub(crate) mod pull {
    pub(crate) use super::{LeftOut as PullArgs, run};
}
pub(crate) mod send {
    pub(crate) use super::{LeftOut as SendArgs, run};
}
