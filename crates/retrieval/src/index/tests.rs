//! Tests that every plan gives what a sort gives, after insertions, removals, merging, saving and
//! opening.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use roaring::RoaringTreemap;

use super::*;
use crate::hamming::Kernel;

const PLANS: [Plan; 3] = [Plan::Best, Plan::Scan, Plan::LookUp];

/// Codes near each other, so that many distances tie.
fn random_codes(n: usize, bits: usize, seed: u64) -> Vec<HashCode> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let share = rng.random_range(0.02..0.5);
    let mut code = || {
        let u: Vec<f32> =
            (0..bits).map(|_| if rng.random_bool(share) { 1.0 } else { -1.0 }).collect();
        HashCode::from_signs(&u).unwrap()
    };
    (0..n).map(|_| code()).collect()
}

/// One of a few descriptors, so that they tie, too.
fn descriptor(seed: u64) -> Descriptor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed % 7);
    Descriptor(std::array::from_fn(|_| rng.random()))
}

type Naive = BTreeMap<u64, (HashCode, Descriptor)>;

fn sorted(codes: &Naive, query: &HashCode, search: &Search<'_>) -> Vec<Neighbor> {
    let distances =
        codes.iter().map(|(&id, (code, _))| Neighbor { distance: code.distance(query), id });
    let mut all: Vec<_> =
        distances.filter(|n| n.distance <= search.radius && search.admits(n.id)).collect();
    all.sort();
    all.truncate(search.k);
    all
}

/// The first codes by (distance, descriptor's distance, id), each by the nearest point.
fn shortlist(codes: &Naive, points: &[(HashCode, Descriptor)], search: &Search<'_>) -> Vec<Ranked> {
    let ranked = |(&id, (code, descriptor)): (&u64, &(HashCode, Descriptor))| {
        let keys = points.iter().map(|(c, d)| (code.distance(c), descriptor.squared_distance(d)));
        (keys.min().unwrap(), id)
    };
    let mut all: Vec<_> = codes.iter().map(ranked).collect();
    all.retain(|&((distance, _), id)| distance <= search.radius && search.admits(id));
    all.sort_unstable();
    all.truncate(search.k);
    all.into_iter().map(|((distance, tie), id)| Ranked { distance, tie, id }).collect()
}

/// An index with some codes in a segment of a file, some in a merged one, some in the tail, and
/// some removed at each stage.
fn index_of(
    naive: &mut Naive,
    ids: &[u64],
    codes: &[HashCode],
    removed: &[u64],
    bits: usize,
) -> Index {
    let folder = tempfile::tempdir().unwrap();
    let mut index = Index::new(bits).unwrap();
    for (i, (&id, code)) in ids.iter().zip(codes).enumerate() {
        let of = descriptor(id / 3 + i as u64);
        assert_eq!(index.insert(id, code, of).is_err(), naive.contains_key(&id));
        naive.entry(id).or_insert((*code, of));
        if i % 3 == 0 {
            let gone = removed.get(i / 3).copied().unwrap_or(id);
            assert_eq!(index.remove(gone), naive.remove(&gone).is_some());
        }
        if i == ids.len() / 3 {
            let path = folder.path().join("segment");
            index.save(&path, 77).unwrap();
            let (opened, generation) = Index::open(&path).unwrap();
            assert_eq!((opened.len(), generation), (index.len(), 77));
            index = opened;
        }
        if i == ids.len() / 2 {
            let more = Index { segments: Vec::new(), ..index.clone() }.merged();
            index.segments.extend(more.segments);
            index.tail = Tail::default();
        }
    }
    index
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_search_is_a_sort(
        words in 1_usize..=16,
        ids in prop::collection::vec(0_u64..2000, 0..900),
        removed in prop::collection::vec(0_u64..2000, 0..300),
        k in 0_usize..400,
        radius in 0_u32..300,
        named in prop::collection::vec(0_u64..2000, 0..300),
        seed in any::<u64>(),
    ) {
        let bits = words * 16;
        let mut naive = BTreeMap::new();
        let index = index_of(&mut naive, &ids, &random_codes(ids.len(), bits, seed), &removed, bits);
        prop_assert_eq!(index.len(), naive.len());
        prop_assert_eq!(index.ids(), naive.keys().copied().collect::<Vec<_>>());
        let merged = index.merged();
        let named: RoaringTreemap = named.into_iter().collect();
        let queries = random_codes(3, bits, !seed);
        let searches = [
            Search::nearest(k),
            Search::within(radius),
            Search { radius, only: Some(&named), ..Search::nearest(k) },
            Search { radius, except: Some(&named), ..Search::nearest(k) },
        ];
        let points = [0, 1].map(|i| (queries[i], descriptor(seed.wrapping_add(i as u64))));
        for search in searches {
            let expected: Vec<_> = queries.iter().map(|query| sorted(&naive, query, &search)).collect();
            for plan in PLANS.into_iter().chain(search.only.map(|_| Plan::Gather)) {
                prop_assert_eq!(&index.search(&queries, &search, plan).unwrap(), &expected, "{:?}", plan);
                prop_assert_eq!(&merged.search(&queries, &search, plan).unwrap(), &expected, "{:?}", plan);
                for count in [1, 2] {
                    let expected = shortlist(&naive, &points[..count], &search);
                    let points = points[..count].iter();
                    let points: Vec<Point> =
                        points.map(|&(code, own)| Point { code, descriptor: Some(own) }).collect();
                    prop_assert_eq!(&index.near_any(&points, &search, plan).unwrap(), &expected, "{:?}", plan);
                    prop_assert_eq!(&merged.near_any(&points, &search, plan).unwrap(), &expected);
                }
            }
        }
    }

    #[test]
    fn a_damaged_file_is_named_and_opens_as_nothing_else(at in any::<prop::sample::Index>(), bit in 0_u32..8, cut in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("segment");
        let mut index = Index::new(16).unwrap();
        for (id, code) in (0..).zip(random_codes(600, 16, 1)) {
            index.insert(id, &code, descriptor(id)).unwrap();
        }
        index.save(&path, 1).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        if cut {
            bytes.truncate(at);
        }
        fs::write(&path, &bytes).unwrap();
        let error = Index::open(&path).unwrap_err().to_string();
        prop_assert!(error.contains("segment"), "{}", error);
    }
}

