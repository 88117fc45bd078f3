//! The gallery's map: a place for every picture, in a file beside the index. It is derived from the
//! codes, as the index is. It is drawn on demand, and deleted pictures are taken off it.

use std::collections::HashMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use retrieval::map::{Place, map};
use retrieval::{HashCode, ModelId};
use serde::{Deserialize, Serialize};

use crate::store::{Field, Which};
use crate::{Error, Gallery, Result};

/// The map's file name in the gallery's folder.
pub const MAP: &str = "map.bin";
/// The first bytes of the file, with the number of its layout.
const MAGIC: &[u8; 8] = b"SkiaMap1";
/// Bytes of a row: id (u64), x and y (u16), little-endian.
const ROW: usize = 12;
/// The coordinate of the bottom right corner in a row.
const SIDE: f32 = 65_535.0;
/// The number of a trait's values that are told apart. All others share one.
const VALUES: usize = 12;

/// The pictures that a map shows.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plot {
    /// Their ids, ascending.
    pub ids: Vec<u64>,
    /// The places as x and y, from 0 to 65,535. The top left corner is 0, 0.
    pub places: Vec<[u16; 2]>,
    /// The traits that pictures can be coloured by.
    pub traits: Vec<Trait>,
    /// The number of pictures added since the map was drawn.
    pub newer: usize,
}

/// A property of pictures, such as the view. Each picture has at most one value of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trait {
    /// The record's field.
    pub name: &'static str,
    /// The most frequent values, most first.
    pub values: Vec<String>,
    /// Each picture's position in `values`; `values.len()` for any other value or none.
    pub of: Vec<u8>,
}

/// The file's header, before the rows.
#[derive(Serialize, Deserialize)]
struct Head {
    model: String,
    rows: usize,
}

impl Gallery {
    /// Draws the map and keeps it. Returns the number of pictures on it. `progress` gets the share
    /// that is done.
    ///
    /// # Errors
    /// If the database fails or the file cannot be written.
    pub fn draw_map(&self, seed: u64, progress: impl FnMut(f64)) -> Result<usize> {
        let coded = self.index.ids().into_iter().filter_map(|id| Some((id, self.index.code(id)?)));
        let (ids, codes): (Vec<u64>, Vec<HashCode>) = coded.unzip();
        let places = map(&codes, seed, progress)?;
        self.write_map(ids.iter().copied().zip(places.into_iter().map(grid)))?;
        Ok(ids.len())
    }

    /// Takes deleted pictures off the map. Removes a map that cannot be read or is another model's.
    pub(super) fn clear_map(&self) -> Result<()> {
        if self.folder().is_none() {
            return Ok(());
        }
        let rows = match self.read_map() {
            Err(Error::DamagedMap { .. }) => None,
            read => read?,
        };
        let Some(rows) = rows else { return self.remove_map() };
        let there = self.store.ids(Which::All)?;
        self.write_map(there.into_iter().filter_map(|id| Some((id, *rows.get(&id)?))))
    }

