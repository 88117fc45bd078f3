//! Where the network runs.

use crate::error::Error;
use burn::tensor::Device;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// What the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// The best device of this build; at present the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
}

impl DeviceChoice {
    pub(crate) fn inference(self) -> Device {
        match self {
            Self::Auto | Self::Cpu => Device::flex(),
        }
    }

    pub(crate) fn training(self) -> Device {
        self.inference().autodiff()
    }
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            other => Err(Error::Device { name: other.to_owned() }),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
        })
    }
}
