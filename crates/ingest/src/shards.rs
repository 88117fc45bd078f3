//! Shards: shares of many pictures, each encoded by a process of its own to Parquet, which a
//! gallery imports.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use gallery::Gallery;
use network::Encoder;
use radiograph::ContentHash;
use serde::{Deserialize, Serialize};

use crate::listing::Listed;

/// The name of the file with a shard's [`Origin`], in its folder.
const ORIGIN: &str = "shard.json";

/// A share of the pictures: number `I` of `N`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shard {
    number: u32,
    of: u32,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("expected I/N with I from 1 to N, such as 3/100".to_owned()),
        }
    }
}

impl Shard {
    /// Tells whether a picture belongs to it, by the picture's name alone.
    pub fn has(self, listed: &Listed) -> bool {
        let ContentHash(hash) = ContentHash::of(listed.record.name.as_bytes());
        let number = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        number % u64::from(self.of) + 1 == u64::from(self.number)
    }

    /// Its folder in that of all shards.
    pub fn folder(self, out: &Path) -> PathBuf {
        out.join(format!("shard-{:05}-of-{:05}", self.number, self.of))
    }
}

/// The inputs of a shard.
#[derive(PartialEq, Serialize, Deserialize)]
struct Origin {
    /// The model's id.
    model: String,
    /// The SHA-256 of the pictures' names.
    pictures: String,
}

impl Origin {
    fn new(encoder: &Encoder, listed: &[Listed]) -> Self {
        let mut names: Vec<&str> =
            listed.iter().map(|listed| listed.record.name.as_str()).collect();
        names.sort_unstable();
        Self {
            model: encoder.model_id().0.clone(),
            pictures: ContentHash::of(names.join("\n").as_bytes()).to_string(),
        }
    }

    /// Fails if the existing shard has other inputs.
    fn check(&self, folder: &Path) -> Result<()> {
        let there = fs::read(folder.join(ORIGIN))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if there.as_ref() != Some(self) {
            bail!(
                "`{}` is there already, but of other pictures or of another model; expected the same. Remove it, or choose \
                 another folder",
                folder.display()
            );
        }
        Ok(())
    }
}

/// A shard that is being encoded.
///
/// A gallery holds the finished pictures, so that an interrupted shard of the same pictures
/// continues. The export gets its name when it is whole.
pub struct ShardEncoding {
    /// The gallery to fill with the shard's pictures.
    pub gallery: Gallery,
    origin: Origin,
    folder: PathBuf,
    unfinished: PathBuf,
}

impl ShardEncoding {
    /// Begins or continues the shard of these pictures in its folder. `None` if it is there
    /// already.
    ///
    /// # Errors
    /// If the folder has a shard of other inputs, there is no picture, or the gallery fails.
    pub fn begin(folder: &Path, encoder: &Encoder, listed: &[Listed]) -> Result<Option<Self>> {
        let origin = Origin::new(encoder, listed);
        if folder.exists() {
            origin.check(folder)?;
            return Ok(None);
        }
        if listed.is_empty() {
            bail!("none of the pictures belongs to the shard; expected more pictures than shards");
        }
        let out = folder.parent().unwrap_or(folder);
        fs::create_dir_all(out)
            .with_context(|| format!("cannot make the folder `{}`", out.display()))?;
        let unfinished = folder.with_extension(format!("{}.encoding", origin.pictures));
        let gallery = Gallery::open_or_create(&unfinished, encoder.model_id(), encoder.bits())?;
        Ok(Some(Self { gallery, origin, folder: folder.to_owned(), unfinished }))
    }

    /// Writes the shard. Returns the number of its pictures.
    ///
    /// # Errors
    /// If the gallery or the disk fails.
    pub fn finish(self) -> Result<usize> {
        let exported = self.folder.with_extension("exporting");
        if exported.exists() {
            remove(&exported)?;
        }
        self.gallery.export(&exported, |record| record, |_| {})?;
        files::write(&exported.join(ORIGIN), serde_json::to_vec_pretty(&self.origin)?)?;
        fs::rename(&exported, &self.folder)
            .with_context(|| format!("cannot name `{}`", self.folder.display()))?;
        let pictures = self.gallery.len();
        drop(self.gallery);
        remove(&self.unfinished)?;
        Ok(pictures)
    }
}

fn remove(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove `{}`", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_belongs_to_one_shard() {
        for n in 0..100 {
            let listed = Listed::bare(Path::new(&format!("picture-{n}.png")));
            assert_eq!((1..=7).filter(|&number| Shard { number, of: 7 }.has(&listed)).count(), 1);
        }
        assert_eq!("3/100".parse(), Ok(Shard { number: 3, of: 100 }));
        for wrong in ["0/3", "4/3", "3", "a/b", "1/0", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