#[test]
fn many_parts_and_every_kernel_give_the_same() {
    let n = 3 * 131_072 + 77;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    // Few distinct codes: ties across the parts.
    let words: Vec<u64> = (0..n).map(|_| rng.random::<u64>() & 0x0101_0101_0101_0101).collect();
    let ids: Vec<u64> = (0..n as u64).collect();
    let descriptors: Vec<_> = ids.iter().map(|&id| descriptor(id).0).collect();
    let segment =
        Segment::make(Header { bits: 64, rows: n, generation: 0 }, &ids, &words, &descriptors);
    let query = HashCode::from_words(&[0x0100_0101_0001_0001], 64).unwrap();
    let (asked, own) = (Asked::new(query.into()), descriptor(3));
    let tied = Asked::new(Point { code: query, descriptor: Some(own) });
    let distances = ids
        .iter()
        .map(|&id| Neighbor { distance: (words[id as usize] ^ query.words()[0]).count_ones(), id });
    let mut all: Vec<_> = distances.collect();
    all.sort();
    let mut ranked: Vec<_> =
        all.iter().map(|n| (n.distance, descriptor(n.id).squared_distance(&own), n.id)).collect();
    ranked.sort_unstable();
    for kernel in Kernel::available() {
        for k in [1, 10, 5000, n, usize::MAX] {
            let mut found =
                scan::scan(kernel, &segment, &[(&asked, 64), (&tied, 64)], &Search::nearest(k));
            let by_tie: Vec<_> =
                found.remove(1).iter().map(|r| (r.distance, r.tie, r.id)).collect();
            assert!(by_tie == ranked[..k.min(n)], "{}", kernel.name());
            let by_id: Vec<Neighbor> = found.remove(0).into_iter().map(Neighbor::from).collect();
            assert!(by_id == all[..k.min(n)], "{}", kernel.name());
        }
    }
}

#[test]
fn other_lengths_are_refused() {
    let mut index = Index::new(64).unwrap();
    let code = HashCode::from_signs(&[1.0; 32]).unwrap();
    let message = "a hash code of 32 bits; expected 64 bits, as all codes here";
    assert_eq!(index.insert(1, &code, Descriptor::default()).unwrap_err().to_string(), message);
    assert_eq!(index.nearest(&code, 1).unwrap_err().to_string(), message);
    assert_eq!(index.within(&code, 1).unwrap_err().to_string(), message);
}
