//! PDUs and command sets without a socket: as many a second as the parsers take.

/// Reads PDUs, and the command sets in them, until one is none.
pub fn read(bytes: &[u8]) {
    pacs::fuzzing::read_pdus(bytes);
}
