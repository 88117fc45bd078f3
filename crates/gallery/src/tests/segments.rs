//! The index's file: made when there are many codes, used when it fits, and refused when it does
//! not.

use super::*;

const MANY: u64 = 20_000;

fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.to_string_lossy().contains(".segment")).collect()
}

/// A gallery large enough that its index has a file.
fn large(dir: &Path) -> Gallery {
    let mut gallery = Gallery::create(dir, &model("m"), 64).unwrap();
    for i in 0..MANY {
        let mut entry = entry(i);
        entry.code = HashCode::from_words(&[i.wrapping_mul(0x9e37_79b9_7f4a_7c15)], 64).unwrap();
        entry.record.report = None;
        gallery.insert(&entry).unwrap();
        if i % 1000 == 0 {
            gallery.commit().unwrap();
        }
    }
    gallery.settle().unwrap();
    gallery
}

#[test]
fn a_gallery_opens_by_its_file_and_what_came_after_it() {
    let dir = folder();
    let mut gallery = large(dir.path());
    assert_eq!(gallery.len(), MANY as usize);
    assert!(gallery.index().fresh() <= 8192);
    assert_eq!(segments(dir.path()).len(), 1, "the one before is removed");
    gallery.delete(&[5]).unwrap();
    let Insertion::New(id) = gallery.insert(&entry(MANY)).unwrap() else { panic!("it is new") };
    gallery.commit().unwrap();
    let again = Gallery::open(dir.path()).unwrap();
    assert_eq!((again.len(), again.ids()), (gallery.len(), gallery.ids()));
    assert!(again.index().fresh() < 8192 && !again.index().contains(5));
    assert_eq!(again.index().code(id), Some(entry(MANY).code));
    assert_eq!(again.verify().unwrap(), []);
}

#[test]
fn a_file_that_does_not_fit_is_named_and_made_again() {
    let dir = folder();
    let ids = large(dir.path()).ids();
    let path = segments(dir.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    for at in [3, 30, 200, 5000, whole.len() / 2, whole.len() - 100] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        let path = segments(dir.path()).remove(0);
        fs::write(&path, &damaged).unwrap();
        let gallery = Gallery::open(dir.path()).unwrap();
        let problems: Vec<String> =
            gallery.verify().unwrap().iter().map(ToString::to_string).collect();
        assert!(problems.len() == 1 && problems[0].contains("index's file"), "{at}: {problems:?}");
        assert_eq!(gallery.ids(), ids);
        drop(gallery);
        assert_eq!(Gallery::open(dir.path()).unwrap().verify().unwrap(), [], "it was made again");
        fs::write(segments(dir.path()).remove(0), &whole).unwrap_or_default();
    }
    fs::remove_file(segments(dir.path()).remove(0)).unwrap();
    assert_eq!(Gallery::open(dir.path()).unwrap().verify().unwrap().len(), 1);
    assert_eq!(Gallery::open(dir.path()).unwrap().verify().unwrap(), []);
}

#[test]
fn a_file_of_an_older_format_is_made_again() {
    let dir = folder();
    let ids = large(dir.path()).ids();
    let path = segments(dir.path()).remove(0);
    let mut older = fs::read(&path).unwrap();
    older[8] = 1;
    fs::write(&path, &older).unwrap();
    let gallery = Gallery::open(dir.path()).unwrap();
    assert_eq!(gallery.verify().unwrap(), [], "it is no damage");
    assert_eq!(gallery.ids(), ids);
    drop(gallery);
    let again = segments(dir.path());
    assert!(again.len() == 1 && again[0] != path, "{again:?}");
    assert_eq!(Gallery::open(dir.path()).unwrap().ids(), ids);
}

#[test]
fn a_file_of_another_past_is_not_used() {
    let (dir, other) = (folder(), folder());
    drop(large(dir.path()));
    let copy = dir.path().join("copy");
    fs::copy(dir.path().join(DATABASE), &copy).unwrap();
    let mut gallery = Gallery::open(dir.path()).unwrap();
    for i in MANY..2 * MANY {
        gallery.insert(&entry(i)).unwrap();
    }
    gallery.settle().unwrap();
    drop(gallery);
    // Somebody puts an older copy of the database in place: it names a file that is gone.
    fs::rename(&copy, dir.path().join(DATABASE)).unwrap();
    let gallery = Gallery::open(dir.path()).unwrap();
    assert_eq!(gallery.len(), MANY as usize);
    assert_eq!(gallery.ids(), large(other.path()).ids());
}

#[test]
fn other_processes_follow_a_merging() {
    let dir = folder();
    let mut ours = Gallery::create(dir.path(), &model("m"), 64).unwrap();
    let mut theirs = large_in(dir.path());
    assert!(ours.refresh().unwrap());
    assert_eq!(ours.ids(), theirs.ids());
    theirs.delete(&[1, 2, 3]).unwrap();
    assert!(ours.refresh().unwrap());
    assert_eq!(ours.ids(), theirs.ids());
    // A merging may have ended meanwhile: nothing is lost by taking it over.
    for _ in 0..100 {
        ours.refresh().unwrap();
        assert_eq!(ours.ids().first(), Some(&4));
    }
}

fn large_in(dir: &Path) -> Gallery {
    let mut gallery = Gallery::open(dir).unwrap();
    for i in 0..MANY {
        gallery.insert(&entry(i)).unwrap();
    }
    gallery.commit().unwrap();
    gallery
}

#[test]
fn names_of_files_lead_nowhere_else() {
    let name: segment_name::SegmentName = "codes-12-00000000000000ff.segment".parse().unwrap();
    assert_eq!(name.to_string(), "codes-12-00000000000000ff.segment");
    for text in [
        "",
        "codes-12-ff.segment",
        "../codes-12-00000000000000ff.segment",
        "codes-+1-00000000000000ff.segment",
    ] {
        assert!(text.parse::<segment_name::SegmentName>().is_err(), "{text}");
    }
    assert!(
        segment_name::is_segment("codes-12-00000000000000ff.segment.part")
            && !segment_name::is_segment(DATABASE)
    );
}

#[test]
fn a_file_that_is_shortened_in_use_is_no_crash_and_is_made_again() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 10_000);
    gallery.settle().unwrap();
    let mut other = Gallery::open(dir.path()).unwrap();
    let found = search(&gallery, &entry(77), 5);
    let path = segments(dir.path()).remove(0);
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(300).unwrap();
    let asked = entry(77);
    let images =
        [Example { code: &asked.code, embedding: &asked.embedding, key: "", patient: None }];
    let message = gallery.search(&Query::nearest(&images, 5)).unwrap_err().to_string();
    assert!(message.contains(".segment") && message.contains("shortened"), "{message}");
    gallery.refresh().unwrap();
    assert_eq!(search(&gallery, &entry(77), 5), found);
    other.insert(&entry(20_000)).unwrap();
    other.commit().unwrap();
    assert_eq!((other.len(), search(&other, &entry(77), 5)), (10_001, found));
}
