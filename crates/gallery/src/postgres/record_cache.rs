//! A cache of records and embeddings, used while the database is unreachable.

use std::collections::HashMap;

use retrieval::Embedding;

use crate::Record;
use crate::store::Which;

/// The greatest number of records in each half of the cache. Each takes about 3 KB.
const CAPACITY: usize = 65_536;

/// The cached parts of a record.
#[derive(Clone, Default)]
pub(super) struct CachedRecord {
    pub(super) record: Option<Record>,
    pub(super) embedding: Option<Embedding>,
}

/// The cache, in two halves. A full younger half becomes the older, and the older is dropped.
#[derive(Default)]
pub(super) struct RecordCache {
    younger: HashMap<u64, CachedRecord>,
    older: HashMap<u64, CachedRecord>,
    /// The `rebuilt` number of the codes whose embeddings are cached.
    rebuilt: u64,
}

impl RecordCache {
    /// Drops another model's embeddings.
    pub(super) fn follow(&mut self, rebuilt: u64) {
        if self.rebuilt != rebuilt {
            *self = Self { rebuilt, ..Self::default() };
        }
    }

    /// Adds to the cached parts of a record.
    pub(super) fn keep(&mut self, id: u64, set: impl FnOnce(&mut CachedRecord)) {
        if self.younger.len() >= CAPACITY {
            self.older = std::mem::take(&mut self.younger);
        }
        let cached =
            self.younger.entry(id).or_insert_with(|| self.older.remove(&id).unwrap_or_default());
        set(cached);
    }

    /// Drops a deleted record.
    pub(super) fn forget(&mut self, id: u64) {
        self.younger.remove(&id);
        self.older.remove(&id);
    }

    /// The `part` of each of these records; `None` if it is missing for one.
    pub(super) fn all<T>(
        &self,
        ids: &[u64],
        part: impl Fn(&CachedRecord) -> Option<T>,
    ) -> Option<Vec<(u64, T)>> {
        let cached = |id: &u64| self.younger.get(id).or_else(|| self.older.get(id));
        ids.iter().map(|id| Some((*id, part(cached(id)?)?))).collect()
    }
}

impl RecordCache {
    /// The ids of cached records with a key or of a patient. Others may exist, but could not be
    /// answered with.
    pub(super) fn ids(&self, which: Which<'_>) -> Option<Vec<u64>> {
        let of = |wanted: &dyn Fn(&Record) -> bool| {
            let cached = self.younger.iter().chain(&self.older);
            cached
                .filter(|(_, cached)| cached.record.as_ref().is_some_and(wanted))
                .map(|(id, _)| *id)
                .collect()
        };
        match which {
            Which::OfKey(key) => Some(of(&|record| record.key == key)),
            Which::OfPatient(patient) => {
                Some(of(&|record| record.patient.as_deref() == Some(patient)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_read_are_kept() {
        let mut cache = RecordCache::default();
        for id in 0..3 * CAPACITY as u64 {
            cache.keep(id, |cached| cached.embedding = Some(Embedding::new(vec![id as f32])));
        }
        let of =
            |cache: &RecordCache, ids: &[u64]| cache.all(ids, |cached| cached.embedding.clone());
        let last = 3 * CAPACITY as u64 - 1;
        assert_eq!(of(&cache, &[last]), Some(vec![(last, Embedding::new(vec![last as f32]))]));
        assert_eq!((of(&cache, &[0]), of(&cache, &[last, 0])), (None, None));
        assert_eq!(cache.all(&[last], |cached| cached.record.clone()), None);
        assert!(cache.younger.len() + cache.older.len() <= 2 * CAPACITY);
        let record = |n: u64| Record {
            patient: Some(format!("p{}", n % 2)),
            key: n.to_string(),
            ..Record::default()
        };
        for id in [last, last - 1, last - 2] {
            cache.keep(id, |cached| cached.record = Some(record(id)));
        }
        let patient = format!("p{}", last % 2);
        let mut same = cache.ids(Which::OfPatient(&patient)).unwrap();
        same.sort_unstable();
        assert_eq!(same, [last - 2, last]);
        assert_eq!(cache.ids(Which::OfKey(&last.to_string())), Some(vec![last]));
        assert_eq!(cache.ids(Which::All), None);
        cache.forget(last);
        assert_eq!(cache.ids(Which::OfKey(&last.to_string())), Some(vec![]));
        cache.follow(2);
        assert_eq!(of(&cache, &[last]), None);
    }
}
