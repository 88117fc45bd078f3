//! Reports, captures, presentation states and bundles: their bytes as checked in, and what DCMTK
//! and dicom3tools say of them. `UPDATE_SNAPSHOTS=1 cargo test -p interchange --test objects`
//! writes the bytes anew; `benches/peers/results_back.py` has highdicom, pydicom and validators of
//! FHIR look at them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod answers;

use answers::{INSTANCE, STUDY, answer, made, program, said, software, source, texts};
use dicom_dictionary_std::tags;
use interchange::{
    Answer, Error, Picture, Region, Source, bundle, capture, presentation_state, report,
};
use std::fs;
use std::path::{Path, PathBuf};

/// 40 × 30 values, a square of them high and one place apart.
fn region() -> Region {
    let high =
        |x: usize, y: usize| ((5..15).contains(&x) && (8..20).contains(&y)) || (x, y) == (39, 29);
    let values: Vec<f32> =
        (0..1200).map(|i| if high(i % 40, i / 40) { 0.9 } else { 0.1 }).collect();
    Region::at_least(40, 30, &values, 0.5).unwrap()
}

fn pixels() -> Vec<u8> {
    (0..3 * 5 * 3).map(|i| (i * 5) as u8).collect()
}

fn captured() -> Vec<u8> {
    capture(Picture { width: 5, height: 3, rgb: &pixels() }, &source(), &software(), made())
        .unwrap()
}

