//! The bytes of PDUs and command sets, as a hostile peer writes them.

use super::CR;
use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

/// An A-ASSOCIATE-RQ with one presentation context, number 1.
pub(crate) fn associate(called: &str, sop_class: &str, syntaxes: &[&str]) -> Vec<u8> {
    let item = |kind: u8, value: &[u8]| {
        [&[kind, 0], &(value.len() as u16).to_be_bytes()[..], value].concat()
    };
    let syntaxes: Vec<u8> = syntaxes.iter().flat_map(|uid| item(0x40, uid.as_bytes())).collect();
    let context = [&[1, 0, 0, 0][..], &item(0x30, sop_class.as_bytes()), &syntaxes].concat();
    let user = [item(0x51, &0_u32.to_be_bytes()), item(0x52, b"1.2.3")].concat();
    let titles = format!("{called:<16}{:<16}", "HOSTILE");
    let body = [
        &[0, 1, 0, 0][..],
        titles.as_bytes(),
        &[0; 32],
        &item(0x10, b"1.2.840.10008.3.1.1.1"),
        &item(0x20, &context),
        &item(0x50, &user),
    ];
    framed(1, &body.concat())
}

pub(crate) fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0], &(body.len() as u32).to_be_bytes()[..], body].concat()
}

/// A P-DATA-TF with one value.
pub(crate) fn data(header: u8, value: &[u8]) -> Vec<u8> {
    framed(4, &[&(value.len() as u32 + 2).to_be_bytes()[..], &[1, header], value].concat())
}

/// A command set from element numbers and values.
pub(crate) fn command(elements: &[(u16, &[u8])]) -> Vec<u8> {
    let element = |&(number, value): &(u16, &[u8])| {
        [&[0, 0], &number.to_le_bytes()[..], &(value.len() as u32).to_le_bytes(), value].concat()
    };
    elements.iter().flat_map(element).collect()
}

/// The next PDU, with its header; `None` if the connection ends.
pub(crate) fn pdu(stream: &mut TcpStream) -> Option<Vec<u8>> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut header = [0; 6];
    stream.read_exact(&mut header).ok()?;
    let mut bytes = vec![0; u32::from_be_bytes(header[2..].try_into().unwrap()) as usize];
    stream.read_exact(&mut bytes).ok()?;
    Some([&header[..], &bytes].concat())
}

/// C-STORE of a CR with this SOP Instance UID and data set.
pub(crate) fn store(uid: &str, data_set: &[u8]) -> Vec<u8> {
    let mut value = uid.as_bytes().to_vec();
    value.resize(value.len().next_multiple_of(2), 0);
    let class = format!("{CR}\0");
    let command = command(&[
        (2, class.as_bytes()),
        (0x100, &[1, 0]),
        (0x110, &[1, 0]),
        (0x800, &[1, 0]),
        (0x1000, &value),
    ]);
    [data(3, &command), data(2, data_set)].concat()
}
