//! Searches: order, exclusions, feedback, groups, refusals.

use std::collections::HashSet;

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use retrieval::{Descriptor, SHORTLIST, SPARE};

use super::*;

/// The numbers of the entries found.
fn numbers(gallery: &Gallery, query: &Query<'_>) -> Vec<u64> {
    let hits = gallery.search(query).unwrap();
    hits.iter().map(|hit| hit.record.key[4..].parse().unwrap()).collect()
}

/// A query ordered by bits alone.
fn by_bits<'a>(images: &'a [Example<'a>], k: usize) -> Query<'a> {
    Query { order: Order::Hamming, ..Query::nearest(images, k) }
}

fn example(entry: &Entry) -> Example<'_> {
    Example { code: &entry.code, embedding: &entry.embedding, key: "", patient: None }
}

#[test]
fn a_search_excludes_and_ranks() {
    let dir = folder();
    let gallery = filled(dir.path(), 64);
    let embedding = Embedding::new(vec![12.4, -0.5, 0.25]);
    let entry = entry(10);
    let plain = Example { code: &entry.code, embedding: &embedding, key: "", patient: None };
    let (images, own) = ([plain], [Example { key: "key-00010", ..plain }]);
    let nearest = by_bits(&images, 5);
    assert_eq!(numbers(&gallery, &nearest), [10, 9, 11, 8, 12]);
    assert_eq!(numbers(&gallery, &Query::nearest(&images, 0)), [] as [u64; 0]);
    assert_eq!(numbers(&gallery, &Query { within: Some(1), ..nearest }), [10, 9, 11]);
    assert_eq!(numbers(&gallery, &by_bits(&own, 5)), [9, 11, 8, 12, 7]);
    assert_eq!(
        numbers(&gallery, &Query { include_same_patient: true, ..by_bits(&own, 5) }),
        [10, 9, 11, 8, 12]
    );
    let patient = [Example { patient: Some("patient-2"), ..plain }];
    assert_eq!(numbers(&gallery, &by_bits(&patient, 6)), [10, 9, 11, 8, 7, 13]);
    let reranked = Query::nearest(&images, 5);
    assert_eq!(numbers(&gallery, &reranked), [12, 13, 11, 14, 10]);
    assert_eq!(numbers(&gallery, &Query { within: Some(2), ..reranked }), [12, 11, 10, 9, 8]);
    let hits = gallery.search(&nearest).unwrap();
    assert_eq!((hits[0].distance, hits[0].record.key.as_str()), (0, "key-00010"));
    assert!((hits[0].euclidean - 2.4).abs() < 1e-3);
}

#[test]
fn several_images_are_one_query() {
    let dir = folder();
    let gallery = filled(dir.path(), 64);
    let (a, b) = (entry(10), entry(40));
    let images = [example(&a), example(&b)];
    for query in [by_bits(&images, 6), Query::nearest(&images, 6)] {
        assert_eq!(numbers(&gallery, &query), [10, 40, 9, 11, 39, 41]);
    }
    let hits = gallery.search(&Query::nearest(&images, 3)).unwrap();
    assert!((hits[2].euclidean - 1.0).abs() < 1e-3, "by the nearer image");
}

#[test]
fn filters_say_who_may_answer() {
    let dir = folder();
    let gallery = filled(dir.path(), 64);
    let entry = entry(10);
    let images = [example(&entry)];
    let filter: Filter = "age >= 20 and label = 'label-0' and report ~ 'effusion'".parse().unwrap();
    assert_eq!(
        numbers(&gallery, &Query { filter: Some(&filter), ..Query::nearest(&images, 3) }),
        [21, 24, 27]
    );
    let none: Filter = "age > 1000".parse().unwrap();
    assert!(
        numbers(&gallery, &Query { filter: Some(&none), ..Query::nearest(&images, 3) }).is_empty()
    );
}

