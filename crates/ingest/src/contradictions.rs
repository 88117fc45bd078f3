//! Contradictions: fields in which a record says something else than the gallery's record of the
//! same key. Values are compared and never shown, as they are patient data.

use gallery::Record;
use serde::Serialize;

/// A known picture that is described otherwise than in the gallery, whose record is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// The name of the file, or its path in the manifest.
    pub name: String,
    /// The id of the gallery's record; `None` if the picture came twice at once.
    pub record: Option<u64>,
    /// The fields that say something else, as records name them.
    pub fields: Vec<&'static str>,
}

/// A field's name in records, and its value if the record states one.
type Field = (&'static str, fn(&Record) -> Option<String>);

/// Fields of the instance, which do not depend on the source.
const OF_INSTANCE: [Field; 5] = [
    ("study", |record| record.study.clone()),
    ("series", |record| record.series.clone()),
    ("study_date", |record| record.study_date.map(|date| date.to_string())),
    ("width", |record| {
        Some(record.width).filter(|&width| width > 0).map(|width| width.to_string())
    }),
    ("height", |record| {
        Some(record.height).filter(|&height| height > 0).map(|height| height.to_string())
    }),
];

/// Fields that each source describes as it likes. It also numbers its own patients.
const OF_SOURCE: [Field; 6] = [
    ("patient", |record| record.patient.clone()),
    ("modality", |record| record.modality.clone()),
    ("body_part", |record| record.body_part.clone()),
    ("view", |record| record.view.clone()),
    ("sex", |record| record.sex.clone()),
    ("age", |record| record.age.map(|age| age.to_string())),
];

/// Fields that manifests alone state.
const OF_MANIFEST: [Field; 4] = [
    ("labels", |record| {
        let mut labels = record.labels.clone();
        labels.sort_unstable();
        (!labels.is_empty()).then(|| labels.join("|"))
    }),
    ("source", |record| record.source.clone()),
    ("licence", |record| record.licence.clone()),
    ("report", |record| record.report.clone()),
];

/// Tells whether two records contradict each other in what files state. A missing statement is no
/// contradiction.
pub(crate) fn says_other(kept: &Record, new: &Record) -> bool {
    let contradict =
        |(_, value): &Field| value(kept).zip(value(new)).is_some_and(|(kept, new)| kept != new);
    OF_INSTANCE.iter().any(contradict)
        || kept.source == new.source && OF_SOURCE.iter().any(contradict)
}

/// The fields of a record whose statements are lost, as the kept record of the same picture has
/// others or none. A file of other bytes may say more of the picture without a loss.
pub(crate) fn lost(kept: &Record, new: &Record) -> Vec<&'static str> {
    let differs = |(_, value): &&Field| value(new).is_some_and(|new| value(kept) != Some(new));
    let of_manifest = OF_MANIFEST.iter().filter(differs);
    let same_bytes = new.instance.is_none();
    let of_source = OF_SOURCE.iter().filter(|_| kept.source == new.source);
    let others = OF_INSTANCE.iter().chain(of_source).filter(|_| same_bytes).filter(differs);
    of_manifest.chain(others).map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let text = |text: &str| Some(text.to_owned());
        Record {
            instance: text("1.2"),
            patient: text("a"),
            width: 4,
            height: 4,
            ..Record::default()
        }
    }

    #[test]
    fn records_that_contradict_each_other_are_of_other_content() {
        let kept = record();
        let silent = Record { patient: None, ..record() };
        let other = Record { patient: Some("b".to_owned()), ..record() };
        let named = Record { source: Some("s".to_owned()), ..other.clone() };
        let wide = Record { width: 5, ..record() };
        let all = [&kept, &silent, &other, &named, &wide].map(|new| says_other(&kept, new));
        assert_eq!(all, [false, false, true, false, true]);
    }

    #[test]
    fn what_a_row_says_of_known_bytes_and_is_not_kept_is_named() {
        let labels = |labels: &[&str]| labels.iter().map(|&label| label.to_owned()).collect();
        let kept = Record { instance: None, labels: labels(&["a", "b"]), ..record() };
        let lost_of = |new: Record| lost(&kept, &new);
        assert_eq!(lost_of(Record { labels: labels(&["b", "a"]), ..kept.clone() }), [""; 0]);
        assert_eq!(lost_of(Record::default()), [""; 0], "a folder says nothing");
        let new = Record {
            labels: labels(&["a"]),
            patient: Some("b".to_owned()),
            sex: Some("F".to_owned()),
            age: Some(3),
            ..kept.clone()
        };
        assert_eq!(lost_of(new.clone()), ["labels", "patient", "sex", "age"]);
        // Patients of another source have other numbers.
        assert_eq!(lost_of(Record { source: Some("s".to_owned()), ..new }), ["labels", "source"]);
        // Another file of an instance may say more, but not give it other labels.
        let more = Record { labels: labels(&["c"]), view: Some("PA".to_owned()), ..record() };
        assert_eq!(lost(&record(), &more), ["labels"]);
    }
}
