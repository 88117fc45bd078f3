//! Maps of few codes, of equal ones, and of clusters.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Codes around so many centres, one bit in twenty flipped.
fn clusters(centres: usize, each: usize) -> Vec<HashCode> {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let centre: Vec<u64> = (0..centres).map(|_| random.random()).collect();
    let mut noise = || (0..64).fold(0, |bits, at| bits | u64::from(random.random_bool(0.05)) << at);
    let words = (0..centres * each).map(|at| centre[at % centres] ^ noise());
    words.map(|word| HashCode::from_words(&[word], 64).unwrap()).collect()
}

fn apart(a: Place, b: Place) -> f32 {
    (a.x - b.x).hypot(a.y - b.y)
}

#[test]
fn what_belongs_together_lies_together() {
    let codes = clusters(8, 60);
    let places = map(&codes, 1, |_| ()).unwrap();
    assert_eq!(places, map(&codes, 1, |_| ()).unwrap(), "a seed names a map");
    let nearest = |at: usize| {
        let others = (0..places.len()).filter(|&other| other != at);
        others
            .min_by(|&a, &b| apart(places[at], places[a]).total_cmp(&apart(places[at], places[b])))
            .unwrap()
    };
    let right = (0..places.len()).filter(|&at| nearest(at) % 8 == at % 8).count();
    assert!(right as f64 > 0.98 * places.len() as f64, "{right} of {}", places.len());
    assert!(
        places.iter().all(|place| (0.0..=1.0).contains(&place.x) && (0.0..=1.0).contains(&place.y))
    );
}

#[test]
fn equal_codes_lie_around_one_place_and_never_on_each_other() {
    let mut codes = clusters(3, 20);
    let equal = codes[0];
    codes.extend(std::iter::repeat_n(equal, 50));
    let places = map(&codes, 1, |_| ()).unwrap();
    let crowd: Vec<Place> =
        places.iter().zip(&codes).filter(|(_, code)| **code == equal).map(|(p, _)| *p).collect();
    assert_eq!(crowd.len(), 51);
    for (at, &place) in crowd.iter().enumerate() {
        assert!(apart(place, crowd[0]) < 0.15);
        assert!(crowd[..at].iter().all(|&other| apart(place, other) > 1e-5));
    }
}

#[test]
fn few_codes_have_places() {
    let codes = clusters(2, 2);
    for count in 0..=4 {
        let mut last = 0.0;
        let places = map(&codes[..count], 1, |share| last = share).unwrap();
        assert_eq!(places.len(), count);
        assert!(places.iter().all(|place| place.x.is_finite() && place.y.is_finite()));
        assert!(count == 0 || last == 1.0);
    }
    let other = HashCode::from_words(&[1], 32).unwrap();
    assert!(map(&[codes[0], other], 1, |_| ()).is_err(), "lengths differ");
}
