//! C-FIND (PS3.4 C.4.1), Study Root: queries of what a PACS has.

use super::{MESSAGE_ID, Peer, answer, failure, status_of};
use crate::association::Association;
use crate::command::{C_FIND, Command, element, status};
use crate::elements::read;
use crate::error::{Error, Result};
use crate::query::Query;
use crate::uids::STUDY_ROOT_FIND;
use dicom::{Layout, Writer, standard_vr, text};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::collections::BTreeMap;

/// The most bytes of one answer. Real ones have some hundred.
const MAX_IDENTIFIER: usize = 1 << 20;
/// Answers to one question, and as many beyond those that are wanted.
const MAX_ANSWERS: usize = 2_000_000;

/// The level of a query's answers (PS3.4 C.6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A study.
    Study,
    /// A series of one study, whose UID must be among the keys.
    Series,
    /// An instance of one series, whose UID and study's UID must be among the keys.
    Image,
}

impl Level {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Study => "STUDY",
            Self::Series => "SERIES",
            Self::Image => "IMAGE",
        }
    }
}

/// Values by tag. They are the keys of a query (empty for values to be returned, PS3.4 C.2.2.2.3)
/// or an answer. Answers may hold patient data.
pub type Match = BTreeMap<Tag, String>;

impl Peer {
    /// Runs a query. At most `limit` answers are read; then the query is cancelled.
    ///
    /// # Errors
    /// Those of a connection, [`Error::Rejected`], [`Error::NotAccepted`], [`Error::Status`].
    pub fn find(&self, level: Level, keys: &Match, limit: usize) -> Result<Vec<Match>> {
        self.with_service(
            STUDY_ROOT_FIND,
            "C-FIND, Study Root",
            self.timeouts,
            |association, context| {
                let question = Command::request(C_FIND, MESSAGE_ID, STUDY_ROOT_FIND);
                let identifier = identifier(level, keys);
                association.send(
                    context,
                    &question.with_u16(element::PRIORITY, 0),
                    Some(&mut identifier.as_slice()),
                )?;
                collect(association, context, limit)
            },
        )
    }

