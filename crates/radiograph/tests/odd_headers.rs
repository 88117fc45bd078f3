//! Sound pictures under headers that are not: they are read as they are meant, with a warning.
#![expect(clippy::unwrap_used, reason = "tests")]

mod dicom_file;

use dicom_file::{BIG, EXPLICIT, FORMS, File, Form, IMPLICIT, meta, read, stored};
use radiograph::{Limits, Radiograph, decode};

fn refusal(file: &File) -> String {
    decode(&file.bytes(), &Limits::default()).unwrap_err().to_string()
}

fn warnings(picture: &Radiograph) -> Vec<String> {
    picture.header().warnings.iter().map(ToString::to_string).collect()
}

/// The greys of the window over all values.
fn plain() -> Vec<f32> {
    stored().iter().map(|&value| f32::from(value) / 4095.0).collect()
}

fn assert_plain(picture: &Radiograph, of: &str) {
    let near = |(a, b): (&f32, f32)| (a - b).abs() < 1e-5;
    assert!(picture.pixels().iter().zip(plain()).all(near), "{of}: {:?}", picture.pixels());
}

#[test]
fn sound_files_have_no_warnings() {
    for form in FORMS {
        let picture = read(&File::new(form));
        assert_plain(&picture, form.uid());
        assert_eq!(warnings(&picture), [""; 0], "{}", form.uid());
    }
}

#[test]
fn a_file_meta_group_may_be_implicit_twice_or_without_its_length() {
    for form in FORMS {
        let mut file = File::new(form);
        let implicit = [
            IMPLICIT.element((2, 0), b"UL", &[0; 4]),
            IMPLICIT.element((2, 0x10), b"UI", form.uid().as_bytes()),
        ];
        file.meta = implicit.concat();
        let picture = read(&file);
        assert_plain(&picture, form.uid());
        assert!(warnings(&picture)[0].starts_with("the file meta group is without value rep"));
        for second in [meta("1.2.840.10008.1.2.4.70"), meta(form.uid()), implicit.concat()] {
            file.meta = [meta(form.uid()), second].concat();
            let picture = read(&file);
            assert_plain(&picture, form.uid());
            assert!(warnings(&picture).concat().contains("group is there twice, expected one"));
        }
        file.meta = meta(form.uid())[12..].to_vec();
        assert_eq!(warnings(&read(&file)), [""; 0]);
    }
}

#[test]
fn without_a_transfer_syntax_the_data_set_tells() {
    for form in FORMS {
        let mut file = File::new(form);
        for meta in [vec![], EXPLICIT.element((2, 0x12), b"UI", b"1.2.4")] {
            file.meta = meta;
            let picture = read(&file);
            assert_plain(&picture, form.uid());
            let said = warnings(&picture).concat();
            assert!(said.contains("TransferSyntaxUID is missing") && said.contains(form.uid()));
        }
    }
    let mut empty = vec![0; 128];
    empty.extend(b"DICM");
    let said = decode(&empty, &Limits::default()).unwrap_err().to_string();
    assert!(said.contains("TransferSyntaxUID is missing"), "{said}");
}

#[test]
fn a_data_set_of_another_order_than_its_transfer_syntax_is_read_as_it_is() {
    for (form, other) in [(BIG, EXPLICIT), (EXPLICIT, BIG), (IMPLICIT, BIG), (EXPLICIT, IMPLICIT)] {
        let mut file = File::new(form);
        file.meta = meta(other.uid());
        assert_plain(&read(&file), form.uid());
    }
}

