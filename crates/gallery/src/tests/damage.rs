//! Damaged bytes are noticed and named.

use super::*;

#[test]
fn verify_names_every_damage() {
    let dir = folder();
    let ids = filled(dir.path(), 8).ids();
    let hand = raw(dir.path());
    hand.pragma_update(None, "foreign_keys", false).unwrap();
    for (sql, id) in [
        ("DELETE FROM codes WHERE record = ?1", ids[0]),
        ("UPDATE codes SET code = x'0011' WHERE record = ?1", ids[1]),
        ("UPDATE embeddings SET embedding = x'001122' WHERE record = ?1", ids[2]),
        ("UPDATE embeddings SET embedding = x'0011' WHERE record = ?1", ids[3]),
        ("UPDATE embeddings SET embedding = x'007c00000000' WHERE record = ?1", ids[4]),
        ("DELETE FROM thumbnails WHERE record = ?1", ids[5]),
        ("UPDATE thumbnails SET thumbnail = x'00' WHERE record = ?1", ids[6]),
        ("DELETE FROM records WHERE id = ?1", ids[7]),
    ] {
        assert_eq!(hand.execute(sql, [id.cast_signed()]).unwrap(), 1);
    }
    drop(hand);
    let gallery = Gallery::open(dir.path()).unwrap();
    assert_eq!(gallery.info().unwrap().unindexed, 4);
    let problems: Vec<String> = gallery.verify().unwrap().iter().map(ToString::to_string).collect();
    for expected in [
        format!("record {} has no code", ids[0]),
        format!("record {} has a damaged code: 16 bits; expected 64", ids[1]),
        format!("record {} has a damaged embedding: an embedding of 3 bytes", ids[2]),
        format!("record {} has a damaged embedding: an embedding of 1 values; expected 3", ids[3]),
        format!("record {} has a damaged embedding: an embedding with inf at position 0", ids[4]),
        format!("record {} has no thumbnail", ids[5]),
        format!("record {} has a damaged thumbnail", ids[6]),
        format!("row {} of `codes` belongs to no record", ids[7]),
    ] {
        assert!(
            problems.iter().any(|problem| problem.contains(&expected)),
            "{expected} is not in {problems:#?}"
        );
    }
}

#[test]
fn damaged_pages_are_an_error_or_a_problem_never_a_panic() {
    let dir = folder();
    drop(filled(dir.path(), 300));
    let path = dir.path().join(DATABASE);
    let whole = fs::read(&path).unwrap();
    let (mut noticed, mut used) = (0, 0);
    for page in 0..whole.len() / 4096 {
        let mut bytes = whole.clone();
        // A leaf without cells, of an empty table, has nothing there to damage.
        let header = &whole[page * 4096..][if page == 0 { 100..105 } else { 0..5 }];
        used += usize::from(!(header[0] >= 10 && header[3..] == [0, 0]));
        // Past the header, where the page has its cells.
        bytes[page * 4096 + 100..(page + 1) * 4096].fill(0xa5);
        fs::write(&path, &bytes).unwrap();
        let sound = Gallery::open(dir.path())
            .and_then(|gallery| gallery.verify())
            .is_ok_and(|found| found.is_empty());
        noticed += usize::from(!sound);
    }
    assert_eq!(noticed, used);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(
        !Gallery::open(dir.path())
            .and_then(|gallery| gallery.verify())
            .is_ok_and(|found| found.is_empty())
    );
}

/// Everything in the database, definitions included; `None` if it cannot be read. It leaves out the
/// log of changes, which matters to the index alone, and SQLite's own settings of the index of
/// words.
fn contents(dir: &Path) -> Option<Vec<(String, Vec<Vec<rusqlite::types::Value>>)>> {
    let connection = raw(dir);
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('changes', 'report_words_config')
                 UNION SELECT 'sqlite_schema' ORDER BY 1";
    let names: Vec<String> = connection
        .prepare(names)
        .ok()?
        .query_map([], |row| row.get(0))
        .ok()?
        .collect::<rusqlite::Result<_>>()
        .ok()?;
    let table = |name: String| {
        let columns = if name == "sqlite_schema" { "type, name, tbl_name, sql" } else { "*" };
        let mut statement = connection.prepare(&format!("SELECT {columns} FROM {name}")).ok()?;
        let count = statement.column_count();
        let rows = statement.query_map([], |row| (0..count).map(|i| row.get(i)).collect());
        Some((name, rows.ok()?.collect::<rusqlite::Result<_>>().ok()?))
    };
    names.into_iter().map(table).collect()
}

