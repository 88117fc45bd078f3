//! The properties that must hold for any bytes. Fuzz targets give them bytes that libFuzzer makes,
//! tests of the crates those of the corpus.

pub mod association;
pub mod decode;
#[cfg(feature = "gallery")]
pub mod filter;
pub mod frame;
pub mod memory;
pub mod only;
pub mod pdu;
#[cfg(feature = "retrieval")]
pub mod segment;
pub mod stow;
pub mod tables;