/// Sequences of unknown kind (PS3.5 6.2.2): what is in them is implicit little endian; what some
/// writers put in is not.
#[test]
fn sequences_of_unknown_kind_are_stepped_over_in_whatever_form_they_are() {
    for outside in [EXPLICIT, BIG] {
        for inside in FORMS {
            let nested = inside.element((8, 0x1150), b"UI", b"1.2");
            let nested = inside.sequence((8, 0x1140), &[nested], false);
            for lengths in [false, true] {
                let item = inside.item(&nested, lengths);
                let end = [&inside.tag((0xFFFE, 0xE0DD))[..], &[0; 4]].concat();
                let unknown =
                    [outside.start((9, 0x1010), b"UN", u32::MAX), item.clone(), end].concat();
                let mut file = File::new(outside);
                file.raw((9, 0x1010), unknown);
                let with_length = outside.start((9, 0x1011), b"UN", item.len() as u32);
                file.raw((9, 0x1011), [with_length, item].concat());
                let picture = read(&file);
                assert_plain(&picture, outside.uid());
                assert_eq!(warnings(&picture), [""; 0]);
            }
        }
    }
}

#[test]
fn a_table_in_a_sequence_of_unknown_kind_is_found() {
    let table = |form: Form| {
        let descriptor = form.element((0x28, 0x3002), b"US", &form.shorts(&[4, 0, 12]));
        let data = form.shorts(&[0, 1000, 2000, 4095]);
        [descriptor, form.element((0x28, 0x3006), b"US", &data)].concat()
    };
    for outside in [EXPLICIT, BIG] {
        for inside in [IMPLICIT, outside] {
            let item = inside.item(&table(inside), true);
            let mut file = File::new(outside);
            let start = outside.start((0x28, 0x3010), b"UN", item.len() as u32);
            file.raw((0x28, 0x3010), [start, item].concat());
            file.put((0x7FE0, 0x10), b"OW", &outside.shorts(&[0, 1, 2, 3].repeat(4)));
            let picture = read(&file);
            assert_eq!(picture.pixels()[1], 1000.0 / 4095.0, "{}", outside.uid());
            assert_eq!(warnings(&picture), [""; 0]);
        }
    }
}

#[test]
fn blank_value_representations_are_no_obstacle() {
    let tag = (0x28, 0x1055);
    let value = b"NORMAL";
    for form in [EXPLICIT, BIG] {
        let odd: Vec<Vec<u8>> = [*b"  ", *b"\0\0", *b"??", *b"xx"]
            .iter()
            .flat_map(|vr| {
                let start = [&form.tag(tag)[..], vr].concat();
                let short = [&start[..], &form.short(6), value].concat();
                [short, [&start[..], &[0, 0], &form.long(6), value].concat()]
            })
            .chain([Form { explicit: false, ..form }.element(tag, b"LO", value)])
            .collect();
        for element in odd {
            let mut file = File::new(form);
            file.raw(tag, element.clone());
            let picture = read(&file);
            assert_plain(&picture, &format!("{element:?}"));
            let said = warnings(&picture).concat();
            assert!(said.contains("none of the standard's at element (0028,1055)"), "{said}");
            // In an item, and as its last element.
            let item = [form.element((0x28, 0x1050), b"DS", b"1"), element].concat();
            let mut file = File::new(form);
            file.raw((0x18, 0x9999), form.sequence((0x18, 0x9999), &[item.clone(), item], false));
            assert_plain(&read(&file), "in an item");
        }
        let mut file = File::new(form);
        let first = [&form.tag((8, 5))[..], b"  ", &form.short(10), b"ISO_IR 100"].concat();
        file.raw((8, 5), first);
        assert_plain(&read(&file), "the first");
    }
}