/// `RETRIEVAL_TEST_STEP=1` changes every byte.
#[test]
fn a_changed_byte_is_noticed_or_changes_nothing() {
    let step = std::env::var("RETRIEVAL_TEST_STEP").map_or(307, |step| step.parse().unwrap());
    let dir = folder();
    let mut gallery = filled(dir.path(), 40);
    gallery.delete(&[40, 3]).unwrap();
    gallery.begin_reindexing(&model("next"), 64).unwrap();
    drop(gallery);
    let path = dir.path().join(DATABASE);
    let whole = fs::read(&path).unwrap();
    let before = contents(dir.path()).unwrap();
    let mut noticed = 0;
    for at in (0..whole.len()).step_by(step) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&path, &bytes).unwrap();
        let found = Gallery::open(dir.path()).and_then(|gallery| gallery.verify());
        if found.is_ok_and(|problems| problems.is_empty()) {
            assert_eq!(contents(dir.path()).as_ref(), Some(&before), "byte {at}");
        } else {
            noticed += 1;
        }
    }
    assert!(noticed > 0);
}

/// A gallery as a kill leaves it: five transactions in its log, and where the last begins.
fn killed(dir: &Path) -> usize {
    let live = folder();
    let mut gallery = filled(live.path(), 3);
    let log = live.path().join(format!("{DATABASE}-wal"));
    let mut last = 0;
    for i in 3..7 {
        last = fs::metadata(&log).unwrap().len();
        gallery.insert(&entry(i)).unwrap();
        gallery.commit().unwrap();
    }
    for file in fs::read_dir(live.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), dir.join(file.file_name())).unwrap();
    }
    last as usize
}

#[test]
fn a_changed_byte_of_the_log_is_named_before_anything_is_dropped() {
    let step = std::env::var("RETRIEVAL_TEST_STEP").map_or(307, |step| step.parse().unwrap());
    let (dir, copy) = (folder(), folder());
    let last = killed(dir.path());
    let (log, database) = (format!("{DATABASE}-wal"), fs::read(dir.path().join(DATABASE)).unwrap());
    let whole = fs::read(dir.path().join(&log)).unwrap();
    for at in (0..whole.len()).step_by(step).chain([0, 17, last - 1, last]) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(copy.path().join(DATABASE), &database).unwrap();
        fs::write(copy.path().join(&log), &bytes).unwrap();
        let opened = Gallery::open(copy.path());
        if at < last {
            let message = opened.unwrap_err().to_string();
            assert!(message.contains(&log) && message.contains("is damaged at byte"), "{message}");
            assert_eq!(fs::read(copy.path().join(&log)).unwrap(), bytes, "it stays as it was");
            continue;
        }
        // Only the last transaction may be one that a power cut spoiled and that was not
        // acknowledged.
        let gallery = opened.unwrap();
        assert_eq!((gallery.len(), gallery.verify().unwrap()), (6, vec![]), "byte {at}");
    }
}

#[test]
fn a_log_that_is_cut_where_it_is_damaged_opens() {
    let dir = folder();
    let last = killed(dir.path());
    let log = dir.path().join(format!("{DATABASE}-wal"));
    let mut bytes = fs::read(&log).unwrap();
    bytes[last - 50] ^= 1;
    fs::write(&log, &bytes).unwrap();
    let Err(Error::Sqlite(SqliteError::DamagedLog { at, .. })) = Gallery::open(dir.path()) else {
        panic!("it is damaged")
    };
    fs::write(&log, &bytes[..at as usize]).unwrap();
    fs::remove_file(dir.path().join("gallery.sqlite-acknowledged")).unwrap();
    let gallery = Gallery::open(dir.path()).unwrap();
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (5, vec![]));
}

#[test]
fn shared_memory_that_is_damaged_is_made_again() {
    let dir = folder();
    killed(dir.path());
    fs::write(dir.path().join(format!("{DATABASE}-shm")), [0xa5; 32768]).unwrap();
    let gallery = Gallery::open(dir.path()).unwrap();
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (7, vec![]));
}

#[test]
fn a_log_that_somebody_removed_is_noticed_and_nothing_more_is_written() {
    let dir = folder();
    killed(dir.path());
    fs::remove_file(dir.path().join(format!("{DATABASE}-wal"))).unwrap();
    fs::remove_file(dir.path().join(format!("{DATABASE}-shm"))).unwrap();
    let mut gallery = Gallery::open(dir.path()).unwrap();
    let lost = gallery.len();
    assert!(lost < 7, "else nothing was in the log");
    let problems: Vec<String> = gallery.verify().unwrap().iter().map(ToString::to_string).collect();
    assert!(problems[0].contains("has lost changes: it ends with change"), "{problems:?}");
    assert_eq!(problems.len(), 1);
    let Err(Error::Sqlite(SqliteError::LostChanges { got, expected, .. })) =
        gallery.insert(&entry(9))
    else {
        panic!("it writes")
    };
    assert!(got < expected);
    fs::remove_file(dir.path().join("gallery.sqlite-acknowledged")).unwrap();
    gallery.insert(&entry(9)).unwrap();
    gallery.commit().unwrap();
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (lost + 1, vec![]));
}

