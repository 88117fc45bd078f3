//! The device that the network runs on.

use crate::error::{Error, Result};
use burn::tensor::Device;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// A device as the user names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// The first of CUDA, Vulkan and the processor that is present.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// A graphics card of NVIDIA; needs the feature `cuda`.
    Cuda,
    /// Any graphics card with a Vulkan driver; needs the feature `vulkan`.
    Vulkan,
}

const NAMES: [(&str, DeviceChoice); 4] = [
    ("auto", DeviceChoice::Auto),
    ("cpu", DeviceChoice::Cpu),
    ("cuda", DeviceChoice::Cuda),
    ("vulkan", DeviceChoice::Vulkan),
];

impl DeviceChoice {
    /// Opens the device and tests that it answers.
    ///
    /// # Errors
    /// [`Error::DeviceNotBuilt`] and [`Error::DeviceSilent`].
    pub(crate) fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            Self::Cuda => cuda(),
            Self::Vulkan => vulkan(),
            Self::Auto => Ok(cuda().or_else(|_| vulkan()).unwrap_or_else(|_| Device::flex())),
        }
    }
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<Device> {
    answering("cuda", || Device::cuda(0))
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<Device> {
    Err(Error::DeviceNotBuilt { name: "cuda" })
}

#[cfg(feature = "vulkan")]
fn vulkan() -> Result<Device> {
    use burn::tensor::DeviceKind::{DiscreteGpu, IntegratedGpu, VirtualGpu};
    // The driver's default is not used: without a card it is the processor, by a detour.
    answering("vulkan", || Device::vulkan(DiscreteGpu(0)))
        .or_else(|_| answering("vulkan", || Device::vulkan(IntegratedGpu(0))))
        .or_else(|_| answering("vulkan", || Device::vulkan(VirtualGpu(0))))
}

#[cfg(not(feature = "vulkan"))]
fn vulkan() -> Result<Device> {
    Err(Error::DeviceNotBuilt { name: "vulkan" })
}

/// Returns the device if it can add numbers. The libraries of graphics cards panic if a driver is
/// missing.
#[cfg(any(feature = "cuda", feature = "vulkan"))]
fn answering(name: &'static str, open: fn() -> Device) -> Result<Device> {
    use burn::tensor::Tensor;
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let answer = std::panic::catch_unwind(|| {
        let device = open();
        let sum = (Tensor::<1>::ones([1], &device) + 1.0).into_scalar::<f32>();
        (sum == 2.0).then_some(device)
    });
    std::panic::set_hook(hook);
    let reason = match answer {
        Ok(Some(device)) => return Ok(device),
        Ok(None) => "it adds wrongly".to_owned(),
        Err(panic) => panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "no reason given".to_owned()),
    };
    Err(Error::DeviceSilent { name, reason })
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = NAMES.iter().find(|(name, _)| *name == text);
        found.map(|(_, choice)| *choice).ok_or_else(|| Error::Device { name: text.to_owned() })
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = NAMES.iter().find(|(_, choice)| choice == self);
        f.write_str(found.map_or("auto", |(name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_and_written() {
        for (name, choice) in NAMES {
            assert_eq!(name.parse::<DeviceChoice>().unwrap(), choice);
            assert_eq!(choice.to_string(), name);
        }
        assert!("tpu".parse::<DeviceChoice>().unwrap_err().to_string().contains("vulkan"));
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn a_device_that_was_not_built_in_is_named() {
        let message = DeviceChoice::Cuda.open().unwrap_err().to_string();
        assert!(message.contains("--features cuda"), "{message}");
    }
}