/// An attribute that makes no sense leaves the picture as it is, and a warning names the attribute.
#[test]
fn an_odd_optional_attribute_is_a_warning() {
    let us = |value: u16| value.to_le_bytes().to_vec();
    let cases: [(u16, &[u8; 2], Vec<u8>, &str); 29] = [
        (0x04, b"CS", b"Monochrome2".to_vec(), "PhotometricInterpretation is Monochrome2"),
        (0x04, b"CS", b"MONOCHROME_2".to_vec(), "MONOCHROME2 was assumed"),
        (0x04, b"CS", b"MONOCHROME 2".to_vec(), "MONOCHROME2 was assumed"),
        (0x04, b"CS", b"".to_vec(), "PhotometricInterpretation is empty"),
        (0x02, b"US", us(0), "SamplesPerPixel is 0"),
        (0x02, b"US", vec![], "SamplesPerPixel is missing"),
        (0x08, b"IS", b"0".to_vec(), "NumberOfFrames is 0, expected 1 or more; 1 was assumed"),
        (0x08, b"IS", b"-1".to_vec(), "NumberOfFrames is -1"),
        (0x08, b"IS", b"one".to_vec(), "NumberOfFrames is one"),
        (0x101, b"US", us(0), "BitsStored is 0"),
        (0x101, b"US", vec![], "BitsStored is missing"),
        (0x102, b"US", us(0), "HighBit is 0"),
        (0x102, b"US", us(16), "HighBit is 16"),
        (0x102, b"US", us(65_535), "HighBit is 65535"),
        (0x102, b"US", vec![], "HighBit is missing"),
        (0x103, b"US", us(2), "PixelRepresentation is 2"),
        (0x103, b"US", vec![], "PixelRepresentation is missing"),
        (0x1053, b"DS", b"0.0".to_vec(), "RescaleSlope is 0.0, expected a number other than 0"),
        (0x1053, b"DS", b"".to_vec(), ""),
        (0x1053, b"DS", b"1e300".to_vec(), "RescaleSlope is 1e300"),
        (0x1053, b"DS", b"NaN".to_vec(), "RescaleSlope is NaN"),
        (0x1052, b"DS", b"none".to_vec(), "RescaleIntercept is none, expected a number"),
        (0x1052, b"DS", b"".to_vec(), ""),
        (0x1056, b"CS", b"linear".to_vec(), "VOILUTFunction is linear"),
        (0x1056, b"CS", b"LOG".to_vec(), "VOILUTFunction is LOG"),
        (0x1050, b"DS", b"1\\2048".to_vec(), "WindowWidth is 0\\4096 with a centre of 1\\2048"),
        (0x3010, b"SQ", vec![], ""),
        (0x121, b"US", us(65_535), "PixelPaddingRangeLimit is 65535"),
        (0x1050, b"FD", 2048.0_f64.to_le_bytes().to_vec(), ""),
    ];
    for (element, vr, value, expected) in cases {
        let mut file = File::new(EXPLICIT);
        file.put((0x28, element), vr, &value);
        if element == 0x101 {
            // All sixteen bits are assumed.
            file.put((0x28, 0x102), b"US", &us(15));
        }
        if element == 0x121 {
            file.put((0x28, 0x120), b"US", &us(0));
        }
        if value.contains(&b'\\') {
            file.put((0x28, 0x1051), b"DS", b"0\\4096");
        }
        let picture = read(&file);
        assert_plain(&picture, expected);
        let said = warnings(&picture).join("\n");
        assert!(said.contains(expected), "{said:?}, expected {expected}");
        assert_eq!(said.is_empty(), expected.is_empty(), "{said}");
    }
}

#[test]
fn missing_attributes_are_assumed() {
    for (tag, attribute) in [
        ((0x28, 0x04), "PhotometricInterpretation"),
        ((0x28, 0x02), "SamplesPerPixel"),
        ((0x28, 0x102), "HighBit"),
        ((0x28, 0x103), "PixelRepresentation"),
    ] {
        let picture = read(File::new(EXPLICIT).remove(tag));
        assert_plain(&picture, attribute);
        assert!(warnings(&picture).concat().contains(attribute), "{attribute}");
    }
    for (element, attribute) in [(0x1052, "RescaleIntercept"), (0x1053, "RescaleSlope")] {
        let mut file = File::new(EXPLICIT);
        file.put((0x28, 0x1052), b"DS", b"0").put((0x28, 0x1053), b"DS", b"1");
        let picture = read(file.put((0x28, element), b"DS", b""));
        assert_plain(&picture, attribute);
        let said = warnings(&picture).concat();
        assert!(said.contains(&format!("{attribute} is missing or empty")), "{said}");
    }
    let mut colours = File::new(EXPLICIT);
    colours.put((0x28, 4), b"CS", b"rgb").put((0x28, 2), b"US", &[3, 0]);
    colours.put((0x28, 0x100), b"US", &[8, 0]).put((0x28, 0x101), b"US", &[8, 0]);
    colours.put((0x28, 0x102), b"US", &[7, 0]).put((0x7FE0, 0x10), b"OB", &[51; 48]);
    let picture = read(&colours);
    assert!(picture.pixels().iter().all(|grey| (grey - 0.2).abs() < 1e-5));
    let said = warnings(&picture).concat();
    assert!(said.contains("PlanarConfiguration is missing") && said.contains("RGB was assumed"));
}

