//! De-identification of records, when they enter a gallery and when they leave it.

use anyhow::Result;
use gallery::{Date, Record};
use interchange::deidentify::{Code, Dates, Deidentified, Deidentifier, Key, Options, Pseudonyms};

/// The fields of a record that are kept on request.
#[derive(Clone, Copy)]
pub struct KeptFields {
    /// True to keep sex and age.
    pub patient: bool,
    /// True to keep reports, which are not cleaned.
    pub reports: bool,
}

/// De-identification of pictures and their records. A DICOM file is read as `skiagraph deidentify`
/// would write it, so that there is only one procedure. Entries of manifests and galleries are
/// changed in the same way.
pub struct Deidentification {
    deidentifier: Deidentifier,
    pseudonyms: Pseudonyms,
    kept: KeptFields,
}

impl Deidentification {
    /// De-identification with a key. `allow_burned_in` accepts pictures that may have text in them.
    pub fn new(key: &Key, kept: KeptFields, allow_burned_in: bool) -> Self {
        let dates = Dates::Shifted;
        let options =
            Options { dates, keep_patient: kept.patient, allow_burned_in, ..Options::default() };
        Self {
            deidentifier: Deidentifier::new(key, options),
            pseudonyms: Pseudonyms::new(key),
            kept,
        }
    }

    /// De-identifies a DICOM file; `None` if the bytes are of another format.
    ///
    /// # Errors
    /// If the file is refused: as it does not parse, or as its picture may name the patient.
    pub fn file(&self, bytes: &[u8]) -> Result<Option<Deidentified>> {
        Ok(dicom::is_file(bytes).then(|| self.deidentifier.file(bytes)).transpose()?)
    }

    /// De-identifies a manifest's entry for a file. If it does not name the patient, its dates move
    /// as the file's do.
    pub(crate) fn known(&self, known: &Record, clean: &Deidentified) -> Record {
        let moved = |date: Date| clean.moved(&digits(date))?.parse().ok();
        match known.patient {
            Some(_) => self.record(known.clone()),
            None => Record {
                study_date: known.study_date.and_then(moved),
                ..self.record(known.clone())
            },
        }
    }

    /// De-identifies a record. Measurements, labels and licences stay. Of a DICOM instance's codes,
    /// only terms of the standard stay.
    pub fn record(&self, record: Record) -> Record {
        let uid = |uid: &Option<String>| uid.as_ref().map(|uid| self.pseudonyms.uid(uid));
        let key = match &record.instance {
            Some(instance) if *instance == record.key => self.pseudonyms.uid(instance),
            _ => self.pseudonyms.name(&record.key),
        };
        let changed = Record {
            name: key.clone(),
            patient: record.patient.as_ref().map(|patient| self.pseudonyms.patient(patient)),
            study: uid(&record.study),
            series: uid(&record.series),
            instance: uid(&record.instance),
            study_date: self.moved(&record),
            sex: record.sex.filter(|_| self.kept.patient),
            age: record.age.filter(|_| self.kept.patient),
            report: record.report.filter(|_| self.kept.reports),
            key,
            ..record
        };
        if changed.instance.is_some() { in_terms(changed) } else { changed }
    }

    /// The day of the study, moved by the same number of days as all of its patient's. Without a
    /// patient, it moves with the study's other days.
    fn moved(&self, record: &Record) -> Option<Date> {
        let subject = record.patient.as_ref().or(record.study.as_ref()).unwrap_or(&record.key);
        self.pseudonyms.date(subject, &digits(record.study_date?))?.parse().ok()
    }
}

/// The record of a de-identified file: what was known of it, and what the file says in terms of the
/// standard.
pub(crate) fn of_file(known: Record, read: Record) -> Record {
    let said = in_terms(read.clone());
    Record {
        name: read.key.clone(),
        body_part: known.body_part.or(said.body_part),
        view: known.view.or(said.view),
        modality: known.modality.or(said.modality),
        sex: known.sex.or(said.sex),
        ..read
    }
}

/// A day in eight digits.
fn digits(date: Date) -> String {
    date.to_string().replace('-', "")
}

/// Removes a record's codes that are no terms of the standard, as they were typed and may be
/// anything.
fn in_terms(record: Record) -> Record {
    let of = |code: Code, value: Option<String>| value.filter(|term| code.has_term(term));
    Record {
        body_part: of(Code::BodyPart, record.body_part),
        view: of(Code::View, record.view),
        modality: of(Code::Modality, record.modality),
        sex: of(Code::Sex, record.sex),
        ..record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deidentification(keep: bool) -> Deidentification {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::make(&folder.path().join("key")).unwrap();
        Deidentification::new(&key, KeptFields { patient: keep, reports: keep }, false)
    }

    fn record() -> Record {
        let secret = || Some("SECRET".to_owned());
        Record {
            key: "1.2.3.777".to_owned(),
            name: "SECRET.dcm".to_owned(),
            labels: vec!["effusion".to_owned()],
            patient: secret(),
            study: Some("1.2.3.777.1".to_owned()),
            series: Some("1.2.3.777.2".to_owned()),
            instance: Some("1.2.3.777".to_owned()),
            view: Some("PA".to_owned()),
            body_part: Some("SECRET PART".to_owned()),
            sex: Some("F".to_owned()),
            age: Some(77),
            study_date: "1957-03-13".parse().ok(),
            report: secret(),
            ..Record::default()
        }
    }

    #[test]
    fn a_record_names_nobody_and_keeps_what_was_labelled() {
        let deidentification = deidentification(false);
        let clean = deidentification.record(record());
        let json = serde_json::to_string(&clean).unwrap();
        for secret in ["SECRET", "1.2.3.777", "1957-03-13", "77"] {
            // Keyed bits may hold two sevens in a row.
            assert!(!json.contains(secret) || secret == "77", "{json}");
        }
        assert_eq!((clean.sex, clean.age, clean.report), (None, None, None));
        assert_eq!((&clean.labels, &clean.view), (&record().labels, &record().view));
        assert_eq!(Some(&clean.key), clean.instance.as_ref());
        assert!(clean.study_date.unwrap() < record().study_date.unwrap());
        // The same record gives the same key, by which a known picture is recognised.
        assert_eq!(deidentification.record(record()).key, clean.key);
        let hashed = Record { key: "5f".repeat(32), instance: None, ..record() };
        assert_eq!(deidentification.record(hashed).key.len(), 64);
    }

    #[test]
    fn what_a_manifest_says_of_other_pictures_stays() {
        let told = Record { instance: None, view: Some("frontal".to_owned()), ..record() };
        let clean = deidentification(false).record(told.clone());
        assert_eq!((clean.view, clean.body_part), (told.view, told.body_part));
    }

    #[test]
    fn what_is_to_be_kept_is_kept() {
        let kept = deidentification(true).record(record());
        assert_eq!(
            (kept.sex, kept.age, kept.report),
            (record().sex, record().age, record().report)
        );
    }
}
