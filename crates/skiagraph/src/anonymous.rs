//! Records without identities: what `--deidentify KEYFILE` does on the way into a gallery, and on the way out.

use std::path::PathBuf;

use anyhow::{Result, bail};
use interchange::deidentify::{Key, Pseudonyms};
use retrieval::gallery::{Date, Record};

use crate::ingest::{Batch, Decoded, Rejected};

/// The options of every command that reads records of pictures.
#[derive(clap::Args)]
pub(crate) struct KeyArgs {
    /// Put pseudonyms that follow from this key in place of patients, UIDs and names, move dates, leave out sex, age and
    /// reports
    #[arg(long, value_name = "KEYFILE")]
    deidentify: Option<PathBuf>,
    /// With --deidentify: keep sex and age
    #[arg(long, requires = "deidentify")]
    keep_patient: bool,
    /// With --deidentify: keep the text of reports, which nobody has cleaned
    #[arg(long, requires = "deidentify")]
    keep_reports: bool,
}

/// The options of every command that puts pictures into a gallery.
#[derive(clap::Args)]
pub(crate) struct DeidentifyArgs {
    #[command(flatten)]
    key: KeyArgs,
    /// With --deidentify: take pictures that say that text is burned into them
    #[arg(long, requires = "deidentify")]
    allow_burned_in: bool,
}

impl DeidentifyArgs {
    /// What changes records; none if nobody asked for that.
    pub(crate) fn deidentification(&self) -> Result<Option<Deidentification>> {
        let found = self.key.deidentification()?;
        Ok(found.map(|found| Deidentification { allow_burned_in: self.allow_burned_in, ..found }))
    }
}

impl KeyArgs {
    /// What changes records; none if nobody asked for that.
    pub(crate) fn deidentification(&self) -> Result<Option<Deidentification>> {
        let Some(file) = &self.deidentify else { return Ok(None) };
        if self.keep_reports {
            eprintln!("reports are kept as they are: they may name patients");
        }
        Ok(Some(Deidentification {
            pseudonyms: Pseudonyms::new(&Key::read(file)?),
            keep_patient: self.keep_patient,
            keep_reports: self.keep_reports,
            allow_burned_in: false,
        }))
    }
}

/// Takes identities out of records, as `skiagraph deidentify` takes them out of files: a file that went through it has the
/// same record.
pub(crate) struct Deidentification {
    pseudonyms: Pseudonyms,
    keep_patient: bool,
    keep_reports: bool,
    allow_burned_in: bool,
}

impl Deidentification {
    /// A picture with a record that names nobody.
    ///
    /// # Errors
    /// If the file says that text is burned into the picture, and that is not allowed.
    pub(crate) fn picture(&self, picture: Decoded) -> Result<Decoded> {
        if picture.burned_in && !self.allow_burned_in {
            bail!(
                "BurnedInAnnotation is YES: the picture itself may name the patient, and pixels are not cleaned; \
                 --allow-burned-in takes it all the same"
            );
        }
        Ok(Decoded { record: self.record(picture.record), ..picture })
    }

    /// Files read together, without those that may not be taken.
    pub(crate) fn batch(&self, batch: Batch) -> Batch {
        let Batch { files, pictures, mut rejected } = batch;
        let clean = |picture: Decoded| {
            let name = picture.record.name.clone();
            let rejected = |error: anyhow::Error| rejected.push(Rejected { name, reason: error.to_string() });
            self.picture(picture).map_err(rejected).ok()
        };
        Batch { files, pictures: pictures.into_iter().filter_map(clean).collect(), rejected }
    }

    /// A record that names nobody. What was measured, labelled or licensed stays.
    pub(crate) fn record(&self, record: Record) -> Record {
        let uid = |uid: &Option<String>| uid.as_ref().map(|uid| self.pseudonyms.uid(uid));
        let key = match &record.instance {
            Some(instance) if *instance == record.key => self.pseudonyms.uid(instance),
            _ => self.pseudonyms.name(&record.key),
        };
        Record {
            name: key.clone(),
            patient: record.patient.as_ref().map(|patient| self.pseudonyms.patient(patient)),
            study: uid(&record.study),
            series: uid(&record.series),
            instance: uid(&record.instance),
            study_date: self.moved(&record),
            sex: record.sex.filter(|_| self.keep_patient),
            age: record.age.filter(|_| self.keep_patient),
            report: record.report.filter(|_| self.keep_reports),
            key,
            ..record
        }
    }

    /// The day of the study, moved as all days of its patient are; of a study without a patient, as all of the study.
    fn moved(&self, record: &Record) -> Option<Date> {
        let subject = record.patient.as_ref().or(record.study.as_ref()).unwrap_or(&record.key);
        let digits = record.study_date?.to_string().replace('-', "");
        self.pseudonyms.date(subject, &digits)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deidentification(keep: bool) -> Deidentification {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::make(&folder.path().join("key")).unwrap();
        Deidentification {
            pseudonyms: Pseudonyms::new(&key),
            keep_patient: keep,
            keep_reports: keep,
            allow_burned_in: false,
        }
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
            sex: secret(),
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
        assert_eq!((clean.labels, clean.view), (record().labels, record().view));
        assert_eq!(Some(&clean.key), clean.instance.as_ref());
        assert!(clean.study_date.unwrap() < record().study_date.unwrap());
        // The same again, which is how a picture that is known is known.
        assert_eq!(deidentification.record(record()).key, clean.key);
        let hashed = Record { key: "5f".repeat(32), instance: None, ..record() };
        assert_eq!(deidentification.record(hashed).key.len(), 64);
    }

    #[test]
    fn what_is_to_be_kept_is_kept() {
        let kept = deidentification(true).record(record());
        assert_eq!((kept.sex, kept.age, kept.report), (record().sex, record().age, record().report));
    }
}
