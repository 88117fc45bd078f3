//! Files made to break a decoder: claims without the bytes for them, nesting without end, odd but
//! lawful encodings.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use radiograph::{Error, Limits, decode};

/// One element in explicit little endian with a short length.
fn short(group: u16, element: u16, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_le_bytes();
    [&group.to_le_bytes()[..], &element.to_le_bytes(), vr, &length, value].concat()
}

/// The start of one with a long length, which need not be true.
fn long(group: u16, element: u16, vr: &[u8; 2], length: u32) -> Vec<u8> {
    [&group.to_le_bytes()[..], &element.to_le_bytes(), vr, &[0, 0], &length.to_le_bytes()].concat()
}

fn us(element: u16, value: u16) -> Vec<u8> {
    short(0x28, element, b"US", &value.to_le_bytes())
}

/// The file meta group.
fn meta(syntax: &str) -> Vec<u8> {
    let uid = |element, text: &str| {
        let mut value = text.as_bytes().to_vec();
        value.resize(value.len().next_multiple_of(2), 0);
        short(2, element, b"UI", &value)
    };
    let version = [long(2, 1, b"OB", 2), vec![0, 1]].concat();
    let rest = [
        version,
        uid(2, "1.2.840.10008.5.1.4.1.1.1"),
        uid(3, "1.2.3"),
        uid(0x10, syntax),
        uid(0x12, "1.2.3"),
    ];
    let rest = rest.concat();
    [short(2, 0, b"UL", &(rest.len() as u32).to_le_bytes()), rest].concat()
}

/// A DICOM file of 2×2 pixels with values 0, 1, 2, 3, and `inserted` before its picture.
fn file(syntax: &str, inserted: &[u8]) -> Vec<u8> {
    [
        vec![0; 128],
        b"DICM".to_vec(),
        meta(syntax),
        inserted.to_vec(),
        us(0x02, 1),
        short(0x28, 0x04, b"CS", b"MONOCHROME2 "),
        us(0x10, 2),
        us(0x11, 2),
        us(0x100, 8),
        us(0x101, 8),
        us(0x102, 7),
        us(0x103, 0),
        long(0x7FE0, 0x10, b"OB", 4),
        vec![0, 1, 2, 3],
    ]
    .concat()
}

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];