    fn remove_map(&self) -> Result<()> {
        let path = self.map_file()?;
        match fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                Err(Error::File { action: "remove", path, source })
            }
            _ => Ok(()),
        }
    }

    /// The map as it was drawn, less the pictures deleted since. `None` if no map of this model's
    /// codes was drawn.
    ///
    /// # Errors
    /// If the file is damaged, or the database fails.
    pub fn plot(&self) -> Result<Option<Plot>> {
        let rows = self.folder().map(|_| self.read_map()).transpose()?;
        let Some(rows) = rows.flatten() else { return Ok(None) };
        let there = self.store.ids(Which::All)?;
        let place = |id: &u64| rows.get(id).map(|place| (*id, *place));
        let (ids, places): (Vec<u64>, Vec<[u16; 2]>) = there.iter().filter_map(place).unzip();
        let traits = [
            ("body_part", Field::BodyPart),
            ("view", Field::View),
            ("source", Field::Source),
            // A picture's last label is the most particular one in manifests, whose first is the
            // part of the body.
            ("label", Field::Label),
        ];
        let of = |(name, field)| self.trait_of(name, field, &ids);
        let traits = traits.into_iter().map(of).collect::<Result<_>>()?;
        Ok(Some(Plot { newer: there.len() - ids.len(), ids, places, traits }))
    }

    fn trait_of(&self, name: &'static str, field: Field, ids: &[u64]) -> Result<Trait> {
        let all: HashMap<u64, String> = self.store.values(field)?.into_iter().collect();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for value in ids.iter().filter_map(|id| all.get(id)) {
            *counts.entry(value).or_default() += 1;
        }
        let mut values: Vec<(&str, usize)> = counts.into_iter().collect();
        values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        values.truncate(VALUES);
        let number = |id: &u64| {
            let value = all.get(id);
            let at = values.iter().position(|(name, _)| value.is_some_and(|value| value == name));
            at.unwrap_or(values.len()) as u8
        };
        let of = ids.iter().map(number).collect();
        Ok(Trait {
            name,
            of,
            values: values.into_iter().map(|(name, _)| name.to_owned()).collect(),
        })
    }

    fn map_file(&self) -> Result<PathBuf> {
        Ok(self.derived()?.join(MAP))
    }

    /// Writes the map whole, or not at all.
    fn write_map(&self, rows: impl Iterator<Item = (u64, [u16; 2])>) -> Result<()> {
        let path = self.map_file()?;
        let rows: Vec<u8> = rows.flat_map(|(id, place)| row(id, place)).collect();
        let head = Head { model: self.meta.model.0.clone(), rows: rows.len() / ROW };
        let unwritable = |source| Error::File { action: "write", path: path.clone(), source };
        let head = serde_json::to_vec(&head).map_err(|error| unwritable(error.into()))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend((head.len() as u32).to_le_bytes());
        bytes.extend(head);
        bytes.extend(rows);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        files::replace(&path, |file| file.write_all(&bytes)).map_err(unwritable)
    }

    fn read_map(&self) -> Result<Option<HashMap<u64, [u16; 2]>>> {
        let path = self.map_file()?;
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(source) if source.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::File { action: "read", path, source }),
        };
        parse(&bytes, &self.meta.model).ok_or(Error::DamagedMap { path })
    }
}

fn grid(place: Place) -> [u16; 2] {
    [place.x, place.y].map(|value| (value * SIDE).round() as u16)
}

fn row(id: u64, place: [u16; 2]) -> [u8; ROW] {
    let mut row = [0; ROW];
    row[..8].copy_from_slice(&id.to_le_bytes());
    row[8..].copy_from_slice(&place.map(u16::to_le_bytes).concat());
    row
}

/// The rows by id. `None` if the bytes are not whole; `Some(None)` if they are another model's.
fn parse(bytes: &[u8], model: &ModelId) -> Option<Option<HashMap<u64, [u16; 2]>>> {
    let (content, crc) = bytes.split_last_chunk::<4>()?;
    let rest = content.strip_prefix(MAGIC)?;
    if crc32fast::hash(content) != u32::from_le_bytes(*crc) {
        return None;
    }
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (head, rows) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let head: Head = serde_json::from_slice(head).ok()?;
    let (rows, []) = rows.as_chunks::<ROW>() else { return None };
    if head.model != model.0 {
        return Some(None);
    }
    let half = |row: &[u8; ROW], at: usize| u16::from_le_bytes([row[at], row[at + 1]]);
    let id = |row: &[u8; ROW]| row.first_chunk::<8>().map_or(0, |id| u64::from_le_bytes(*id));
    let read = rows.iter().map(|row| (id(row), [half(row, 8), half(row, 10)]));
    (head.rows == rows.len()).then(|| Some(read.collect()))
}