#[test]
fn windows_without_a_meaning_leave_the_range_of_values() {
    let automatic = {
        let mut file = File::new(EXPLICIT);
        read(file.remove((0x28, 0x1050)).remove((0x28, 0x1051)))
    };
    assert_eq!(warnings(&automatic), [""; 0]);
    let mut empty = File::new(EXPLICIT);
    let empty = read(empty.put((0x28, 0x1050), b"DS", b"").put((0x28, 0x1051), b"DS", b""));
    assert_eq!((warnings(&empty), empty.pixels()), (vec![], automatic.pixels()));
    for (centre, width) in [
        (Some("2048"), None),
        (None, Some("4096")),
        (Some("40"), Some("0")),
        (Some("x"), Some("-5")),
    ] {
        let mut file = File::new(EXPLICIT);
        file.remove((0x28, 0x1050)).remove((0x28, 0x1051));
        centre.map(|text| file.put((0x28, 0x1050), b"DS", text.as_bytes()).clone());
        width.map(|text| file.put((0x28, 0x1051), b"DS", text.as_bytes()).clone());
        let picture = read(&file);
        assert_eq!(picture.pixels(), automatic.pixels(), "{centre:?} {width:?}");
        assert!(warnings(&picture).concat().contains("WindowWidth is"), "{centre:?} {width:?}");
    }
    let mut commas = File::new(EXPLICIT);
    commas.put((0x28, 0x1050), b"DS", b"2048,0\\1").put((0x28, 0x1051), b"DS", b"4096,0\\1");
    assert_plain(&read(&commas), "decimal commas");
    let mut spelt = File::new(EXPLICIT);
    spelt.put((0x28, 0x1056), b"CS", b"linear exact");
    let exact = read(&spelt).pixels()[8];
    assert!((exact - f32::from(stored()[8]) / 4096.0).abs() < 1e-6, "{exact}");
}

#[test]
fn what_cannot_be_assumed_is_refused() {
    for (element, value, expected) in [
        (0x101, 17, "BitsStored is 17, expected 1 to BitsAllocated"),
        (0x100, 12, "BitsAllocated is 12"),
        (0x10, 0, "Rows is 0"),
        (0x02, 3, "SamplesPerPixel is 3"),
    ] {
        let mut file = File::new(EXPLICIT);
        file.put((0x28, element), b"US", &u16::to_le_bytes(value));
        assert!(refusal(&file).contains(expected), "{expected}");
    }
    for palette in ["PALETTE COLOR", "HSV"] {
        let mut file = File::new(EXPLICIT);
        file.put((0x28, 4), b"CS", palette.as_bytes());
        assert!(refusal(&file).contains(palette));
    }
}

#[test]
fn retired_transfer_syntaxes_are_named() {
    for (number, name) in [
        ("4.52", "JPEG Extended (Process 3 & 5)"),
        ("4.53", "JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8)"),
        ("4.55", "JPEG Full Progression, Non-Hierarchical (Process 10 & 12)"),
        ("4.66", "JPEG Lossless, Hierarchical (Process 29)"),
        ("6.2", "XML Encoding"),
        ("0", "Papyrus"),
    ] {
        let separator = if number == "0" { "" } else { "." };
        let uid = format!("1.2.840.10008.1.2{separator}{number}");
        let mut file = File::new(EXPLICIT);
        file.meta = meta(&uid);
        let said = refusal(&file);
        assert!(said.contains(&uid) && said.contains(name), "{said}");
        assert!(said.contains("retired") && said.contains("have the sender transcode"), "{said}");
    }
}

