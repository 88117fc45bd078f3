//! Pseudonyms: identifiers made with a key. Equal originals get equal ones, and without the key
//! there is no way back.

use dicom_core::chrono::Days;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::calendar;
use super::key::Key;

/// Root of the UIDs of PS3.6, which name classes, syntaxes and the like, and never an instance.
const STANDARD_ROOT: &str = "1.2.840.10008.";
/// Dates move by at most so many days, into the past: about ten years.
const MOST_DAYS: u64 = 3650;

/// New identifiers for old ones, by HMAC-SHA-256.
#[derive(Clone)]
pub struct Pseudonyms {
    keyed: Hmac<Sha256>,
}

impl Pseudonyms {
    /// The identifiers that follow from a key.
    pub fn new(key: &Key) -> Self {
        // An HMAC takes a key of any length (RFC 2104), so that there is no other case.
        let keyed = Hmac::new_from_slice(key.bytes())
            .unwrap_or_else(|_| unreachable!("any length is good"));
        Self { keyed }
    }

    /// The UID in place of another: a UUID (version 8, 122 keyed bits) under the root 2.25 (PS3.5
    /// B.2). UIDs of the standard itself stay.
    #[must_use]
    pub fn uid(&self, original: &str) -> String {
        let original = original.trim_matches(['\0', ' ']);
        if is_of_the_standard(original) {
            return original.to_owned();
        }
        let bits = u128::from_be_bytes(self.first_bytes("uid", original));
        let uuid = (bits & !(0xF << 76) & !(0b11 << 62)) | (8 << 76) | (0b10 << 62);
        format!("2.25.{uuid}")
    }

    /// The Patient ID in place of another: 80 keyed bits in hexadecimal.
    #[must_use]
    pub fn patient(&self, original: &str) -> String {
        let bytes: [u8; 10] = self.first_bytes("patient", original.trim_matches(['\0', ' ']));
        hex::encode_upper(bytes)
    }

    /// A name in place of any other: 256 keyed bits in hexadecimal.
    #[must_use]
    pub fn name(&self, original: &str) -> String {
        hex::encode(self.first_bytes::<32>("name", original))
    }

    /// The number of days by which the dates of a patient go back: one day to about ten years.
    #[must_use]
    pub fn days(&self, patient: &str) -> Days {
        let number =
            u64::from_be_bytes(self.first_bytes("days", patient.trim_matches(['\0', ' '])));
        Days::new(1 + number % MOST_DAYS)
    }

    /// A date of eight digits (PS3.5 6.2, DA) moved as the dates of a patient are; none if it is no
    /// date, or its year would not have four digits.
    #[must_use]
    pub fn date(&self, patient: &str, date: &str) -> Option<String> {
        calendar::earlier(date, self.days(patient))
    }

    /// The first bytes of the keyed hash. What it is for comes first, so that equal texts of two
    /// kinds have nothing in common.
    fn first_bytes<const N: usize>(&self, purpose: &str, text: &str) -> [u8; N] {
        let hash = self
            .keyed
            .clone()
            .chain_update(purpose)
            .chain_update([0])
            .chain_update(text)
            .finalize();
        let hash = hash.into_bytes();
        std::array::from_fn(|i| hash[i])
    }
}

/// Whether a UID is of the standard itself, or looks so much like one that nobody else may have
/// given it.
pub(super) fn is_of_the_standard(uid: &str) -> bool {
    uid.strip_prefix(STANDARD_ROOT).is_some_and(|rest| rest.len() <= 50 && is_dotted(rest))
}

/// Numbers with dots between them.
pub(super) fn is_dotted(uid: &str) -> bool {
    uid.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn pseudonyms(seed: u8) -> Pseudonyms {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        Key::make(&path).unwrap();
        std::fs::write(&path, [seed; 32]).unwrap();
        Pseudonyms::new(&Key::read(&path).unwrap())
    }

    #[test]
    fn identifiers_of_the_standard_stay() {
        let pseudonyms = pseudonyms(1);
        for uid in ["1.2.840.10008.1.2.1", "1.2.840.10008.5.1.4.1.1.1\0", "1.2.840.10008.2.16.4"] {
            assert_eq!(pseudonyms.uid(uid), uid.trim_matches('\0'));
        }
        for uid in
            ["1.2.840.10008.SECRET", "1.2.840.100080.1", "1.2.840.10008.", "1.2.840.10008.1..2"]
        {
            assert!(pseudonyms.uid(uid).starts_with("2.25."), "{uid}");
        }
    }

    #[test]
    fn the_values_are_those_of_another_implementation() {
        // python3 -c 'import hmac,uuid; h=lambda p,t:
        // hmac.new(b"\1"*32,(p+"\0"+t).encode(),"sha256").digest();
        // print("2.25.%d"%uuid.UUID(bytes=bytes(h("uid","1.2.3")[:16]),version=8 …).int)'
        let pseudonyms = pseudonyms(1);
        assert_eq!(pseudonyms.uid("1.2.3"), EXPECTED_UID);
        assert_eq!(pseudonyms.patient("PAT-1"), EXPECTED_PATIENT);
    }

    const EXPECTED_UID: &str = "2.25.42383557231174847993217639341012684312";
    const EXPECTED_PATIENT: &str = "055BE307254E5F23B597";

    proptest! {
        #[test]
        fn uids_are_valid_and_follow_from_the_key_alone(
            a in proptest::collection::vec(0..20_000_u32, 1..8),
            b in proptest::collection::vec(0..3_u32, 1..4),
        ) {
            let [a, b] = [a, b].map(|parts| parts.iter().map(u32::to_string).collect::<Vec<_>>().join("."));
            let (one, other) = (pseudonyms(1), pseudonyms(2));
            let uid = one.uid(&a);
            prop_assert_eq!(&uid, &one.uid(&format!("{a}\0")));
            if !is_of_the_standard(&a) {
                prop_assert_ne!(&uid, &other.uid(&a));
                prop_assert!(uid.len() <= 44 && is_dotted(&uid));
                let number: u128 = uid["2.25.".len()..].parse().unwrap();
                prop_assert_eq!(format!("2.25.{number}"), uid.clone());
                prop_assert_eq!((number >> 76 & 0xF, number >> 62 & 0b11), (8, 0b10));
            }
            prop_assert_eq!(a == b, uid == one.uid(&b));
        }

        #[test]
        fn dates_of_a_patient_keep_their_distances(patient: u64, first in 20_000..25_000_i32, days in 0..3_000_i32) {
            let (pseudonyms, patient) = (pseudonyms(3), patient.to_string());
            let day = |since: i32| {
                let day = dicom_core::chrono::NaiveDate::from_num_days_from_ce_opt(700_000 + since).unwrap();
                day.format("%Y%m%d").to_string()
            };
            let number = |date: &str| {
                use dicom_core::chrono::{Datelike, NaiveDate};
                NaiveDate::parse_from_str(date, "%Y%m%d").unwrap().num_days_from_ce()
            };
            let a = pseudonyms.date(&patient, &day(first)).unwrap();
            let b = pseudonyms.date(&patient, &day(first + days)).unwrap();
            prop_assert_eq!(number(&b) - number(&a), days);
            let back = 700_000 + first - number(&a);
            prop_assert!((1..=3650).contains(&back));
        }
    }
}
