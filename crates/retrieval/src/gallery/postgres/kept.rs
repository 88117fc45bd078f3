//! A cache of records and embeddings, used while the database is unreachable.

use std::collections::HashMap;

use crate::Embedding;
use crate::gallery::Record;
use crate::gallery::store::Which;

/// The least number of records that are kept, those read last. There are up to twice as many. Each
/// takes about 3 KB.
const KEPT: usize = 65_536;

/// The cached parts of a record.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub(super) record: Option<Record>,
    pub(super) embedding: Option<Embedding>,
}

/// The cache, in two halves. A full younger half becomes the older, and the older is dropped.
#[derive(Default)]
pub(super) struct Kept {
    younger: HashMap<u64, Known>,
    older: HashMap<u64, Known>,
    /// The `rebuilt` number of the codes whose embeddings are cached.
    rebuilt: u64,
}

impl Kept {
    /// Drops another model's embeddings.
    pub(super) fn follow(&mut self, rebuilt: u64) {
        if self.rebuilt != rebuilt {
            *self = Self { rebuilt, ..Self::default() };
        }
    }

    /// Adds to the cached parts of a record.
    pub(super) fn keep(&mut self, id: u64, set: impl FnOnce(&mut Known)) {
        if self.younger.len() >= KEPT {
            self.older = std::mem::take(&mut self.younger);
        }
        let known =
            self.younger.entry(id).or_insert_with(|| self.older.remove(&id).unwrap_or_default());
        set(known);
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
        part: impl Fn(&Known) -> Option<T>,
    ) -> Option<Vec<(u64, T)>> {
        let known = |id: &u64| self.younger.get(id).or_else(|| self.older.get(id));
        ids.iter().map(|id| Some((*id, part(known(id)?)?))).collect()
    }
}

impl Kept {
    /// The ids of cached records with a key or of a patient. Others may exist, but could not be
    /// answered with.
    pub(super) fn ids(&self, which: Which<'_>) -> Option<Vec<u64>> {
        let record = |id: &u64| {
            self.younger
                .get(id)
                .or_else(|| self.older.get(id))
                .and_then(|known| known.record.as_ref())
        };
        let of = |wanted: &dyn Fn(&Record) -> bool| {
            let known = self.younger.iter().chain(&self.older);
            known
                .filter(|(_, known)| known.record.as_ref().is_some_and(wanted))
                .map(|(id, _)| *id)
                .collect()
        };
        match which {
            Which::OfKey(key) => Some(of(&|record| record.key == key)),
            Which::OfPatient(patient) => {
                Some(of(&|record| record.patient.as_deref() == Some(patient)))
            }
            Which::OfPatientOf(id) => {
                let patient = record(&id)?.patient.as_ref();
                Some(of(&|record| patient.is_some() && record.patient.as_ref() == patient))
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
        let mut kept = Kept::default();
        for id in 0..3 * KEPT as u64 {
            kept.keep(id, |known| known.embedding = Some(Embedding::new(vec![id as f32])));
        }
        let of = |kept: &Kept, ids: &[u64]| kept.all(ids, |known| known.embedding.clone());
        let last = 3 * KEPT as u64 - 1;
        assert_eq!(of(&kept, &[last]), Some(vec![(last, Embedding::new(vec![last as f32]))]));
        assert_eq!((of(&kept, &[0]), of(&kept, &[last, 0])), (None, None));
        assert_eq!(kept.all(&[last], |known| known.record.clone()), None);
        assert!(kept.younger.len() + kept.older.len() <= 2 * KEPT);
        let record = |n: u64| Record {
            patient: Some(format!("p{}", n % 2)),
            key: n.to_string(),
            ..Record::default()
        };
        for id in [last, last - 1, last - 2] {
            kept.keep(id, |known| known.record = Some(record(id)));
        }
        let mut same = kept.ids(Which::OfPatientOf(last)).unwrap();
        same.sort_unstable();
        assert_eq!(same, [last - 2, last]);
        assert_eq!(kept.ids(Which::OfKey(&last.to_string())), Some(vec![last]));
        assert_eq!((kept.ids(Which::OfPatientOf(0)), kept.ids(Which::All)), (None, None));
        kept.forget(last);
        assert_eq!(kept.ids(Which::OfKey(&last.to_string())), Some(vec![]));
        kept.follow(2);
        assert_eq!(of(&kept, &[last]), None);
    }
}
