//! The memory that a Parquet file would take, found before anything is decompressed.
//!
//! A page's header has the decompressed length of the page, and its number of values. The decoder
//! believes both, so that some kilobytes may ask for gigabytes. The headers lie uncompressed
//! between the pages. This module walks along them, and adds up what each row group asks for, as
//! all of it is in memory together.
//!
//! A header is a structure of Thrift's compact protocol:
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>,
//! `PageHeader` in
//! <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};

use parquet::file::metadata::RowGroupMetaData;

/// The most bytes that the pages of a row group may take. Exports have some megabytes.
const MAX_BYTES: u64 = 128 << 20;
/// The most values of a row group, each element of a list counted. Exports have a quarter of a
/// million.
const MAX_VALUES: u64 = 4 << 20;
/// The greatest depth of structures in a header. Page headers have three.
const MAX_DEPTH: usize = 8;

/// The numbers in a page's header.
#[derive(Default)]
struct Page {
    /// The fields, by the parent's number and their own.
    fields: Vec<((u64, u64), u64)>,
}

impl Page {
    fn note(&mut self, parent: u64, field: u64, value: i64) -> io::Result<()> {
        // If a field is there twice, it is unknown which one the decoder takes.
        let twice = self.fields.iter().any(|(name, _)| *name == (parent, field));
        match u64::try_from(value) {
            Ok(value) if !twice => self.fields.push(((parent, field), value)),
            _ if !matters(parent, field) => {}
            _ => return Err(ErrorKind::InvalidData.into()),
        }
        Ok(())
    }

    fn get(&self, parent: u64, field: u64) -> Option<u64> {
        self.fields.iter().find(|(name, _)| *name == (parent, field)).map(|(_, value)| *value)
    }
}

/// Tells whether a field is needed: lengths of the page, and numbers of values of a data page, a
/// dictionary, and a data page of the second version.
fn matters(parent: u64, field: u64) -> bool {
    matches!((parent, field), (0, 2 | 3) | (5 | 7 | 8, 1))
}

/// Checks that the row groups of a file stay within the limits. Returns the excess otherwise.
///
/// # Errors
/// If the file cannot be read, or a header cannot be parsed.
pub(super) fn check(file: &File, groups: &[RowGroupMetaData]) -> io::Result<Result<(), String>> {
    let mut headers = Headers { file: BufReader::new(file), left: 0 };
    for group in groups {
        let (mut bytes, mut values) = (0_u64, 0_u64);
        for column in group.columns() {
            let (start, length) = column.byte_range();
            headers.file.seek(SeekFrom::Start(start))?;
            headers.left = length;
            while headers.left > 0 {
                let page = headers.next()?;
                bytes = bytes.saturating_add(page.get(0, 2).unwrap_or(0));
                let counts = [5, 7, 8].iter().filter_map(|&kind| page.get(kind, 1));
                values = counts.fold(values, u64::saturating_add);
                if bytes > MAX_BYTES || values > MAX_VALUES {
                    return Ok(Err(format!(
                        "a row group has {bytes} bytes or more and {values} values or more; expected at most {MAX_BYTES} \
                         and {MAX_VALUES}"
                    )));
                }
                headers.skip_bytes(page.get(0, 3).ok_or(ErrorKind::InvalidData)?)?;
            }
        }
    }
    Ok(Ok(()))
}

/// The headers of a column's pages.
struct Headers<'a> {
    file: BufReader<&'a File>,
    /// The number of bytes until the column's end.
    left: u64,
}

