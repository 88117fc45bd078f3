//! Access for fuzz targets to private parsers; not part of a release.

use crate::association::read_pdu;
use crate::command::{Command, status};
use dicom_ul::pdu::{PDataValueType, Pdu};

/// The most bytes of a P-DATA-TF.
const MAX_DATA: u32 = 1 << 16;

/// Reads PDUs, and the command sets in them, until bytes are no PDU. Checks that the response to a
/// command is a command.
///
/// # Panics
/// If it is not.
pub fn read_pdus(mut bytes: &[u8]) {
    let mut command = Vec::new();
    while let Ok(pdu) = read_pdu(&mut bytes, MAX_DATA) {
        let Pdu::PData { data } = pdu else { continue };
        for value in data.iter().filter(|value| value.value_type == PDataValueType::Command) {
            command.extend_from_slice(&value.data);
            if value.is_last {
                answer(&command);
                command.clear();
            }
        }
    }
}

fn answer(command: &[u8]) {
    let Ok(command) = Command::parse(command) else { return };
    let response = command.response(status::SUCCESS);
    let read = Command::parse(&response.to_bytes(command.has_data()));
    assert_eq!(
        read.map(|read| read.field()).ok(),
        Some(response.field()),
        "an answer that does not read"
    );
}

#[cfg(test)]
mod tests {
    use super::read_pdus;

    #[test]
    fn what_dcmtk_sends_and_every_beginning_of_it_reads() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/association");
        for seed in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(seed.unwrap().path()).unwrap();
            (0..bytes.len()).step_by(61).for_each(|length| read_pdus(&bytes[..length]));
            read_pdus(&bytes);
        }
    }
}
