//! Reading and writing PDUs (PS3.8 9.3). Lengths are checked before anything is allocated.

use crate::error::{Error, Result, network};
use dicom_ul::pdu::{MINIMUM_PDU_SIZE, Pdu, read_pdu, write_pdu};
use std::io::{Read, Write};

/// The most bytes of an A-ASSOCIATE-RQ or -AC. 128 contexts with ten transfer syntaxes each take 50
/// KB.
const MAX_ASSOCIATE: u32 = 256 << 10;
/// The most bytes of PDUs that always have four.
const MAX_SHORT: u32 = 64;
const HEADER: usize = 6;

/// Reads one PDU. A P-DATA-TF may have `max_data` bytes after its header.
pub(crate) fn read(stream: &mut impl Read, max_data: u32) -> Result<Pdu> {
    let mut header = [0; HEADER];
    // If the peer closes between PDUs, no byte comes at all.
    let first = stream.read(&mut header).map_err(network)?;
    if first == 0 {
        return Err(Error::Closed);
    }
    stream.read_exact(&mut header[first..]).map_err(network)?;
    let [kind, _, length @ ..] = header;
    let length = u32::from_be_bytes(length);
    let limit = limit(kind, max_data)?;
    if length > limit {
        return Err(Error::PduTooLong { kind, got: length, limit });
    }
    let mut bytes = header.to_vec();
    bytes.resize(HEADER + length as usize, 0);
    stream.read_exact(&mut bytes[HEADER..]).map_err(network)?;
    parse(&bytes)
}

fn limit(kind: u8, max_data: u32) -> Result<u32> {
    match kind {
        1 | 2 => Ok(MAX_ASSOCIATE),
        4 => Ok(max_data),
        3 | 5..=7 => Ok(MAX_SHORT),
        _ => Err(Error::Protocol {
            got: format!("a PDU of type {kind}"),
            expected: "one of types 1 to 7",
        }),
    }
}

/// Parses a whole PDU. No bytes are known to make the parser panic. If some do, only one
/// association ends.
fn parse(bytes: &[u8]) -> Result<Pdu> {
    let wrong = |got: String| Error::Protocol { got, expected: "a PDU as PS3.8 9.3 defines them" };
    match std::panic::catch_unwind(|| read_pdu(bytes, MINIMUM_PDU_SIZE, false)) {
        Ok(Ok(Some(pdu))) => Ok(pdu),
        Ok(Ok(None)) => Err(wrong(format!("a PDU of {} bytes that is cut short", bytes.len()))),
        // The parser's message may quote the bytes, which are not trusted.
        Ok(Err(_)) => Err(wrong(format!("{} bytes that do not parse", bytes.len()))),
        Err(_) => Err(wrong(format!("{} bytes that the parser fails on", bytes.len()))),
    }
}

/// Writes one PDU.
pub(super) fn write(stream: &mut impl Write, pdu: &Pdu) -> Result<()> {
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, pdu).map_err(|_| Error::Protocol {
        got: "a PDU that cannot be written".to_owned(),
        expected: "AE titles of 1 to 16 ASCII characters",
    })?;
    stream.write_all(&bytes).and_then(|()| stream.flush()).map_err(network)
}
