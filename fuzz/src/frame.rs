//! Compressed frames, each in a DICOM file that is sound but for it: so a change reaches the codec,
//! not only the header.

/// Transfer syntaxes of compressed frames.
const SYNTAXES: [&str; 13] = [
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.1.98",
    "1.2.840.10008.1.2.4.203",
];
const PHOTOMETRIC: [&str; 4] = ["MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422"];

/// The transfer syntax that an input's first byte chooses.
pub fn syntax(byte: u8) -> &'static str {
    SYNTAXES[usize::from(byte) % SYNTAXES.len()]
}

/// The file that an input stands for: of its five bytes of header, one chooses the transfer syntax,
/// two the sides, one the bits stored, and one bits allocated, sign and colours; the rest is the
/// frame. None where there is no header.
pub fn file(input: &[u8]) -> Option<Vec<u8>> {
    let (&[choice, columns, rows, stored, kind], frame) = input.split_first_chunk()?;
    let syntax = syntax(choice);
    let photometric = PHOTOMETRIC[usize::from(kind >> 2) % PHOTOMETRIC.len()];
    let allocated = if kind & 1 == 0 { 8 } else { 16 };
    let stored = u16::from(stored) % allocated + 1;
    let mut file = [&[0; 128][..], b"DICM"].concat();
    short(&mut file, 2, 0x10, b"UI", syntax.as_bytes());
    short(
        &mut file,
        0x28,
        0x02,
        b"US",
        &if photometric == PHOTOMETRIC[0] { 1_u16 } else { 3 }.to_le_bytes(),
    );
    short(&mut file, 0x28, 0x04, b"CS", photometric.as_bytes());
    for (element, value) in [
        (0x10, u16::from(rows) + 1),
        (0x11, u16::from(columns) + 1),
        (0x100, allocated),
        (0x101, stored),
        (0x102, stored - 1),
        (0x103, u16::from(kind >> 1 & 1)),
    ] {
        short(&mut file, 0x28, element, b"US", &value.to_le_bytes());
    }
    file.extend([0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
    file.extend([0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]);
    file.extend([0xFE, 0xFF, 0x00, 0xE0]);
    file.extend((frame.len() as u32).to_le_bytes());
    file.extend(frame);
    file.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    Some(file)
}

/// An element with a length of two bytes.
fn short(file: &mut Vec<u8>, group: u16, element: u16, vr: &[u8; 2], value: &[u8]) {
    let odd = value.len() % 2;
    file.extend(group.to_le_bytes());
    file.extend(element.to_le_bytes());
    file.extend(vr);
    file.extend(((value.len() + odd) as u16).to_le_bytes());
    file.extend(value);
    file.extend([0, 0].iter().take(odd));
}