#[test]
fn a_patient_answers_once_and_k_patients_do() {
    let dir = folder();
    let gallery = filled(dir.path(), 64);
    let entry = entry(10);
    let images = [example(&entry)];
    // Odd entries have no patient; even ones share patients 0, 2, 4, 6 and 8.
    let even: Filter = "patient != null".parse().unwrap();
    let grouped =
        Query { group_by_patient: true, filter: Some(&even), ..Query::nearest(&images, 5) };
    assert_eq!(numbers(&gallery, &grouped), [10, 8, 12, 6, 14]);
    assert_eq!(
        numbers(&gallery, &Query { k: 9, ..grouped }),
        [10, 8, 12, 6, 14],
        "there are no more"
    );
    assert_eq!(numbers(&gallery, &Query { order: Order::Hamming, ..grouped }), [10, 8, 12, 6, 14]);
    let all = Query { filter: None, k: 12, ..grouped };
    assert_eq!(numbers(&gallery, &all), [10, 9, 11, 8, 12, 7, 13, 6, 14, 5, 15, 3]);
}

#[test]
fn feedback_moves_the_query_and_the_judged_do_not_answer() {
    let dir = folder();
    let gallery = filled(dir.path(), 64);
    let id = |i: u64| gallery.id_of(&format!("key-{i:05}")).unwrap().unwrap();
    let direction = std::cell::Cell::new(0.0);
    let encode_embedding = |e: &Embedding, known: &[(Embedding, HashCode)]| {
        direction.set(e.values()[0] / e.values()[2]);
        assert!((e.values().iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-4);
        let mean = known.iter().map(|(_, code)| code.words()[0].count_ones()).sum::<u32>()
            / known.len() as u32;
        Ok(HashCode::from_words(&[(1 << mean) - 1], 64)?)
    };
    let feedback =
        |like, unlike| Some(Feedback { like, unlike, encode_embedding: &encode_embedding });
    let (likes, unlikes) = ([id(20), id(24)], [id(22)]);
    let by_entries = Query { feedback: feedback(&likes, &[]), ..by_bits(&[], 4) };
    assert_eq!(numbers(&gallery, &by_entries), [22, 21, 23, 19]);
    let entry = entry(10);
    let images = [example(&entry)];
    let moved = Query { feedback: feedback(&likes, &unlikes), ..by_bits(&images, 3) };
    assert_eq!(numbers(&gallery, &moved), [19, 18, 17]);
    // (10 + 0.75 · 22 - 0.15 · 22) / ((1 + 0.75 - 0.15) · 0.25)
    assert!((direction.get() - 58.0).abs() < 0.1);
    let nothing = Query { feedback: feedback(&[], &unlikes), ..Query::nearest(&[], 4) };
    assert!(matches!(gallery.search(&nothing), Err(Error::EmptyQuery)));
    let stranger = Query { feedback: feedback(&[9999], &[]), ..by_entries };
    assert!(matches!(gallery.search(&stranger), Err(Error::NoRecord { id: 9999 })));
}

#[test]
fn a_query_that_does_not_fit_is_refused() {
    let dir = folder();
    let gallery = filled(dir.path(), 3);
    let entry = entry(0);
    let long = HashCode::from_signs(&[1.0; 128]).unwrap();
    let images = [Example { code: &long, ..example(&entry) }];
    let message = gallery.search(&Query::nearest(&images, 1)).unwrap_err().to_string();
    assert_eq!(message, "a hash code of 128 bits; expected 64 bits, as all codes here");
    let flat = Embedding::new(vec![0.0; 2]);
    let images = [Example { embedding: &flat, ..example(&entry) }];
    let message = gallery.search(&Query::nearest(&images, 1)).unwrap_err().to_string();
    assert_eq!(message, "an embedding of 2 values; expected 3 values, as all embeddings here");
    assert!(matches!(gallery.search(&Query::nearest(&[], 1)), Err(Error::EmptyQuery)));
}

/// Entries that share few codes, and embeddings that tell them apart.
fn likenesses(n: u64, seed: u64) -> Vec<Entry> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let entry = |i: u64| {
        let code = HashCode::from_words(&[rng.random::<u64>() & 0x11], 64).unwrap();
        let values = (0..16).map(|_| rng.random_range(-1.0..1.0)).collect();
        // The embedding is rounded as it is stored.
        let embedding = Embedding::from_bytes(&Embedding::new(values).to_bytes()).unwrap();
        Entry { code, embedding, ..entry(i) }
    };
    (0..n).map(entry).collect()
}

