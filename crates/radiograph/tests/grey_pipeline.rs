//! Grey levels of stored values where headers are odd but clear: tables, and functional groups.
#![expect(clippy::unwrap_used, reason = "tests")]

mod dicom_file;

use dicom_file::{EXPLICIT, FORMS, File, Form, read, stored};
use radiograph::{Limits, Options, Radiograph, decode_with};

fn warnings(picture: &Radiograph) -> String {
    let lines: Vec<_> = picture.header().warnings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Checks a picture against what its stored values should become.
fn assert_greys(picture: &Radiograph, of: &str, grey: impl Fn(f64) -> f64) {
    for (stored, got) in stored().into_iter().zip(picture.pixels()) {
        let expected = grey(stored.into()).clamp(0.0, 1.0);
        assert!(
            (f64::from(*got) - expected).abs() < 1e-4,
            "{of}: {stored} is {got}, not {expected}"
        );
    }
}

/// A look-up table as the item of a sequence.
fn table(form: Form, descriptor: &[u16], vr: &[u8; 2], data: (&[u8; 2], &[u8])) -> Vec<u8> {
    let descriptor = form.element((0x28, 0x3002), vr, &form.shorts(descriptor));
    [descriptor, form.element((0x28, 0x3006), data.0, data.1)].concat()
}

/// A file with the items of a VOI LUT Sequence.
fn with_tables(form: Form, items: &[Vec<u8>], lengths: bool) -> File {
    let mut file = File::new(form);
    file.raw((0x28, 0x3010), form.sequence((0x28, 0x3010), items, lengths));
    file
}

/// A table from black to white over twelve bits.
fn ramp(form: Form, first: i16, vr: &[u8; 2]) -> Vec<u8> {
    let entries: Vec<u16> = (0..4096).map(|entry| entry * 16).collect();
    table(form, &[4096, first as u16, 16], vr, (b"US", &form.shorts(&entries)))
}

#[test]
fn the_first_value_of_a_table_is_signed_as_the_values_are() {
    // Slope, intercept, first value.
    for (slope, intercept, first) in
        [(-1, 1000, -3095), (1, -1024, -1024), (-1, 0, -4095), (-1, 4095, 0), (1, 5000, 5000)]
    {
        for form in FORMS {
            for vr in [b"SS", b"US"] {
                let mut file = with_tables(form, &[ramp(form, first, vr)], false);
                file.put((0x28, 0x1053), b"DS", slope.to_string().as_bytes());
                file.put((0x28, 0x1052), b"DS", intercept.to_string().as_bytes());
                let of = format!("{slope} {intercept} {first} {}", form.uid());
                let picture = read(&file);
                assert_greys(&picture, &of, |stored| {
                    let value = stored * f64::from(slope) + f64::from(intercept);
                    (value - f64::from(first)) * 16.0 / 65535.0
                });
                assert_eq!(warnings(&picture), "", "{of}");
            }
        }
    }
}

#[test]
fn a_table_of_signed_pixels_and_one_beyond_them() {
    let mut file = with_tables(EXPLICIT, &[ramp(EXPLICIT, -2048, b"SS")], true);
    file.put((0x28, 0x103), b"US", &[1, 0]);
    let signed = |stored: f64| if stored > 2047.0 { stored - 4096.0 } else { stored };
    assert_greys(&read(&file), "signed", |s| (signed(s) + 2048.0) * 16.0 / 65535.0);
    // No value of the picture is in the table: it would turn black or white as a whole.
    let file = with_tables(EXPLICIT, &[ramp(EXPLICIT, 5000, b"US")], true);
    let picture = read(&file);
    assert_greys(&picture, "beyond", |stored| stored / 4095.0);
    assert!(warnings(&picture).contains("VOILUTSequence is without a table"));
}

#[test]
fn entries_of_eight_bits_lie_in_words_or_bytes() {
    let curve = |entry: u16| (f64::from(entry) / 4095.0).sqrt() * 255.0;
    let entries: Vec<u16> = (0..4096).map(|entry| curve(entry) as u16).collect();
    for form in FORMS {
        let bytes: Vec<u8> = entries.iter().map(|&entry| entry as u8).collect();
        let pairs = bytes.chunks(2).map(|pair| [pair[0], pair[1]]);
        let words: Vec<u8> = pairs.flat_map(|pair| form.short(u16::from_le_bytes(pair))).collect();
        for (vr, data) in [(b"OW", words), (b"US", form.shorts(&entries)), (b"OB", bytes)] {
            if !form.explicit && vr == b"OB" {
                continue;
            }
            let item = table(form, &[4096, 0, 8], b"US", (vr, &data));
            let picture = read(&with_tables(form, &[item], false));
            assert_greys(&picture, form.uid(), |stored| curve(stored as u16).floor() / 255.0);
            assert_eq!(warnings(&picture), "");
        }
    }
}

#[test]
fn the_bits_that_a_table_uses_are_its_range() {
    let entries = |most: u16| -> Vec<u16> {
        (0..4096_u32).map(|entry| (entry * u32::from(most) / 4095) as u16).collect()
    };
    for (declared, most, used) in [
        (16, 4095, 12),
        (16, 1023, 10),
        (16, 255, 8),
        (12, 65_535, 16),
        (8, 4095, 12),
        (0, 4095, 12),
    ] {
        for form in FORMS {
            let data = form.shorts(&entries(most));
            let item = table(form, &[4096, 0, declared], b"US", (b"OW", &data));
            let picture = read(&with_tables(form, &[item], false));
            let of = format!("{declared} bits, {most}");
            assert_greys(&picture, &of, |stored| {
                (stored * f64::from(most) / 4095.0).floor() / f64::from(most)
            });
            let expected = format!("LUTDescriptor is {declared} bits for entries of {used}");
            assert!(warnings(&picture).contains(&expected), "{}", warnings(&picture));
        }
    }
}

#[test]
fn tables_that_are_empty_are_left_out_and_short_ones_are_used() {
    let descriptor =
        |values: &[u16]| EXPLICIT.element((0x28, 0x3002), b"US", &EXPLICIT.shorts(values));
    let data = |bytes: &[u8]| EXPLICIT.element((0x28, 0x3006), b"US", bytes);
    let whole = EXPLICIT.shorts(&(0..4096).collect::<Vec<u16>>());
    let empty = [
        vec![],
        [descriptor(&[]), data(&[])].concat(),
        descriptor(&[4096, 0, 12]),
        data(&whole),
        [descriptor(&[4096]), data(&whole)].concat(),
        [descriptor(&[4096, 0, 12]), data(&[1, 0])].concat(),
    ];
    for (tag, keyword) in [
        ((0x28, 0x3010), "VOILUTSequence"),
        ((0x28, 0x3000), "ModalityLUTSequence"),
        ((0x2050, 0x10), "PresentationLUTSequence"),
    ] {
        for item in &empty {
            for lengths in [true, false] {
                let mut file = File::new(EXPLICIT);
                let items = [item.clone()];
                let picture = read(file.raw(tag, EXPLICIT.sequence(tag, &items, lengths)));
                assert_greys(&picture, keyword, |stored| stored / 4095.0);
                assert!(warnings(&picture).contains(keyword), "{keyword}");
            }
        }
        // A sequence without items says nothing.
        let mut file = File::new(EXPLICIT);
        let picture = read(file.raw(tag, EXPLICIT.sequence(tag, &[], true)));
        assert_greys(&picture, keyword, |stored| stored / 4095.0);
    }
    // The first table that reads counts.
    let sound = [descriptor(&[4096, 0, 12]), data(&whole)].concat();
    let picture = read(&with_tables(EXPLICIT, &[empty[1].clone(), sound], true));
    assert_greys(&picture, "second", |stored| stored / 4095.0);
    for missing in [1, 100] {
        let data = data(&whole[..8192 - 2 * missing]);
        let item = [descriptor(&[4096, 0, 12]), data].concat();
        let picture = read(&with_tables(EXPLICIT, &[item], true));
        let last = 4095.0 - missing as f64;
        assert_greys(&picture, "short", |stored| stored.min(last) / 4095.0);
        assert!(warnings(&picture).contains("LUTData is"), "{}", warnings(&picture));
    }
}

/// A group of one macro's sequence with these elements in its item.
fn group(form: Form, sequence: u16, elements: &[(u16, &str)], lengths: bool) -> Vec<u8> {
    let elements: Vec<u8> = elements
        .iter()
        .flat_map(|&(element, text)| form.element((0x28, element), b"DS", text.as_bytes()))
        .collect();
    form.sequence((0x28, sequence), &[elements], lengths)
}

const WINDOW: u16 = 0x9132;
const RESCALE: u16 = 0x9145;

fn read_frame(file: &File, frame: u32) -> Radiograph {
    let options = Options { frame, ..Options::default() };
    decode_with(&file.bytes(), &Limits::default(), &options).unwrap()
}

/// Two frames, with these groups shared and for each.
fn enhanced(form: Form, shared: &[u8], of_frames: &[Vec<u8>], lengths: bool) -> File {
    let mut file = File::new(form);
    file.put((0x28, 8), b"IS", b"2");
    file.put((0x7FE0, 0x10), b"OW", &form.shorts(&stored().repeat(2)));
    let tags = [(0x5200, 0x9229), (0x5200, 0x9230)];
    file.raw(tags[0], form.sequence(tags[0], &[shared.to_vec()], lengths));
    file.raw(tags[1], form.sequence(tags[1], of_frames, lengths));
    file
}

#[test]
fn windows_and_slopes_lie_in_functional_groups() {
    let window = |stored: f64, centre: f64, width: f64| {
        (stored - (centre - 0.5 - (width - 1.0) / 2.0)) / (width - 1.0)
    };
    for form in FORMS {
        for lengths in [true, false] {
            let of = |sequence, elements: &[(u16, &str)]| group(form, sequence, elements, lengths);
            let shared = [
                of(WINDOW, &[(0x1050, "1000"), (0x1051, "500")]),
                of(RESCALE, &[(0x1052, "4095"), (0x1053, "-1")]),
            ];
            let second = of(WINDOW, &[(0x1050, "3000"), (0x1051, "2000")]);
            let shared = shared.concat();
            let file = enhanced(form, &shared, &[of(WINDOW, &[]), second.clone()], lengths);
            assert_greys(&read_frame(&file, 0), "shared", |s| window(4095.0 - s, 1000.0, 500.0));
            assert_greys(&read_frame(&file, 1), "frame", |s| window(4095.0 - s, 3000.0, 2000.0));
            // Fewer groups than frames, and a frame with a slope of its own.
            let own = [second, of(RESCALE, &[(0x1052, "10"), (0x1053, "0.5")])].concat();
            let file = enhanced(form, &shared, &[own], lengths);
            let value = |stored: f64| stored / 2.0 + 10.0;
            assert_greys(&read_frame(&file, 0), "own", |s| window(value(s), 3000.0, 2000.0));
            assert_greys(&read_frame(&file, 1), "none", |s| window(4095.0 - s, 1000.0, 500.0));
            // Outside of groups is what no group says.
            let file = enhanced(form, &[], &[], lengths);
            assert_greys(&read_frame(&file, 1), "outside", |stored| stored / 4095.0);
        }
    }
}

#[test]
fn tables_shutters_and_anatomy_lie_in_functional_groups_as_well() {
    let form = EXPLICIT;
    let entries: Vec<u16> = (0..4096).rev().collect();
    let item = table(form, &[4096, 0, 12], b"US", (b"OW", &form.shorts(&entries)));
    let tables = form.sequence((0x28, 0x3010), &[item], true);
    let code =
        [form.element((8, 0x100), b"SH", b"51185008"), form.element((8, 0x104), b"LO", b"Chest")];
    let region = form.sequence((8, 0x2218), &[code.concat()], true);
    let anatomy = [region, form.element((0x20, 0x9072), b"CS", b"R")].concat();
    let shutter = [
        form.element((0x18, 0x1600), b"CS", b"RECTANGULAR"),
        form.element((0x18, 0x1602), b"IS", b"1"),
        form.element((0x18, 0x1604), b"IS", b"4"),
        form.element((0x18, 0x1606), b"IS", b"1"),
        form.element((0x18, 0x1608), b"IS", b"2"),
    ];
    let shared = [
        form.sequence((0x18, 0x9472), &[shutter.concat()], false),
        form.sequence((0x20, 0x9071), &[anatomy], false),
        form.sequence((0x28, WINDOW), &[tables], false),
    ];
    let picture = read_frame(&enhanced(form, &shared.concat(), &[], false), 1);
    let shown = |stored: f64| if stored < 8.0 * 273.0 { (4095.0 - stored) / 4095.0 } else { 0.0 };
    assert_greys(&picture, "a table and a shutter", shown);
    let header = picture.header();
    assert_eq!(
        (header.body_part.as_deref(), header.laterality.as_deref()),
        (Some("CHEST"), Some("R"))
    );
    assert_eq!(warnings(&picture), "");
}

#[test]
fn damaged_groups_are_left_out() {
    let mut file = File::new(EXPLICIT);
    let damaged = [EXPLICIT.tag((0xFFFE, 0xE000)).to_vec(), vec![12, 0, 0, 0], vec![0x28; 12]];
    file.put((0x5200, 0x9229), b"SQ", &damaged.concat());
    let picture = read(&file);
    assert_greys(&picture, "damaged", |stored| stored / 4095.0);
    assert!(warnings(&picture).contains("SharedFunctionalGroupsSequence is damaged"));
}

#[test]
fn the_values_of_black_and_white_are_those_of_a_linear_window() {
    let window = |change: &dyn Fn(&mut File)| {
        let mut file = File::new(EXPLICIT);
        change(&mut file);
        read(&file).header().window
    };
    assert_eq!(window(&|_| ()), Some([0.0, 4096.0]));
    let inverted = |file: &mut File| _ = file.put((0x28, 4), b"CS", b"MONOCHROME1");
    assert_eq!(window(&inverted), Some([4096.0, 0.0]));
    let rescaled = |file: &mut File| {
        file.put((0x28, 0x1052), b"DS", b"-1000").put((0x28, 0x1053), b"DS", b"2");
        file.remove((0x28, 0x1050)).remove((0x28, 0x1051));
    };
    assert_eq!(window(&rescaled), Some([-1000.0, 7190.0]));
    let curved = |file: &mut File| _ = file.put((0x28, 0x1056), b"CS", b"SIGMOID");
    assert_eq!(window(&curved), None);
}
