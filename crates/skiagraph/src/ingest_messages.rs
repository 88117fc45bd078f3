//! Messages to a terminal on files that were read: faults, doubts, and files that were refused.

use std::collections::BTreeMap;

use anyhow::Result;
use files::attempts;
use gallery::Gallery;
use ingest::image_qc::Doubtful;
use ingest::{
    AttemptNotes, Contradiction, FileWarnings, IngestReport, ManifestDiagnostics, NotKept, Rejected,
};
use radiograph::dataset::Dataset;

use crate::output;

/// The most lines of a kind.
const SHOWN: usize = 20;

/// The diagnostics of a data set's manifest, which are also written to standard error.
pub(crate) fn manifest_diagnostics(dataset: &Dataset) -> ManifestDiagnostics {
    dataset.remarks().for_each(|remark| output::note(&format!("  {remark}")));
    ManifestDiagnostics::of(dataset)
}

/// The notes of files that go into a gallery. Standard error says if there are none.
pub(crate) fn attempt_notes(gallery: &Gallery) -> Result<AttemptNotes> {
    AttemptNotes::of(gallery, |error| {
        output::note(&format!("deaths of this process are not counted: {error}"));
    })
}

/// Checks that nobody has to look at files afterwards. Rejected ones do not count.
///
/// # Errors
/// [`output::Warning`] where files were set aside, or had other content or descriptions.
pub(crate) fn check(report: &IngestReport) -> Result<()> {
    let NotKept { differing, contradicting } = &report.not_kept;
    output::warn(report.set_aside.len(), differing.len(), contradicting.len())
}

/// Lines of text on the files that somebody has to look at: rejected ones, those that were set
/// aside, those with other content or descriptions, those at fault; at most twenty of each. Objects without a
/// picture are counted by their kind.
pub(crate) fn describe(report: &IngestReport) -> Vec<String> {
    let aside = |name: &String| format!("  set aside {name}: {}", attempts::reason());
    let mut lines = Vec::new();
    if !report.rejected.is_empty() {
        lines.push(describe_rejected(&report.rejected));
    }
    lines.extend(few(report.set_aside.iter().map(aside)));
    lines.extend(describe_not_kept(&report.not_kept));
    lines.extend(few(report.warned.iter().map(FileWarnings::line)));
    lines.extend(kinds_passed_over(report));
    lines
}

/// Lines of text on the known files of which the gallery has something else, a few of each kind.
pub(crate) fn describe_not_kept(not_kept: &NotKept) -> Vec<String> {
    let other = |name: &String| {
        format!("  other content under a known SOP Instance UID, kept the first: {name}")
    };
    let mut lines = few(not_kept.differing.iter().map(other));
    lines.extend(describe_contradicting(&not_kept.contradicting));
    lines
}

/// Lines of text on known pictures that are described otherwise, and what to do; a few at most.
pub(crate) fn describe_contradicting(contradicting: &[Contradiction]) -> Vec<String> {
    let line = |Contradiction { name, record, fields }: &Contradiction| {
        let (kept, remedy) = match record {
            Some(id) => (
                format!("record {id} of the gallery"),
                "to change that, `skiagraph gallery delete` the record and index the picture again",
            ),
            None => ("the same picture before it".to_owned(), "correct one of the two"),
        };
        format!("  other {} than {kept}, kept the first: {name}; {remedy}", fields.join(", "))
    };
    few(contradicting.iter().map(line))
}

fn kinds_passed_over(report: &IngestReport) -> Vec<String> {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    report.without_picture.iter().for_each(|file| *kinds.entry(&file.reason).or_default() += 1);
    few(kinds.iter().map(|(reason, count)| format!("  passed over {count}: {reason}")))
}

/// The rejected files as lines of text, a few at most.
pub(crate) fn describe_rejected(rejected: &[Rejected]) -> String {
    let line = |file: &Rejected| format!("  rejected {}: {}", file.name, file.reason);
    few(rejected.iter().map(line)).join("\n")
}

/// Describes doubtful pictures in lines of text, a few at most.
pub(crate) fn describe_doubtful(doubtful: &[Doubtful]) -> String {
    let line = |picture: &Doubtful| {
        let doubts: Vec<_> = picture.doubts.iter().map(|doubt| doubt.text()).collect();
        format!("  doubtful {}: {}", picture.name, doubts.join("; "))
    };
    few(doubtful.iter().map(line)).join("\n")
}

/// The first lines, made plain, and the number of further ones.
pub(crate) fn few(lines: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let more = lines.len().saturating_sub(SHOWN);
    let mut few: Vec<_> = lines.take(SHOWN).map(|line| output::plain(&line).into_owned()).collect();
    if more > 0 {
        few.push(format!("  … and {more} more (all of them with --json)"));
    }
    few
}
