//! The list of files to read: single ones, folders, and rows of a manifest.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use gallery::Record;
use radiograph::dataset::Item;

use crate::deidentification::Deidentification;

/// A file to read, and the manifest's record of it, which has no key yet.
#[derive(Clone, Default)]
pub struct Listed {
    /// The file's path.
    pub path: PathBuf,
    /// The manifest's record.
    pub record: Record,
    /// De-identification before the file is read, if it is asked for.
    pub deidentification: Option<Arc<Deidentification>>,
}

impl Listed {
    /// A file without a manifest; only its name is known.
    pub fn bare(path: &Path) -> Self {
        let name = path.display().to_string();
        Self {
            path: path.to_owned(),
            record: Record { name, ..Record::default() },
            ..Self::default()
        }
    }

    /// A row of a manifest.
    pub fn from_item(item: &Item) -> Self {
        let said = item.description.clone();
        let record = Record {
            name: item.name.clone(),
            labels: item.labels.clone(),
            patient: patient_across_sources(item),
            source: item.source.clone(),
            view: item.view.clone(),
            licence: item.licence.clone(),
            study: said.study,
            series: said.series,
            modality: said.modality,
            body_part: said.body_part,
            sex: said.sex,
            age: said.age,
            study_date: said.study_date.and_then(|date| date.parse().ok()),
            report: said.report,
            ..Record::default()
        };
        Self { path: item.path.clone(), record, ..Self::default() }
    }
}

/// The patient's number after that of the source, if one is named, as each source numbers its own
/// patients.
pub fn patient_across_sources(item: &Item) -> Option<String> {
    let patient = item.patient.as_ref()?;
    Some(match &item.source {
        Some(source) => format!("{source}/{patient}"),
        None => patient.clone(),
    })
}

/// The radiographs at the paths: files as they are, folders with all that is in them, in order of
/// name.
///
/// # Errors
/// If a path is not there, or there is not one radiograph in a folder.
pub fn list_paths(paths: &[PathBuf]) -> Result<Vec<Listed>> {
    let mut found = Vec::new();
    for path in paths {
        let kind =
            fs::metadata(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let before = found.len();
        if kind.is_dir() {
            walk(path, &mut found)?;
        } else {
            found.push(path.clone());
        }
        if found.len() == before {
            bail!(
                "there is no radiograph (PNG, JPEG, TIFF or DICOM file) in the folder `{}`",
                path.display()
            );
        }
    }
    Ok(found.iter().map(|path| Listed::bare(path)).collect())
}

/// Makes files be read without identities, if that was asked for.
pub fn deidentify(deidentification: Option<&Arc<Deidentification>>, listed: &mut [Listed]) {
    for file in listed {
        file.deidentification = deidentification.cloned();
    }
}

/// Adds the radiographs under a folder. Links to folders are not followed: they may go in circles.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("cannot read the folder `{}`", folder.display());
    let mut entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type().with_context(unreadable)?.is_dir() {
            walk(&path, found)?;
        } else if path.is_file() && looks_like_a_radiograph(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// Tells whether a file is to be read as a radiograph. Its name tells, so that a broken picture is
/// reported. So do its first bytes, as DICOM files often have no telling name.
fn looks_like_a_radiograph(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if ["png", "jpg", "jpeg", "tif", "tiff", "dcm", "dicom"]
        .contains(&extension.to_ascii_lowercase().as_str())
    {
        return true;
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(132).read_to_end(&mut start));
    // A DICOMDIR is a table of contents, not a picture.
    read.is_ok()
        && path.file_name().is_some_and(|name| name != "DICOMDIR")
        && (dicom::is_file(&start)
            || [&b"\x89PNG"[..], b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
                .iter()
                .any(|magic| start.starts_with(magic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_pictures_in_order_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("b")).unwrap();
        fs::write(at("b/1.PNG"), "broken, but named as a picture").unwrap();
        fs::write(at("a"), b"\x89PNG\r\n").unwrap();
        fs::write(at("readme.txt"), "text").unwrap();
        fs::write(at(".hidden.png"), "").unwrap();
        let mut dicom = vec![0; 128];
        dicom.extend(b"DICM");
        fs::write(at("c.1.2.3"), &dicom).unwrap();
        fs::write(at("DICOMDIR"), &dicom).unwrap();
        let found = list_paths(&[folder.path().to_owned()]).unwrap();
        let paths: Vec<_> = found.into_iter().map(|listed| listed.path).collect();
        assert_eq!(paths, [at("a"), at("b/1.PNG"), at("c.1.2.3")]);
    }

    #[test]
    fn an_empty_folder_and_a_missing_file_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = list_paths(&[folder.path().to_owned()]).err().unwrap();
        assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
        let error = list_paths(&[folder.path().join("gone.png")]).err().unwrap();
        assert!(error.to_string().contains("gone.png"), "{error}");
    }
}