fn objects() -> [(&'static str, Vec<u8>); 4] {
    [
        ("report.dcm", report(&answer(), &source()).unwrap()),
        ("capture.dcm", captured()),
        (
            "presentation.dcm",
            presentation_state(&region(), &source(), &software(), made()).unwrap(),
        ),
        ("bundle.json", serde_json::to_vec_pretty(&bundle(&answer(), Some(&source()))).unwrap()),
    ]
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[test]
fn the_bytes_are_as_checked_in() {
    for (name, bytes) in objects() {
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(golden(name), &bytes).unwrap();
        }
        let expected = fs::read(golden(name)).unwrap_or_default();
        assert!(bytes == expected, "{name}: if this is meant, run with UPDATE_SNAPSHOTS=1");
    }
}

fn uid_of(bytes: &[u8]) -> String {
    let file = dicom_object::from_reader(bytes).unwrap();
    file.element(tags::SOP_INSTANCE_UID).unwrap().to_str().unwrap().into_owned()
}

#[test]
fn an_answer_is_one_object_whenever_it_is_made() {
    let one = uid_of(&report(&answer(), &source()).unwrap());
    let later = Answer { made: made() + chrono::TimeDelta::days(1), ..answer() };
    assert_eq!(one, uid_of(&report(&later, &source()).unwrap()));
    let mut other = answer();
    other.neighbors[2].distance = 63;
    assert_ne!(one, uid_of(&report(&other, &source()).unwrap()));
    let mut pixels = pixels();
    pixels[0] = 1;
    let picture = Picture { width: 5, height: 3, rgb: &pixels };
    assert_ne!(
        uid_of(&captured()),
        uid_of(&capture(picture, &source(), &software(), made()).unwrap())
    );
}

#[test]
fn nothing_is_filed_where_it_may_not_belong() {
    let changed = |tag, text: &str| {
        let mut texts = texts();
        texts.insert(tag, text.to_owned());
        Source::new(texts, [40, 30])
    };
    for (tag, text) in [
        (tags::STUDY_INSTANCE_UID, ""),
        (tags::SOP_INSTANCE_UID, "1.2\\3"),
        (tags::SOP_CLASS_UID, "CR"),
    ] {
        assert!(matches!(changed(tag, text), Err(Error::NotOfAStudy { .. })));
    }
    let escaped = changed(tags::PATIENT_NAME, "Yamada^Tarou=\u{1b}$B;3ED\u{1b}(B").unwrap_err();
    assert!(
        escaped.to_string().contains("PatientName") && !escaped.to_string().contains("Yamada"),
        "{escaped}"
    );
    for tag in [tags::REFERRING_PHYSICIAN_NAME, tags::ACCESSION_NUMBER, tags::STUDY_DESCRIPTION] {
        let refused = changed(tag, "M\u{FFFD}ller").unwrap_err().to_string();
        assert!(refused.contains("SpecificCharacterSet"), "{refused}");
    }
    assert!(changed(tags::STUDY_ID, "12\u{0}3").is_err() && changed(tags::STUDY_ID, "12").is_ok());
    let table = changed(tags::VOILUT_SEQUENCE, "").unwrap();
    let refused = presentation_state(&region(), &table, &software(), made()).unwrap_err();
    assert!(refused.to_string().contains("VOILUTSequence"), "{refused}");
    let colours = changed(tags::PHOTOMETRIC_INTERPRETATION, "RGB").unwrap();
    assert!(presentation_state(&region(), &colours, &software(), made()).is_err());
    let short = Picture { width: 5, height: 4, rgb: &pixels() };
    assert!(matches!(capture(short, &source(), &software(), made()), Err(Error::Size { .. })));
}

#[test]
fn an_answer_of_no_cases_and_no_study_is_told() {
    let none = Answer { neighbors: Vec::new(), precision: None, novel: Some(true), ..answer() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.dcm");
    fs::write(&path, report(&none, &source()).unwrap()).unwrap();
    if let Some(mut dsrdump) = program("dsrdump", "dcmtk") {
        let (text, good) = said(dsrdump.arg(&path));
        assert!(
            good && text.contains("unlike everything") && !text.contains("Measurement Group"),
            "{text}"
        );
    }
    let bundle = bundle(&none, None);
    let text = bundle.to_string();
    assert!(
        !text.contains("subject") && !text.contains("imagingStudy") && !text.contains("hasMember"),
        "{text}"
    );
    assert_eq!(bundle["entry"].as_array().unwrap().len(), 3);
}

#[test]
fn a_patient_is_referenced_by_number_or_contained_by_name() {
    let report = |texts| {
        let bundle = bundle(&answer(), Some(&Source::new(texts, [40, 30]).unwrap()));
        bundle["entry"].as_array().unwrap().last().unwrap()["resource"].clone()
    };
    let known = report(texts());
    assert_eq!(known["subject"]["identifier"]["value"], "P-7");
    assert_eq!(known["subject"]["display"], "Tarou Yamada");
    assert_eq!(known.get("contained"), None, "the server knows the patient");
    let mut unnumbered = texts();
    unnumbered.remove(&tags::PATIENT_ID);
    let named = report(unnumbered.clone());
    assert_eq!(named["subject"]["reference"], "#patient");
    assert_eq!(named["contained"][0]["name"][1]["family"], "山田");
    unnumbered.remove(&tags::PATIENT_NAME);
    let nobody = report(unnumbered);
    assert!(nobody.get("subject").is_none() && nobody.get("contained").is_none());
}

#[test]
fn dcmtk_reads_the_content_tree() {
    let Some(mut dsrdump) = program("dsrdump", "dcmtk") else { return };
    // +U8: output in UTF-8; -Ee is not given, so that any violation is an error.
    let (text, good) = said(dsrdump.args(["+Pl", "+Pt", "+Pu", "+U8"]).arg(golden("report.dcm")));
    let complaint = |line: &&str| line.starts_with("E: ") || line.starts_with("W: ");
    // DCMTK's checker of texts knows no UTF-8, and says so.
    let complains = text
        .lines()
        .filter(complaint)
        .any(|line| !line.contains("does not support this Specific Character Set"));
    assert!(good && !complains, "{text}");
    for expected in [
        "TID 1500",
        "山田^太郎",
        "For research, not for diagnosis",
        "Similar case 3",
        "Röntgen 胸部 صدر грудь 🩻",
        "back\\slash\\and nul $Bescape  line",
        "1.2.826.0.1.3680043.10.21",
        "skiagraph-64-0123456789abcdef",
        "\"3\" (bit,UCUM",
    ] {
        assert!(text.contains(expected), "no {expected}: {text}");
    }
    assert!(text.len() < 40_000, "a label of 100,000 letters was not cut");
}

#[test]
fn dicom3tools_finds_nothing_wrong() {
    for name in ["report.dcm", "capture.dcm", "presentation.dcm"] {
        let Some(mut dciodvfy) = program("dciodvfy", "dicom3tools") else { return };
        let (text, _) = said(dciodvfy.arg("-new").arg(golden(name)));
        let wrong: Vec<_> = text.lines().filter(|line| line.contains("Error")).collect();
        // The query's own accession number, repeated as it is, has one letter more than the
        // standard allows.
        let wrong: Vec<_> =
            wrong.into_iter().filter(|line| !line.contains("AccessionNumber")).collect();
        assert!(wrong.is_empty(), "{name}: {text}");
    }
}

#[test]
fn dcmtk_shows_the_capture_and_takes_the_presentation_state() {
    let Some(mut dcm2pnm) = program("dcm2pnm", "dcmtk") else { return };
    let folder = tempfile::tempdir().unwrap();
    let shown = folder.path().join("shown.ppm");
    let (text, good) = said(dcm2pnm.arg("+op").arg(golden("capture.dcm")).arg(&shown));
    assert!(good, "{text}");
    let shown = fs::read(shown).unwrap();
    assert!(shown.starts_with(b"P6\n5 3\n255\n") && shown.ends_with(&pixels()));
    if let Some(mut dcmpschk) = program("dcmpschk", "dcmtk") {
        // It takes UTF-8 for a violation, and an accession number of the query's that is too long
        // for one of ours.
        let mut plain = texts();
        plain.extend(
            [tags::PATIENT_NAME, tags::STUDY_DESCRIPTION, tags::ACCESSION_NUMBER]
                .map(|tag| (tag, "A7".to_owned())),
        );
        let source = Source::new(plain, [40, 30]).unwrap();
        let state = folder.path().join("state.dcm");
        fs::write(&state, presentation_state(&region(), &source, &software(), made()).unwrap())
            .unwrap();
        let (text, good) = said(dcmpschk.arg(&state));
        assert!(good && text.contains("Test passed"), "{text}");
    }
}

#[test]
fn a_line_of_many_points_is_drawn_in_parts() {
    let comb: Vec<f32> =
        (0..2 * 10_001).map(|i| f32::from(u8::from(i >= 10_001 || i % 2 == 0))).collect();
    let comb = Region::at_least(10_001, 2, &comb, 0.5).unwrap();
    let bytes = presentation_state(&comb, &source(), &software(), made()).unwrap();
    let file = dicom_object::from_reader(&bytes[..]).unwrap();
    let annotation = &file.element(tags::GRAPHIC_ANNOTATION_SEQUENCE).unwrap().items().unwrap()[0];
    let lines = annotation.element(tags::GRAPHIC_OBJECT_SEQUENCE).unwrap().items().unwrap();
    let ends: Vec<Vec<f32>> = lines
        .iter()
        .map(|line| line.element(tags::GRAPHIC_DATA).unwrap().to_multi_float32().unwrap())
        .map(|data| [&data[..2], &data[data.len() - 2..]].concat())
        .collect();
    assert_eq!(ends.len(), 3);
    assert!(
        ends[0][2..] == ends[1][..2]
            && ends[1][2..] == ends[2][..2]
            && ends[2][2..] == ends[0][..2]
    );
}

#[test]
fn every_object_is_of_the_query_and_names_nobody_else() {
    for (name, bytes) in objects().into_iter().take(3) {
        let file = dicom_object::from_reader(&bytes[..]).unwrap();
        let text = |tag| file.element(tag).unwrap().to_str().unwrap().into_owned();
        assert_eq!(text(tags::STUDY_INSTANCE_UID), STUDY, "{name}");
        assert_eq!(text(tags::PATIENT_NAME), "Yamada^Tarou=山田^太郎=やまだ^たろう");
        assert_eq!(text(tags::ACCESSION_NUMBER), "A-000000000000017");
        assert_eq!(text(tags::SPECIFIC_CHARACTER_SET), "ISO_IR 192");
        assert!(
            bytes.windows(INSTANCE.len()).any(|part| part == INSTANCE.as_bytes()),
            "{name} does not refer to the query"
        );
    }
}