impl Headers<'_> {
    fn next(&mut self) -> io::Result<Page> {
        let mut page = Page::default();
        self.structure(0, &mut page, 0)?;
        Ok(page)
    }

    fn structure(&mut self, parent: u64, page: &mut Page, depth: usize) -> io::Result<()> {
        if depth > MAX_DEPTH {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut field = 0;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            field = match head >> 4 {
                0 => self.signed()?.cast_unsigned(),
                step => field + u64::from(step),
            };
            // Fields of a structure within another one of the page's are not needed.
            let name = if depth == 0 {
                0
            } else if depth == 1 {
                parent
            } else {
                u64::MAX
            };
            match head & 15 {
                4..=6 => {
                    let value = self.signed()?;
                    page.note(name, field, value)?;
                }
                12 => self.structure(field, page, depth + 1)?,
                // A boolean's value is in its field header.
                1 | 2 => {}
                kind => self.skip(kind, depth)?,
            }
        }
    }

    /// Skips a value.
    fn skip(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        match kind {
            // In a list a boolean is a byte.
            1..=3 => self.byte().map(|_| ()),
            4..=6 => self.varint().map(|_| ()),
            7 => self.skip_bytes(8),
            8 => self.varint().and_then(|length| self.skip_bytes(length)),
            9 | 10 => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                (0..count).try_for_each(|_| self.element(head & 15, depth))
            }
            12 => self.structure(u64::MAX, &mut Page::default(), depth + 1),
            // No page's header has maps or identities.
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }

    fn element(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        if depth > MAX_DEPTH {
            Err(ErrorKind::InvalidData.into())
        } else {
            self.skip(kind, depth + 1)
        }
    }

    fn byte(&mut self) -> io::Result<u8> {
        self.left = self.left.checked_sub(1).ok_or(ErrorKind::UnexpectedEof)?;
        let mut byte = [0];
        self.file.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ErrorKind::InvalidData.into())
    }

    /// Reads a number whose sign is its last bit.
    fn signed(&mut self) -> io::Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    fn skip_bytes(&mut self, length: u64) -> io::Result<()> {
        self.left = self.left.checked_sub(length).ok_or(ErrorKind::UnexpectedEof)?;
        self.file.seek_relative(length.cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use retrieval::{Embedding, HashCode};

    use super::*;
    use crate::transfer::export::{write, writer};
    use crate::{Entry, Record};

    /// The result of the check for a table of one picture.
    fn checked(labels: usize, thumbnail: usize) -> (u64, Result<(), String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        let entry = Entry {
            record: Record {
                key: "k".to_owned(),
                labels: vec!["chest".to_owned(); labels],
                ..Record::default()
            },
            code: HashCode::from_words(&[7], 64).unwrap(),
            embedding: Embedding::new(vec![0.5; 512]),
            thumbnail: vec![0; thumbnail],
        };
        let mut table = writer(&path).unwrap();
        write(&mut table, &[(1, entry)]).unwrap();
        table.close().unwrap();
        let file = File::open(&path).unwrap();
        let reader = SerializedFileReader::new(file.try_clone().unwrap()).unwrap();
        let length = file.metadata().unwrap().len();
        (length, check(&file, reader.metadata().row_groups()).unwrap())
    }

    #[test]
    fn kilobytes_that_ask_for_gigabytes_are_refused() {
        assert_eq!(checked(3, 8000).1, Ok(()));
        let (length, refused) = checked(1, 140 << 20);
        assert!(
            length < 100_000 && refused.unwrap_err().contains("expected at most 134217728"),
            "{length}"
        );
        let (length, refused) = checked(5 << 20, 10);
        assert!(length < 3_000_000 && refused.unwrap_err().contains("values or more"), "{length}");
    }

    #[test]
    fn headers_that_do_not_read_are_an_error() {
        let read = |bytes: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            io::Write::write_all(&mut file, bytes).unwrap();
            file.rewind().unwrap();
            Headers { file: BufReader::new(&file), left: bytes.len() as u64 }.next()
        };
        // A type, two lengths, then a data page's header with its number of values.
        let page = read(&[0x15, 0, 0x15, 20, 0x15, 10, 0x2c, 0x15, 6, 0, 0]).unwrap();
        assert_eq!([page.get(0, 2), page.get(0, 3), page.get(5, 1)], [Some(10), Some(5), Some(3)]);
        for wrong in [
            &[0x15, 0, 0x15][..],
            // A length twice; a negative one; structures without an end.
            &[0x15, 0, 0x15, 20, 0x05, 4, 20, 0],
            &[0x15, 0, 0x15, 19, 0],
            &[0x1c; 40],
            &[0x1d],
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
