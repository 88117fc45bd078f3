//! Table E.1-1 of PS3.15, and the IODs of PS3.3 that require attributes which it removes.

use std::collections::HashMap;
use std::sync::LazyLock;

use dicom_core::Tag;

use super::action::{Action, Choice, Required};
use super::instance_summary::is_overlay;
use super::rows::{lines, tag};
use super::{Dates, Options};

/// The edition of PS3.15 that the table is of.
pub const EDITION: &str = "2026d";

/// The table, which `benches/peers/confidentiality_profile.py` writes and compares with other
/// copies.
const TABLE: &str = include_str!("standard/table-e.1-1.csv");
/// The SOP classes that require an attribute whose action depends on that, as PS3.3 has it. The
/// same script writes them.
const REQUIRED: &str = include_str!("standard/required.csv");

static RULES: LazyLock<HashMap<Tag, Rule>> =
    LazyLock::new(|| lines(TABLE).filter_map(rule).collect());
static TYPES: LazyLock<HashMap<(Tag, &str), Required>> =
    LazyLock::new(|| lines(REQUIRED).filter_map(types).flatten().collect());

/// A row of the table.
struct Rule {
    basic: Choice,
    /// K in the column of the option. C would mean to clean values; only dates are cleaned here.
    uids: bool,
    device: bool,
    institution: bool,
    patient: bool,
    full_dates: bool,
    /// C: to be moved.
    modified_dates: bool,
}

/// The action of the profile and the options on an attribute; none if the table lacks it.
///
/// `sop_class` is the file's for attributes outside sequences. Without it the requirements of the
/// IOD are unknown, and the strictest action is taken.
pub(super) fn action(tag: Tag, sop_class: Option<&str>, options: &Options) -> Option<Action> {
    // An overlay is useless without its data, so its whole group goes, as the table has it of
    // curves.
    if is_overlay(tag.group()) || tag.group() & 0xFF00 == 0x5000 {
        return Some(Action::Removed);
    }
    let rule = RULES.get(&tag)?;
    if rule.is_kept(options) {
        return Some(Action::Kept);
    }
    if rule.modified_dates && options.dates == Dates::Shifted {
        return Some(Action::Shifted);
    }
    basic(tag, sop_class)
}

/// The action of the basic profile, without options, on an attribute.
pub(super) fn basic(tag: Tag, sop_class: Option<&str>) -> Option<Action> {
    let required = sop_class.and_then(|class| TYPES.get(&(tag, class)).copied());
    Some(RULES.get(&tag)?.basic.resolve(required.unwrap_or(Required::Nothing)))
}

impl Rule {
    fn is_kept(&self, options: &Options) -> bool {
        self.uids && options.keep_uids
            || self.device && options.keep_device
            || self.institution && options.keep_institution
            || self.patient && options.keep_patient
            || self.full_dates && options.dates == Dates::Kept
    }
}

/// tag, basic, safe private, UIDs, device, institution, patient, full dates, modified dates, …
fn rule(line: &'static str) -> Option<(Tag, Rule)> {
    let cells: Vec<_> = line.split(',').collect();
    let [name, basic, _, uids, device, institution, patient, full_dates, modified_dates, ..] =
        cells[..]
    else {
        return None;
    };
    let rule = Rule {
        basic: Choice::parse(basic)?,
        uids: uids == "K",
        device: device == "K",
        institution: institution == "K",
        patient: patient == "K",
        full_dates: full_dates == "K",
        modified_dates: modified_dates == "C",
    };
    Some((tag(name)?, rule))
}

/// tag, type, SOP classes.
fn types(line: &'static str) -> Option<impl Iterator<Item = ((Tag, &'static str), Required)>> {
    let mut cells = line.splitn(3, ',');
    let tag = tag(cells.next()?)?;
    let required = if cells.next()? == "1" { Required::Value } else { Required::Presence };
    Some(cells.next()?.split(' ').map(move |class| ((tag, class), required)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_dictionary_std::{tags, uids};

    #[test]
    fn the_table_is_whole() {
        assert_eq!((lines(TABLE).count(), RULES.len()), (657, 653));
        let cells =
            |cell: &str| lines(TABLE).filter(|line| line.split(',').nth(1) == Some(cell)).count();
        let counts = ["X", "D", "U", "Z", "X/D", "X/Z", "X/Z/D", "Z/D", "X/Z/U*"].map(cells);
        assert_eq!(counts, [417, 93, 55, 42, 23, 11, 8, 6, 2]);
        let many: Vec<_> =
            lines(TABLE).filter(|line| rule(line).is_none()).map(|line| &line[..8]).collect();
        assert_eq!(many, ["50XXXXXX", "60XX3000", "60XX4000", "PRIVATE,"]);
        let decides = |tag, required| {
            RULES[tag].basic.resolve(required) != RULES[tag].basic.resolve(Required::Nothing)
        };
        assert!(TYPES.iter().all(|((tag, _), required)| decides(tag, *required)));
    }

    #[test]
    fn options_and_iods_decide() {
        let basic = Options::default();
        let of = |tag, options: &Options| {
            action(tag, Some(uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION), options)
        };
        assert_eq!(of(tags::PATIENT_NAME, &basic), Some(Action::Emptied));
        assert_eq!(of(tags::ROWS, &basic), None);
        assert_eq!(of(tags::PATIENT_AGE, &basic), Some(Action::Removed));
        assert_eq!(
            of(tags::PATIENT_AGE, &Options { keep_patient: true, ..basic }),
            Some(Action::Kept)
        );
        // A column with C is not one with K.
        assert_eq!(
            of(tags::ALLERGIES, &Options { keep_patient: true, ..basic }),
            Some(Action::Removed)
        );
        assert_eq!(
            of(tags::DEVICE_SERIAL_NUMBER, &Options { keep_device: true, ..basic }),
            Some(Action::Kept)
        );
        assert_eq!(
            of(tags::SOP_INSTANCE_UID, &Options { keep_uids: true, ..basic }),
            Some(Action::Kept)
        );
        let shifted = Options { dates: Dates::Shifted, ..basic };
        assert_eq!(of(tags::STUDY_DATE, &shifted), Some(Action::Shifted));
        assert_eq!(of(tags::PATIENT_BIRTH_DATE, &shifted), Some(Action::Emptied));
        assert_eq!(
            of(tags::STUDY_DATE, &Options { dates: Dates::Kept, ..basic }),
            Some(Action::Kept)
        );
        // Type 2 of DX, type 3 of CR, unknown in a sequence.
        assert_eq!(of(tags::ACQUISITION_CONTEXT_SEQUENCE, &basic), Some(Action::Emptied));
        let computed = Some(uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE);
        assert_eq!(
            action(tags::ACQUISITION_CONTEXT_SEQUENCE, computed, &basic),
            Some(Action::Removed)
        );
        assert_eq!(action(tags::ACQUISITION_CONTEXT_SEQUENCE, None, &basic), Some(Action::Removed));
        assert_eq!(of(Tag(0x6002, 0x1500), &basic), Some(Action::Removed));
        assert_eq!(of(Tag(0x5004, 0x3000), &basic), Some(Action::Removed));
    }
}
