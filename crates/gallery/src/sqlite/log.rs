//! Damage in the write-ahead log, which SQLite takes for the log's end.
//!
//! SQLite reads a log up to the first frame whose checksum is wrong. After a power cut, the last,
//! unfinished transaction begins there. Damage before it looks the same to SQLite, which then
//! silently drops all later commits. But a transaction is only acknowledged when it is on the disk,
//! so a power cut spoils the last one alone. If more than one transaction ends behind the first
//! wrong frame, a byte has changed.
//!
//! The layout is that of <https://www.sqlite.org/fileformat2.html#walformat>, section 4.1.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use super::{DATABASE, SqliteError};
use crate::{Error, Result};

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The first bytes of a log; one more where checksums take their words in big-endian order.
const MAGIC: u32 = 0x377f_0682;
/// The positions of the salts in the log's header and in a frame's, and their length.
const SALTS_OF_LOG: usize = 16;
const SALTS_OF_FRAME: usize = 8;
const SALTS: usize = 8;

/// Checks that everything committed to the log can be read. It must run before SQLite opens the
/// log, as SQLite may cut it.
///
/// # Errors
/// [`SqliteError::DamagedLog`] if not.
pub(super) fn check(dir: &Path) -> Result<()> {
    let path = dir.join(format!("{DATABASE}-wal"));
    let find = || {
        first_damage(&path).map_err(|source| Error::File {
            action: "read",
            path: path.clone(),
            source,
        })
    };
    let Some(found) = find()? else { return Ok(()) };
    // A process that begins the log anew meanwhile may show parts of the old and the new one, but
    // not twice the same.
    match find()? {
        Some(again) if again == found => Err(SqliteError::DamagedLog { path, at: found.at }.into()),
        _ => Ok(()),
    }
}

#[derive(PartialEq, Eq)]
struct Damage {
    /// The position of the first byte that cannot be read.
    at: u64,
    header: [u8; HEADER],
}

fn first_damage(path: &Path) -> io::Result<Option<Damage>> {
    let mut log = match File::open(path) {
        Ok(file) => BufReader::with_capacity(1 << 20, file),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut header = [0; HEADER];
    if !fills(&mut log, &mut header)? {
        return Ok(None);
    }
    let (big_endian, page) = (word(&header, 0) == MAGIC + 1, word(&header, 8) as usize);
    let mut sum = [0; 2];
    add(&mut sum, &header[..24], big_endian);
    let is_header = word(&header, 0) & !1 == MAGIC && sum == [word(&header, 24), word(&header, 28)];
    if !is_header || !page.is_power_of_two() || page > 1 << 16 {
        // SQLite makes the header durable before any frame.
        return Ok((log.read(&mut [0])? > 0).then_some(Damage { at: 0, header }));
    }
    let (mut at, mut frame, mut reads, mut ends) =
        (HEADER as u64, vec![0; FRAME_HEADER + page], true, 0);
    while fills(&mut log, &mut frame)? {
        let own = frame[SALTS_OF_FRAME..][..SALTS] == header[SALTS_OF_LOG..][..SALTS];
        if reads {
            add(&mut sum, &frame[..8], big_endian);
            add(&mut sum, &frame[FRAME_HEADER..], big_endian);
            let follows = sum == [word(&frame, 16), word(&frame, 20)];
            reads = own && follows;
            at += if reads { frame.len() as u64 } else { 0 };
            // Checksums leave out the salts. No frame of an earlier log continues one of this log:
            // its salts have changed.
            ends += if follows && !own { 2 } else { 0 };
        }
        // The last frame of a transaction has the length of the database. Frames with other salts
        // are of an earlier log.
        ends += u32::from(!reads && own && word(&frame, 4) != 0);
    }
    Ok((ends > 1).then_some(Damage { at, header }))
}

/// Fills the buffer; returns false if fewer bytes are left.
fn fills(log: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(bytes) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Continues a log's checksum over pairs of words.
fn add(sum: &mut [u32; 2], bytes: &[u8], big_endian: bool) {
    for pair in bytes.as_chunks::<8>().0 {
        let words = [word(pair, 0), word(pair, 4)]
            .map(|word| if big_endian { word } else { word.swap_bytes() });
        sum[0] = sum[0].wrapping_add(words[0]).wrapping_add(sum[1]);
        sum[1] = sum[1].wrapping_add(words[1]).wrapping_add(sum[0]);
    }
}