#[test]
fn a_plain_file_and_one_with_an_implicit_sequence_of_unknown_kind_both_read() {
    let plain = decode(&file(EXPLICIT, &[]), &Limits::default()).unwrap();
    assert_eq!(plain.pixels(), [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    // PS3.5 6.2.2: what a UN sequence holds is implicit little endian, whatever the file is.
    let inner = [&[0x09, 0x00, 0x02, 0x10, 4, 0, 0, 0][..], b"abcd"].concat();
    let item = [&ITEM[..], &(inner.len() as u32).to_le_bytes(), &inner].concat();
    let known = [long(9, 0x1001, b"UN", item.len() as u32), item.clone()].concat();
    assert_eq!(decode(&file(EXPLICIT, &known), &Limits::default()).unwrap(), plain);
    let open =
        [long(9, 0x1001, b"UN", u32::MAX), item, vec![0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]].concat();
    assert_eq!(decode(&file(EXPLICIT, &open), &Limits::default()).unwrap(), plain);
}

#[test]
fn sequences_without_end_do_not_exhaust_the_stack() {
    let level = [long(8, 0x1140, b"SQ", u32::MAX), ITEM.to_vec(), vec![0xFF; 4]].concat();
    let bytes = file(EXPLICIT, &level.repeat(400_000));
    let refused = decode(&bytes, &Limits::default()).unwrap_err();
    assert!(matches!(refused, Error::DicomParse { .. }), "{refused}");
}

#[test]
fn every_prefix_of_a_file_is_refused() {
    let bytes = file(EXPLICIT, &[]);
    for length in 0..bytes.len() {
        assert!(decode(&bytes[..length], &Limits::default()).is_err(), "{length} bytes");
    }
}

#[test]
fn syntaxes_that_are_not_decoded_are_named() {
    let refusal =
        |syntax: &str| decode(&file(syntax, &[]), &Limits::default()).unwrap_err().to_string();
    for (uid, name) in [
        ("1.2.840.10008.1.2.4.94", "JPIP Referenced"),
        ("1.2.840.10008.1.2.4.100", "MPEG2"),
        ("1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000"),
    ] {
        let said = refusal(uid);
        assert!(said.contains(uid) && said.contains(name) && said.contains("transcode"), "{said}");
    }
    assert!(
        refusal("1.2.3.4\n5").contains("TransferSyntaxUID is 1.2.3.4\\n5"),
        "no line breaks in messages"
    );
}

#[test]
fn attributes_that_make_no_sense_are_named() {
    let with = |changed: Vec<u8>| {
        // The last element of a tag counts, so the changed one replaces the one before.
        let mut bytes = file(EXPLICIT, &[]);
        let picture = bytes.len() - 16;
        bytes.splice(picture..picture, changed);
        decode(&bytes, &Limits::default()).unwrap_err().to_string()
    };
    for (changed, expected) in [
        (us(0x10, 0), "Rows is 0, expected 1 to 65535"),
        (us(0x11, 3), "PixelData is 4 bytes"),
        (us(0x100, 32), "BitsAllocated is 32, expected 1, 8 or 16"),
        (us(0x101, 9), "BitsStored is 9, expected 1 to BitsAllocated"),
        (us(0x02, 3), "SamplesPerPixel is 3"),
        (
            short(0x28, 0x04, b"CS", b"HSV\n"),
            "PhotometricInterpretation is HSV\\n, expected MONOCHROME1",
        ),
        (us(0x10, 200), "PixelData is 4 bytes"),
        (us(0x10, 65535), "claims 2×65535 pixels, expected sides of at most 65535"),
        (
            [us(0x10, 65535), us(0x11, 65535)].concat(),
            "claims 65535×65535 pixels, expected at most 100000000",
        ),
    ] {
        let said = with(changed);
        assert!(said.contains(expected), "{said}, expected {expected}");
    }
}

#[test]
fn the_high_bit_says_which_bits_count() {
    // Values in the upper four bits of bytes, something else in the lower.
    let mut bytes = file(EXPLICIT, &us(0x101, 4));
    let stored = us(0x101, 8);
    let at = bytes.windows(stored.len()).position(|part| part == stored).unwrap();
    bytes[at + 8] = 4;
    let start = bytes.len() - 4;
    bytes[start..].copy_from_slice(&[0x0F, 0x13, 0x27, 0x3F]);
    let picture = decode(&bytes, &Limits::default()).unwrap();
    assert_eq!(picture.pixels(), [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    assert_eq!(picture.header().bits_stored, 4);
}

#[test]
fn texts_are_read_in_their_character_set() {
    let patient = |set: &[u8], id: &[u8]| {
        let inserted = [short(8, 5, b"CS", set), short(0x10, 0x20, b"LO", id)].concat();
        decode(&file(EXPLICIT, &inserted), &Limits::default()).unwrap().header().patient_id.clone()
    };
    assert_eq!(patient(b"ISO_IR 100", b"M\xFCller ").as_deref(), Some("Müller"));
    assert_eq!(patient(b"ISO_IR 192", "Müller\0".as_bytes()).as_deref(), Some("Müller"));
    assert_eq!(patient(b"", b"plain ").as_deref(), Some("plain"));
    assert_eq!(patient(b"NONSENSE", b"  "), None);
}

#[test]
fn who_what_and_when_are_read() {
    let inserted = [
        short(8, 0x20, b"DA", b"20240229"),
        short(0x10, 0x40, b"CS", b"F "),
        short(0x10, 0x1010, b"AS", b"034M"),
        short(0x20, 0x0D, b"UI", b"1.2.5\0"),
        short(0x20, 0x0E, b"UI", b"1.2.6\0"),
    ];
    let picture = decode(&file(EXPLICIT, &inserted.concat()), &Limits::default()).unwrap();
    let header = picture.header();
    assert_eq!(header.study_instance_uid.as_deref(), Some("1.2.5"));
    assert_eq!(header.series_instance_uid.as_deref(), Some("1.2.6"));
    assert_eq!(header.sop_instance_uid.as_deref(), Some("1.2.3"), "of the file meta group");
    assert_eq!(
        (header.sex.as_deref(), header.age, header.study_date.as_deref()),
        (Some("F"), Some(2), Some("20240229"))
    );
}

/// Wraps a stream as the only frame of a JPEG baseline file of `columns` × `rows`.
fn encapsulated(stream: &[u8], columns: u16, rows: u16) -> Vec<u8> {
    let mut bytes = file("1.2.840.10008.1.2.4.50", &[]);
    bytes.truncate(bytes.len() - 16);
    let item = |value: &[u8]| [&ITEM[..], &(value.len() as u32).to_le_bytes(), value].concat();
    let (first, second) = stream.split_at(stream.len() / 4 * 2);
    [
        bytes,
        us(0x10, rows),
        us(0x11, columns),
        long(0x7FE0, 0x10, b"OB", u32::MAX),
        item(&[]),
        item(first),
        item(second),
        vec![0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0],
    ]
    .concat()
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image =
        image::GrayImage::from_fn(width, height, |x, y| image::Luma([(x * 9 + y * 5) as u8]));
    image.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    let mut bytes = bytes.into_inner();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

#[test]
fn a_jpeg_inside_dicom_is_the_picture_of_the_jpeg() {
    let stream = jpeg(20, 12);
    let wrapped = encapsulated(&stream, 20, 12);
    let (inside, outside) =
        (decode(&wrapped, &Limits::default()), decode(&stream, &Limits::default()));
    let (inside, outside) = (inside.unwrap(), outside.unwrap());
    // Without a window DICOM shows from the smallest value to the largest.
    let smallest = outside.pixels().iter().copied().fold(1.0, f32::min);
    let largest = outside.pixels().iter().copied().fold(0.0, f32::max);
    let stretched = outside.pixels().iter().map(|p| (p - smallest) / (largest - smallest));
    assert!(inside.pixels().iter().zip(stretched).all(|(a, b)| (a - b).abs() < 1e-5));
    for length in 0..wrapped.len() {
        if let Ok(picture) = decode(&wrapped[..length], &Limits::default()) {
            assert_eq!(picture, inside, "{length} of {} bytes", wrapped.len());
        }
    }
    let other = decode(&encapsulated(&stream, 12, 20), &Limits::default()).unwrap_err().to_string();
    assert!(other.contains("20×12 pixels, expected the Columns × Rows, 12×20"), "{other}");
    let foreign = decode(&encapsulated(b"\xFF\x4F\xFF\x51 JPEG 2000", 20, 12), &Limits::default())
        .unwrap_err();
    assert!(foreign.to_string().contains("does not begin as a JPEG"), "{foreign}");
}

/// A TIFF of 2×2 pixels whose offsets of strips are said to be so many.
fn tiff(offsets: u32) -> Vec<u8> {
    let entry = |(tag, count, value): (u16, u32, u32)| {
        [&tag.to_le_bytes()[..], &[4, 0], &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let entries = [
        (256, 1, 2),
        (257, 1, 2),
        (258, 1, 8),
        (262, 1, 1),
        (273, offsets, 122),
        (278, 1, 2),
        (279, 1, 4),
    ];
    let mut bytes = [&b"II*\0\x08\0\0\0\x07\0"[..], &entries.map(entry).concat(), &[0; 4]].concat();
    bytes.resize(122, 0);
    [&bytes[..], &[0, 85, 170, 255]].concat()
}

#[test]
fn a_tiff_that_claims_more_values_than_it_has_bytes_is_refused_before_its_decoder_makes_room() {
    let whole = decode(&tiff(1), &Limits::default()).unwrap();
    assert_eq!(whole.pixels(), [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    // What fuzzing found: 88 MB for 273 bytes.
    let said = decode(&tiff(2_771_273), &Limits::default()).unwrap_err().to_string();
    assert!(said.contains("tag 273 claims 2771273 values, expected at most 126"), "{said}");
}

/// Files that claim gigabytes and hold next to nothing.
fn boasts() -> Vec<Vec<u8>> {
    let plain = file(EXPLICIT, &[]);
    let mut boasts: Vec<Vec<u8>> = (132..plain.len() - 4)
        .map(|at| {
            let mut bytes = plain.clone();
            bytes[at..at + 4].copy_from_slice(&0xFFFF_FFF0_u32.to_le_bytes());
            bytes
        })
        .collect();
    let patched = |mut bytes: Vec<u8>, at: usize, value: &[u8]| {
        bytes[at..at + value.len()].copy_from_slice(value);
        bytes
    };
    let frame =
        |stream: &[u8]| stream.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap() + 5;
    let stream = jpeg(20, 12);
    boasts.push(patched(stream.clone(), frame(&stream), &[0xFF, 0xFF, 0xFF, 0xFF]));
    let mut png = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(3, 3).write_to(&mut png, image::ImageFormat::Png).unwrap();
    // The checksum is wrong now; a decoder that looks at the sides first must not allocate either.
    boasts.push(patched(png.into_inner(), 16, &[0x00, 0xFF, 0xFF, 0xFF, 0x00, 0xFF, 0xFF, 0xFF]));
    let mut tiff = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(3, 3).write_to(&mut tiff, image::ImageFormat::Tiff).unwrap();
    let tiff = tiff.into_inner();
    for at in (0..tiff.len() - 4).step_by(2) {
        boasts.push(patched(tiff.clone(), at, &0x7FFF_FFF0_u32.to_le_bytes()));
    }
    boasts.push(encapsulated(&stream, 65535, 65535));
    boasts
}

#[test]
fn boasts_are_refused_or_harmless() {
    for bytes in boasts() {
        let result = decode(&bytes, &Limits::default());
        assert!(!matches!(result, Err(Error::Panicked)));
        assert!(result.is_err() || result.is_ok_and(|picture| picture.pixels().len() < 1000));
    }
}

/// The test above, in a process that has 600 MB of addresses in all: an allocation of what is
/// claimed kills it.
#[cfg(target_os = "linux")]
#[test]
fn boasts_do_not_allocate_what_they_claim() {
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            "ulimit -v 600000 && exec \"$0\" --exact boasts_are_refused_or_harmless --test-threads 1",
        ])
        .arg(std::env::current_exe().unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_elements_at_all_never_panic(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        for syntax in [EXPLICIT, "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50"] {
            let result = decode(&file(syntax, &noise), &Limits::default());
            prop_assert!(!matches!(result, Err(Error::Panicked)));
        }
    }
}
