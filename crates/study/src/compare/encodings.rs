//! The encodings of a run: the codes and embeddings of all pictures, in one file.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use radiograph::dataset::Item;
use retrieval::{Embedding, HashCode};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

/// Codes and embeddings of the pictures of a data set.
#[derive(Default)]
pub(crate) struct Encodings {
    pub(crate) about: About,
    /// The codes, parallel to the names.
    pub(crate) codes: Vec<HashCode>,
    /// The embeddings, parallel to the names; empty for a method without any.
    pub(crate) embeddings: Vec<Embedding>,
}

/// The description of encodings.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct About {
    /// The complete recipe of the run. Another recipe makes another run.
    pub(crate) recipe: String,
    /// The names of the pictures.
    pub(crate) names: Vec<String>,
    pub(crate) cost: Cost,
}

/// The cost of a method.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// The time of training or fitting in seconds, over all parts of a resumed run.
    pub(crate) training_seconds: f64,
    /// The time of encoding a picture in milliseconds, without decoding.
    pub(crate) encoding_milliseconds: f64,
}

/// The key of the description in the file's metadata.
const ABOUT: &str = "about";

impl Encodings {
    /// Writes the file whole or not at all.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        files::write(file, self.to_bytes().context("cannot lay out the encodings")?)
    }

    fn to_bytes(&self) -> Result<Vec<u8>> {
        let codes: Vec<u8> = self.codes.iter().flat_map(HashCode::to_bytes).collect();
        let embeddings: Vec<u8> = self.embeddings.iter().flat_map(Embedding::to_bytes).collect();
        let columns = |bytes: &[u8], rows: usize, size: usize| bytes.len() / rows.max(1) / size;
        let shapes = (
            vec![self.codes.len(), columns(&codes, self.codes.len(), 1)],
            vec![self.embeddings.len(), columns(&embeddings, self.embeddings.len(), 2)],
        );
        let views = [
            ("codes", TensorView::new(Dtype::U8, shapes.0, &codes)?),
            ("embeddings", TensorView::new(Dtype::F16, shapes.1, &embeddings)?),
        ];
        let about = HashMap::from([(ABOUT.to_owned(), serde_json::to_string(&self.about)?)]);
        Ok(safetensors::serialize(views, Some(about))?)
    }

    /// Reads a file that [`Encodings::write`] wrote; `None` if it does not exist.
    pub(crate) fn read(file: &Path) -> Result<Option<Self>> {
        if !file.exists() {
            return Ok(None);
        }
        let damaged =
            || format!("`{}` is damaged; remove it, and its cell is made again", file.display());
        let bytes = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
        Self::from_bytes(&bytes).with_context(damaged).map(Some)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let tensors = SafeTensors::deserialize(bytes)?;
        let (_, header) = SafeTensors::read_metadata(bytes)?;
        let about = header
            .metadata()
            .as_ref()
            .and_then(|map| map.get(ABOUT))
            .context("it has no metadata")?;
        let rows = |name: &str, size: usize| -> Result<Vec<Vec<u8>>> {
            let tensor = tensors.tensor(name)?;
            let row = tensor.shape().get(1).copied().unwrap_or(0) * size;
            Ok(tensor.data().chunks_exact(row.max(1)).map(<[u8]>::to_vec).collect())
        };
        let codes = rows("codes", 1)?
            .iter()
            .map(|row| HashCode::from_bytes(row))
            .collect::<Result<_, _>>()?;
        let embeddings = rows("embeddings", 2)?
            .iter()
            .map(|row| Embedding::from_bytes(row))
            .collect::<Result<_, _>>()?;
        Ok(Self { about: serde_json::from_str(about)?, codes, embeddings })
    }
}

/// The items of these names, which are in the items' order with some left out.
pub(super) fn in_order<'a>(items: &[&'a Item], names: &[String]) -> Vec<&'a Item> {
    let mut rest = items.iter();
    names.iter().filter_map(|name| rest.find(|item| item.name == *name).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("encodings.safetensors");
        assert!(Encodings::read(&file).unwrap().is_none());
        let cost = Cost { training_seconds: 1.0, encoding_milliseconds: 2.0 };
        let about =
            About { recipe: "r".to_owned(), names: vec!["a".to_owned(), "b".to_owned()], cost };
        let code = |byte| HashCode::from_bytes(&[byte; 8]).unwrap();
        let embeddings = vec![Embedding::new(vec![0.5, 1.0]), Embedding::new(vec![0.0, 2.0])];
        let written = Encodings { about, codes: vec![code(1), code(2)], embeddings };
        written.write(&file).unwrap();
        let read = Encodings::read(&file).unwrap().unwrap();
        assert_eq!((read.about.names, read.codes), (written.about.names, written.codes));
        assert_eq!(read.embeddings, written.embeddings);
        fs::write(&file, b"broken").unwrap();
        assert!(Encodings::read(&file).err().unwrap().to_string().contains("damaged"));
    }
}