#[test]
fn a_damaged_number_of_the_last_change_is_named_and_replaced() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 2);
    let path = dir.path().join("gallery.sqlite-acknowledged");
    let mut bytes = fs::read(&path).unwrap();
    bytes[15] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let problems: Vec<String> = gallery.verify().unwrap().iter().map(ToString::to_string).collect();
    assert!(problems[0].contains("gallery.sqlite-acknowledged"), "{problems:?}");
    gallery.insert(&entry(2)).unwrap();
    gallery.commit().unwrap();
    assert_eq!(gallery.verify().unwrap(), []);
}

/// Reads every damaged part, the index's included.
#[test]
fn what_is_damaged_is_an_error_that_names_the_record_wherever_it_is_read() {
    let asked = entry(3);
    let images =
        [Example { code: &asked.code, embedding: &asked.embedding, key: "", patient: None }];
    let answer = |gallery: &Gallery| {
        gallery.search(&Query { include_same_patient: true, ..Query::nearest(&images, 8) })
    };
    for (sql, part) in [
        ("UPDATE codes SET code = x'f0f0f0f0f0f0f0f0' WHERE record = 4", "code"),
        ("UPDATE codes SET code = x'0011' WHERE record = 4", "code"),
        ("UPDATE embeddings SET embedding = x'003c003c003c' WHERE record = 4", "embedding"),
        ("UPDATE labels SET label = 'well' WHERE record = 4 AND position = 1", "fields"),
        ("UPDATE records SET patient = 'patient-5' WHERE id = 4", "fields"),
        ("UPDATE thumbnails SET thumbnail = x'ffd8ffd9' WHERE record = 4", "thumbnail"),
    ] {
        let dir = folder();
        drop(filled(dir.path(), 8));
        assert_eq!(raw(dir.path()).execute(sql, []).unwrap(), 1);
        let gallery = Gallery::open(dir.path()).unwrap();
        let named = |read: Result<()>, what: &str| {
            let error = read.expect_err(what).to_string();
            let expected =
                format!("the gallery's record 4 has a damaged {part}: its checksum differs");
            assert!(error.starts_with(&expected), "{what}: {error}");
        };
        let read = match part {
            "code" => gallery.code(4).map(drop),
            "embedding" => gallery.embedding(4).map(drop),
            "thumbnail" => gallery.thumbnail(4).map(drop),
            _ => gallery.record(4).map(drop),
        };
        named(read, "reading it");
        let export = folder();
        named(gallery.export(export.path(), |record| record, |_| {}).map(drop), "an export");
        assert_eq!(fs::read_dir(export.path()).unwrap().count(), 0);
        if part == "fields" {
            named(gallery.page(None, 0, 100).map(drop), "a page");
        }
        if part != "thumbnail" {
            named(answer(&gallery).map(drop), "a search");
        }
        let problems = gallery.verify().unwrap();
        assert!(
            problems[0].to_string().contains(&format!("record 4 has a damaged {part}")),
            "{problems:?}"
        );
        // Without the record everything reads again.
        let mut gallery = gallery;
        gallery.delete(&[4]).unwrap();
        assert_eq!((answer(&gallery).unwrap().len(), gallery.verify().unwrap()), (7, vec![]));
    }
}

#[test]
fn a_damaged_code_does_not_matter_where_its_record_may_not_answer() {
    let dir = folder();
    drop(filled(dir.path(), 8));
    raw(dir.path())
        .execute("UPDATE codes SET code = x'f0f0f0f0f0f0f0f0' WHERE record = 4", [])
        .unwrap();
    let gallery = Gallery::open(dir.path()).unwrap();
    let asked = entry(3);
    let images = [Example {
        code: &asked.code,
        embedding: &asked.embedding,
        key: &asked.record.key,
        patient: None,
    }];
    let query = Query::nearest(&images, 8);
    assert_eq!(gallery.search(&query).unwrap().len(), 7, "its own picture does not answer");
    let filter = "id < 4".parse().unwrap();
    let query = Query { include_same_patient: true, filter: Some(&filter), ..query };
    assert_eq!(gallery.search(&query).unwrap().len(), 3);
}