/// The expected answer, by three sorts. The first of a sort by (bits, descriptor, id) are sorted by
/// (descriptor, bits, id); the first of these by (Euclidean distance, bits, id). Both lists are
/// lengthened until they have `k` patients.
fn expected(
    entries: &[Entry],
    asked: &[Entry],
    k: usize,
    shortlist: usize,
    grouped: bool,
) -> Vec<String> {
    let ranked = entries.iter().enumerate().map(|(id, entry)| {
        let descriptor = Descriptor::of(&entry.embedding);
        let keys = asked.iter().map(|asked| {
            let tie = Descriptor::of(&asked.embedding).squared_distance(&descriptor);
            (asked.code.distance(&entry.code), tie)
        });
        let far = asked.iter().map(|asked| asked.embedding.distance(&entry.embedding));
        (keys.min().unwrap(), id, far.fold(f32::INFINITY, f32::min), entry)
    });
    let mut all: Vec<_> = ranked.collect();
    all.sort_by_key(|&(key, id, ..)| (key, id));
    let (mut codes, mut compared) = (shortlist.max(k + SPARE), k + SPARE);
    loop {
        let mut list = all[..codes.min(all.len())].to_vec();
        list.sort_by_key(|&((distance, tie), id, ..)| (tie, distance, id));
        list.truncate(compared);
        list.sort_by(|a, b| a.2.total_cmp(&b.2).then((a.0.0, a.1).cmp(&(b.0.0, b.1))));
        let mut patients = HashSet::new();
        list.retain(|(.., entry)| {
            !grouped || entry.record.patient.as_ref().is_none_or(|patient| patients.insert(patient))
        });
        if !grouped || list.len() >= k || compared > all.len() {
            return list.into_iter().take(k).map(|(.., entry)| entry.record.key.clone()).collect();
        }
        (codes, compared) = (4 * codes, 4 * compared);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn an_answer_is_the_most_similar_of_the_nearest(
        n in 1_u64..700,
        seed in any::<u64>(),
        asked in 1_usize..3,
        grouped in any::<bool>(),
    ) {
        let dir = folder();
        let entries = likenesses(n, seed);
        let mut gallery = Gallery::create(dir.path(), &model("m"), 64).unwrap();
        for entry in &entries {
            gallery.insert(entry).unwrap();
        }
        gallery.commit().unwrap();
        let asked = likenesses(asked as u64, !seed);
        let images: Vec<Example> = asked.iter().map(example).collect();
        for (k, shortlist) in [(1, 1), (3, 130), (10, 150), (10, SHORTLIST), (40, 5)] {
            let order = Order::Similarity { shortlist };
            let query = Query { order, group_by_patient: grouped, ..Query::nearest(&images, k) };
            let hits = gallery.search(&query).unwrap();
            let keys: Vec<String> = hits.iter().map(|hit| hit.record.key.clone()).collect();
            prop_assert_eq!(keys, expected(&entries, &asked, k, shortlist, grouped), "{} {}", k, shortlist);
        }
    }
}

#[test]
fn equal_codes_are_not_answered_in_the_order_of_their_insertion() {
    let dir = folder();
    let mut gallery = Gallery::create(dir.path(), &model("m"), 64).unwrap();
    let mut entries = likenesses(600, 5);
    entries.iter_mut().for_each(|entry| entry.code = HashCode::from_words(&[0], 64).unwrap());
    for entry in &entries {
        gallery.insert(entry).unwrap();
    }
    gallery.commit().unwrap();
    let answers = (0..600).step_by(50).map(|i| {
        let images = [example(&entries[i])];
        let found = numbers(&gallery, &Query::nearest(&images, 5));
        assert_eq!(found[0], i as u64, "an entry is the most similar to itself");
        found
    });
    let answers: HashSet<Vec<u64>> = answers.collect();
    assert_eq!(answers.len(), 12);
}
