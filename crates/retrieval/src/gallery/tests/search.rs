//! Searches: order, exclusions, refusals.

use super::*;

#[test]
fn a_search_filters_and_ranks() {
    let dir = folder();
    let gallery = filled(dir.path(), 64);
    let (code, embedding) = (entry(10).code, Embedding::new(vec![12.4, -0.5, 0.25]));
    let numbers = |query: &Query<'_>| -> Vec<u64> {
        gallery.search(query).unwrap().iter().map(|hit| hit.record.key[4..].parse().unwrap()).collect()
    };
    let plain = query(&code, 5);
    assert_eq!(numbers(&plain), [10, 9, 11, 8, 12]);
    assert_eq!(
        numbers(&Query { k: 0, rerank: Some(9), embedding: Some(&embedding), ..plain }),
        [] as [u64; 0]
    );
    assert_eq!(numbers(&Query { within: Some(1), ..plain }), [10, 9, 11]);
    assert_eq!(numbers(&Query { exclude_key: Some("key-00010"), ..plain }), [9, 11, 8, 12, 7]);
    assert_eq!(numbers(&Query { exclude_patient: Some("patient-0"), ..plain }), [9, 11, 8, 12, 7]);
    assert_eq!(numbers(&Query { exclude_patient: Some("patient-2"), k: 6, ..plain }), [10, 9, 11, 8, 7, 13]);
    let reranked = Query { embedding: Some(&embedding), rerank: Some(9), ..plain };
    assert_eq!(numbers(&reranked), [12, 13, 11, 14, 10]);
    assert_eq!(numbers(&Query { within: Some(2), ..reranked }), [12, 11, 10, 9, 8]);
    let hits = gallery.search(&Query { embedding: Some(&embedding), ..plain }).unwrap();
    assert_eq!((hits[0].distance, hits[0].record.key.as_str()), (0, "key-00010"));
    assert!((hits[0].euclidean.unwrap() - 2.4).abs() < 1e-3);
}

#[test]
fn a_query_that_does_not_fit_is_refused() {
    let dir = folder();
    let gallery = filled(dir.path(), 3);
    let long = HashCode::from_signs(&[1.0; 128]).unwrap();
    let message = gallery.search(&query(&long, 1)).unwrap_err().to_string();
    assert_eq!(message, "a hash code of 128 bits; expected 64 bits, as all codes here");
    let code = entry(0).code;
    let flat = Embedding::new(vec![0.0; 2]);
    let message =
        gallery.search(&Query { embedding: Some(&flat), ..query(&code, 1) }).unwrap_err().to_string();
    assert_eq!(message, "an embedding of 2 values; expected 3 values, as all embeddings here");
    let error = gallery.search(&Query { rerank: Some(5), ..query(&code, 1) }).unwrap_err();
    assert!(matches!(error, Error::NoQueryEmbedding));
}
