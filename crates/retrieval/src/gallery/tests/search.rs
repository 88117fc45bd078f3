//! Searches: order, exclusions, feedback, groups, refusals.

use super::*;

/// The numbers of the entries that answer.
fn numbers(gallery: &Gallery, query: &Query<'_>) -> Vec<u64> {
    let hits = gallery.search(query).unwrap();
    hits.iter().map(|hit| hit.record.key[4..].parse().unwrap()).collect()
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
    let nearest = Query::nearest(&images, 5);
    assert_eq!(numbers(&gallery, &nearest), [10, 9, 11, 8, 12]);
    assert_eq!(numbers(&gallery, &Query { k: 0, rerank: Some(9), ..nearest }), [] as [u64; 0]);
    assert_eq!(numbers(&gallery, &Query { within: Some(1), ..nearest }), [10, 9, 11]);
    assert_eq!(numbers(&gallery, &Query::nearest(&own, 5)), [9, 11, 8, 12, 7]);
    assert_eq!(numbers(&gallery, &Query { own: true, ..Query::nearest(&own, 5) }), [10, 9, 11, 8, 12]);
    let patient = [Example { patient: Some("patient-2"), ..plain }];
    assert_eq!(numbers(&gallery, &Query::nearest(&patient, 6)), [10, 9, 11, 8, 7, 13]);
    let reranked = Query { rerank: Some(9), ..nearest };
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
    assert_eq!(numbers(&gallery, &Query::nearest(&images, 6)), [10, 40, 9, 11, 39, 41]);
    let hits = gallery.search(&Query { rerank: Some(20), ..Query::nearest(&images, 3) }).unwrap();
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
    assert!(numbers(&gallery, &Query { filter: Some(&none), ..Query::nearest(&images, 3) }).is_empty());
}

#[test]
fn a_patient_answers_once_and_k_patients_do() {
    let dir = folder();
    let gallery = filled(dir.path(), 64);
    let entry = entry(10);
    let images = [example(&entry)];
    // Odd entries have no patient; even ones share patients 0, 2, 4, 6 and 8.
    let even: Filter = "patient != null".parse().unwrap();
    let grouped = Query { group_by_patient: true, filter: Some(&even), ..Query::nearest(&images, 5) };
    assert_eq!(numbers(&gallery, &grouped), [10, 8, 12, 6, 14]);
    assert_eq!(numbers(&gallery, &Query { k: 9, ..grouped }), [10, 8, 12, 6, 14], "there are no more");
    assert_eq!(numbers(&gallery, &Query { rerank: Some(30), ..grouped }).len(), 5);
    let all = Query { filter: None, k: 12, ..grouped };
    assert_eq!(numbers(&gallery, &all), [10, 9, 11, 8, 12, 7, 13, 6, 14, 5, 15, 3]);
}

#[test]
fn feedback_moves_the_query_and_the_judged_do_not_answer() {
    let dir = folder();
    let gallery = filled(dir.path(), 64);
    let id = |i: u64| gallery.id_of(&format!("key-{i:05}")).unwrap().unwrap();
    let direction = std::cell::Cell::new(0.0);
    let rehash = |e: &Embedding, known: &[(Embedding, HashCode)]| {
        direction.set(e.values()[0] / e.values()[2]);
        assert!((e.values().iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-4);
        let mean =
            known.iter().map(|(_, code)| code.words()[0].count_ones()).sum::<u32>() / known.len() as u32;
        Ok(HashCode::from_words(&[(1 << mean) - 1], 64)?)
    };
    let feedback = |like, unlike| Some(Feedback { like, unlike, rehash: &rehash });
    let (likes, unlikes) = ([id(20), id(24)], [id(22)]);
    let by_entries = Query { feedback: feedback(&likes, &[]), ..Query::nearest(&[], 4) };
    assert_eq!(numbers(&gallery, &by_entries), [22, 21, 23, 19]);
    let entry = entry(10);
    let images = [example(&entry)];
    let moved = Query { feedback: feedback(&likes, &unlikes), ..Query::nearest(&images, 3) };
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