#[test]
fn objects_without_a_picture_say_what_they_are() {
    let storage = |class: &str| format!("1.2.840.10008.5.1.4.1.1.{class}");
    for (class, modality, kind) in [
        (storage("88.33"), "SR", "a structured report"),
        (storage("88.59"), "KO", "a key object selection"),
        (storage("11.1"), "PR", "a presentation state"),
        (storage("104.1"), "DOC", "an encapsulated document"),
        (storage("9.1.1"), "ECG", "a waveform"),
        (storage("481.5"), "RTPLAN", "a radiotherapy object"),
        (storage("66"), "OT", "a segmentation"),
        ("1.2.840.10008.1.3.10".to_owned(), "", "a table of contents (DICOMDIR)"),
        ("1.3.12.2.1107.5.9.1".to_owned(), "CT", "a private object"),
        (String::new(), "SR", "a structured report"),
    ] {
        let mut file = File::new(EXPLICIT);
        file.put((8, 0x16), b"UI", class.as_bytes()).put((8, 0x60), b"CS", modality.as_bytes());
        file.remove((0x7FE0, 0x10)).remove((0x28, 0x10)).remove((0x28, 0x11));
        if class.is_empty() {
            file.meta = EXPLICIT.element((2, 0x10), b"UI", EXPLICIT.uid().as_bytes());
        }
        let error = decode(&file.bytes(), &Limits::default()).unwrap_err();
        assert!(error.is_no_picture() && error.to_string().contains(kind), "{class}: {error}");
    }
    // Numbers of another kind than brightness.
    for class in ["481.2", "66.4", "30"] {
        let mut file = File::new(EXPLICIT);
        file.put((8, 0x16), b"UI", storage(class).as_bytes());
        assert!(decode(&file.bytes(), &Limits::default()).unwrap_err().is_no_picture(), "{class}");
    }
    // A picture is one whatever its class.
    for class in ["481.1", "88.33", "77.1.4"] {
        let mut file = File::new(EXPLICIT);
        assert_plain(&read(file.put((8, 0x16), b"UI", storage(class).as_bytes())), class);
    }
    // One that lost its pixels is damaged.
    let mut file = File::new(EXPLICIT);
    let error = decode(&file.remove((0x7FE0, 0x10)).bytes(), &Limits::default()).unwrap_err();
    assert!(!error.is_no_picture() && error.to_string().contains("PixelData is missing"));
}

#[test]
fn ages_and_dates_are_read_in_many_forms() {
    let mut file = File::new(EXPLICIT);
    for (age, expected) in
        [("058Y", 58), ("45", 45), ("45y", 45), ("0045Y", 45), ("3M", 0), ("10D", 0), ("45.0", 45)]
    {
        let picture = read(file.put((0x10, 0x1010), b"AS", age.as_bytes()));
        assert_eq!(picture.header().age, Some(expected), "{age}");
        assert_eq!(warnings(&picture), [""; 0]);
    }
    for date in ["2020-01-31", "2020.01.31", "20200131101112", "31.01.2020"] {
        let picture = read(file.put((8, 0x20), b"DA", date.as_bytes()));
        assert_eq!(picture.header().study_date.as_deref(), Some("20200131"), "{date}");
    }
    file.put((8, 0x20), b"DA", b"yesterday").put((0x10, 0x1010), b"AS", b"old");
    let said = warnings(&read(&file)).join("\n");
    assert!(said.contains("StudyDate is not readable") && said.contains("PatientAge is not"));
    assert!(!said.contains("yesterday") && !said.contains("old"), "no patient data");
}
