//! Deleted and compacted records are in no file.

use super::*;
use crate::Record;

const MANY: u64 = 12_000;

/// An entry whose fields are all unlike other entries'.
fn telling(i: u64) -> Entry {
    let named = |what: &str| format!("{what}-{i:05}-{:08x}", i.wrapping_mul(0x9e37_79b1) as u32);
    let bytes = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let value = |n: u64| 1.0 + (bytes >> (7 * n) & 0x3ff) as f32 / 1024.0;
    Entry {
        record: Record {
            key: named("key"),
            name: named("name"),
            labels: vec![named("label")],
            patient: Some(named("patient")),
            study: Some(named("study")),
            series: Some(named("series")),
            instance: Some(named("instance")),
            modality: Some(named("modality")),
            body_part: Some(named("part")),
            view: Some(named("view")),
            sex: Some(named("sex")),
            source: Some(named("source")),
            licence: Some(named("licence")),
            report: Some(format!("Seen: reportword{i:05}x.")),
            ..Record::default()
        },
        code: HashCode::from_words(&[bytes], 64).unwrap(),
        embedding: Embedding::new((0..8).map(value).collect()),
        thumbnail: [&[0xff, 0xd8][..], named("thumbnail").as_bytes(), &[0xff, 0xd9]].concat(),
    }
}

/// The bytes by which an entry can be found in a file.
fn traces(entry: &Entry) -> Vec<Vec<u8>> {
    let Entry { record, code, embedding, thumbnail } = entry;
    let fields =
        [&record.patient, &record.study, &record.series, &record.instance, &record.modality];
    let others = [&record.body_part, &record.view, &record.sex, &record.source, &record.licence];
    let texts = fields.into_iter().chain(others).flatten().chain([
        &record.key,
        &record.name,
        &record.labels[0],
    ]);
    let word = record.report.as_ref().unwrap()[6..22].to_owned();
    let texts = texts.cloned().chain([word]).map(String::into_bytes);
    texts.chain([code.to_bytes(), embedding.to_bytes(), thumbnail.clone()]).collect()
}

/// The number of traces in the folder's files.
fn found(dir: &Path, traces: &[Vec<u8>]) -> usize {
    let files: Vec<Vec<u8>> =
        fs::read_dir(dir).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    let is_in = |trace: &Vec<u8>, file: &Vec<u8>| {
        file.windows(trace.len()).any(|window| window == &trace[..])
    };
    traces.iter().filter(|trace| files.iter().any(|file| is_in(trace, file))).count()
}

#[test]
fn no_byte_of_a_deleted_picture_outlives_a_compaction() {
    let dir = folder();
    let mut gallery = Gallery::create(dir.path(), &model("m"), 64).unwrap();
    for i in 0..MANY {
        gallery.insert(&telling(i)).unwrap();
    }
    gallery.settle().unwrap();
    let (gone, stays) = (traces(&telling(77)), traces(&telling(78)));
    assert_eq!(
        found(dir.path(), &gone),
        gone.len(),
        "else the search finds nothing whatever is there"
    );
    // A killed process may leave such a file.
    fs::write(
        dir.path().join("codes-3-00000000000000ab.segment.part"),
        telling(77).code.to_bytes(),
    )
    .unwrap();
    let id = gallery.id_of(&telling(77).record.key).unwrap().unwrap();
    gallery.delete(&[id]).unwrap();
    let compacted = gallery.compact().unwrap();
    assert_eq!(found(dir.path(), &gone), 0, "while the gallery is open");
    assert!(compacted.after <= compacted.before);
    assert_eq!((gallery.len() as u64, gallery.verify().unwrap()), (MANY - 1, vec![]));
    drop(gallery);
    assert_eq!((found(dir.path(), &gone), found(dir.path(), &stays)), (0, stays.len()));
    assert_eq!(Gallery::open(dir.path()).unwrap().len() as u64, MANY - 1);
}

#[test]
fn a_compaction_that_a_reader_is_in_the_way_of_says_so() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 100);
    connection(&gallery).busy_timeout(std::time::Duration::from_millis(50)).unwrap();
    let reader = raw(dir.path());
    reader.execute_batch("BEGIN; SELECT count(*) FROM records").unwrap();
    let message = gallery.compact().unwrap_err().to_string();
    assert!(message.contains("compact it") && message.contains("another program"), "{message}");
    reader.execute_batch("COMMIT").unwrap();
    gallery.compact().unwrap();
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (100, vec![]));
}