    /// The Study and Series Instance UIDs of the matching series, at most `limit`. Studies are
    /// queried first, as series can be queried within one study alone.
    ///
    /// # Errors
    /// Those of [`Peer::find`], and [`Error::Setting`] if the query makes no sense.
    pub fn series(&self, query: &Query, limit: usize) -> Result<Vec<[String; 2]>> {
        let [modality, body_part] = query.codes()?;
        let dates = query.dates()?;
        let studies = Match::from([
            (tags::STUDY_DATE, dates),
            (tags::MODALITIES_IN_STUDY, modality.clone()),
            (tags::STUDY_INSTANCE_UID, String::new()),
        ]);
        let mut found = Vec::new();
        for study in self.find(Level::Study, &studies, limit)? {
            if !query.admits_day(study.get(&tags::STUDY_DATE).map(String::as_str)) {
                continue;
            }
            let Some(study) = study.get(&tags::STUDY_INSTANCE_UID) else { continue };
            let keys = Match::from([
                (tags::STUDY_INSTANCE_UID, study.clone()),
                (tags::SERIES_INSTANCE_UID, String::new()),
                (tags::MODALITY, modality.clone()),
                (tags::BODY_PART_EXAMINED, body_part.clone()),
            ]);
            let series = self.find(Level::Series, &keys, limit - found.len())?;
            found.extend(series.iter().filter_map(|series| fitting(query, study, series)));
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }
}

fn fitting(query: &Query, study: &str, series: &Match) -> Option<[String; 2]> {
    let text = |tag| series.get(&tag).map(String::as_str);
    let admitted = query.admits(text(tags::MODALITY), text(tags::BODY_PART_EXAMINED));
    let uid = series.get(&tags::SERIES_INSTANCE_UID).filter(|_| admitted)?;
    Some([study.to_owned(), uid.clone()])
}

/// A data set of keys, in the order of their tags.
pub(super) fn identifier(level: Level, keys: &Match) -> Vec<u8> {
    let mut keys = keys.clone();
    keys.insert(tags::QUERY_RETRIEVE_LEVEL, level.name().to_owned());
    let mut writer = Writer::default();
    for (&tag, text) in &keys {
        writer.element(Layout::IMPLICIT, tag, standard_vr(tag), text.as_bytes());
    }
    writer.bytes
}

fn collect(association: &mut Association, context: u8, limit: usize) -> Result<Vec<Match>> {
    let mut found = Vec::new();
    let mut cancelled = false;
    // A peer that heeds no cancel goes on with what it has.
    for _ in 0..limit.min(MAX_ANSWERS) + MAX_ANSWERS {
        let answer = answer(association)?;
        let status = status_of(&answer);
        if !status::is_pending(status) {
            let ended = status == status::SUCCESS || (cancelled && status == status::CANCEL);
            return if ended { Ok(found) } else { Err(failure("C-FIND", &answer)) };
        }
        let one = receive(association, context)?;
        if found.len() < limit {
            found.push(one);
        }
        if found.len() >= limit && !cancelled {
            cancelled = true;
            association.send(context, &Command::cancel(MESSAGE_ID), None)?;
        }
    }
    let got = format!("{} answers, and no end of them", found.len());
    Err(Error::Protocol { got, expected: "an end of the answers; ask for less, as by days" })
}

fn receive(association: &mut Association, context: u8) -> Result<Match> {
    let mut bytes = Vec::new();
    let mut length = 0;
    association.receive_data(context, |piece| {
        length += piece.len();
        if length <= MAX_IDENTIFIER {
            bytes.extend_from_slice(piece);
        }
    })?;
    let wrong = |got: String| Error::Protocol {
        got,
        expected: "an identifier of at most 1 MiB in implicit VR",
    };
    if length > MAX_IDENTIFIER {
        return Err(wrong(format!("{length} bytes")));
    }
    parse(&bytes).ok_or_else(|| wrong(format!("{length} bytes that are cut short")))
}

/// Decodes text by the character sets that the answer names (PS3.3 C.12.1.1.2).
fn parse(bytes: &[u8]) -> Option<Match> {
    let elements = read(bytes)?;
    let sets = elements.get(&tags::SPECIFIC_CHARACTER_SET).copied().unwrap_or_default();
    let text =
        |tag, value| text::decode(sets, tag, value).lenient.trim_matches(['\0', ' ']).to_owned();
    Some(elements.iter().map(|(&tag, &value)| (tag, text(tag, value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn identifiers_are_sorted_padded_and_read_back() {
        let keys = Match::from([
            (tags::STUDY_INSTANCE_UID, "1.2.3".to_owned()),
            (tags::MODALITY, "CR ".to_owned()),
        ]);
        let bytes = identifier(Level::Series, &keys);
        assert!(bytes.starts_with(&[8, 0, 0x52, 0, 6, 0, 0, 0]) && bytes.ends_with(b"1.2.3\0"));
        let read = parse(&bytes).unwrap();
        assert_eq!(read[&tags::QUERY_RETRIEVE_LEVEL], "SERIES");
        assert_eq!(
            (read[&tags::STUDY_INSTANCE_UID].as_str(), read[&tags::MODALITY].as_str()),
            ("1.2.3", "CR")
        );
    }

    fn answer_of(sets: &[u8], tag: Tag, value: &[u8]) -> String {
        let mut writer = Writer::default();
        for (tag, value) in [(tags::SPECIFIC_CHARACTER_SET, sets), (tag, value)] {
            writer.element(Layout::IMPLICIT, tag, standard_vr(tag), value);
        }
        parse(&writer.bytes).unwrap().remove(&tag).unwrap()
    }

    #[test]
    fn text_is_decoded_by_its_character_sets() {
        let read = answer_of(b"ISO_IR 100", tags::STUDY_DESCRIPTION, b"R\xF6ntgen");
        assert_eq!(read, "Röntgen");
        let name = b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B";
        let read = answer_of(b"\\ISO 2022 IR 87", tags::PATIENT_NAME, name);
        assert_eq!(read, "Yamada^Tarou=山田^太郎");
    }

    /// Each element would otherwise look through all of the sets.
    #[test]
    fn endless_names_of_sets_cost_no_time() {
        let mut writer = Writer::default();
        let element = |writer: &mut Writer, tag, value: &[u8]| {
            writer.element(Layout::IMPLICIT, tag, standard_vr(tag), value);
        };
        element(&mut writer, tags::SPECIFIC_CHARACTER_SET, &[b'x'; MAX_IDENTIFIER / 2]);
        for number in 0..30_000 {
            element(&mut writer, Tag(0x10, number), b"x");
        }
        assert_eq!(parse(&writer.bytes).unwrap().len(), 30_001);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
