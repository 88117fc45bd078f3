//! New pictures, and hostile files.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::Rng;
use rand::rngs::StdRng;

/// The UID in the phantom that DICOM files are made of.
const UID: &[u8] = b"1.2.826.0.1.3680043.10.1";
/// The number of bytes of a file that contain its header.
const HEADER: usize = 600;

/// A source of files.
pub(crate) struct Files {
    jpeg: Vec<u8>,
    dicom: Vec<u8>,
    /// Sound files of several formats, from which hostile ones are made.
    sound: Vec<Vec<u8>>,
    /// A PNG of 1 × 64,000,000 pixels.
    thin: Vec<u8>,
    next: AtomicU64,
}

impl Files {
    pub(crate) fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let phantom =
            |name: &str| fs::read(root.join("../radiograph/tests/data/dicom").join(name)).unwrap();
        let jpeg = fs::read(root.join("../../samples/images/nih/00004048_015.jpg")).unwrap();
        let dicom = phantom("u12.jpeg70.dcm");
        let names = ["u12.j2k.dcm", "u12.htj2k.dcm", "u12.jls.dcm", "rgb.jpeg50.dcm"];
        let mut sound: Vec<_> = names.map(phantom).into();
        sound.extend([jpeg.clone(), dicom.clone()]);
        let picture = image::load_from_memory(&jpeg).unwrap();
        for format in [image::ImageFormat::Png, image::ImageFormat::Tiff] {
            let mut bytes = std::io::Cursor::new(Vec::new());
            picture.write_to(&mut bytes, format).unwrap();
            sound.push(bytes.into_inner());
        }
        let thin = png_header(1, 64_000_000);
        Self { jpeg, dicom, sound, thin, next: AtomicU64::new(1) }
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A JPEG file. Bytes behind its end change the key, but not the picture.
    pub(crate) fn jpeg(&self) -> Vec<u8> {
        [&self.jpeg[..], &self.number().to_le_bytes()].concat()
    }

    /// A DICOM file and its SOP Instance UID.
    pub(crate) fn dicom(&self) -> (Vec<u8>, String) {
        let uid = format!("1.2.826.0.1.{}", 100_000_000_000 + self.number());
        let mut bytes = self.dicom.clone();
        while let Some(at) = bytes.windows(UID.len()).position(|part| part == UID) {
            bytes[at..at + UID.len()].copy_from_slice(uid.as_bytes());
        }
        (bytes, uid)
    }

    /// A file that asks for much: a header with extreme bytes, or a picture of odd sides.
    pub(crate) fn hostile(&self, random: &mut StdRng) -> Vec<u8> {
        let kind = random.random_range(0..self.sound.len() + 1);
        let Some(sound) = self.sound.get(kind) else { return self.thin.clone() };
        let mut bytes = sound.clone();
        for _ in 0..=random.random_range(0..6) {
            let at = random.random_range(0..HEADER.min(bytes.len()));
            bytes[at] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF][random.random_range(0..6)];
        }
        bytes
    }
}

/// The beginning of a grey PNG file that claims these sides.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 0, 0, 0, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bytes.extend(header);
    bytes.extend(crc.sum().to_be_bytes());
    bytes.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
    bytes
}
