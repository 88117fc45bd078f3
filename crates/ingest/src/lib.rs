//! The way from files to radiographs, to encodings, to entries of a gallery.
//!
//! Files on the disk, instances of an inbox, pictures of a queue and a server's uploads go the same
//! way: [`decode`] or [`decode_bytes`], [`encode_pictures`], [`entries`], [`Gallery::insert`].
//! Nothing here prints: reports are returned, and progress is told to callbacks.
//!
//! [`Gallery::insert`]: gallery::Gallery::insert

mod attempt_notes;
mod batches;
mod checking;
mod contradictions;
mod decoding;
mod deidentification;
mod deidentified_files;
mod duplicates;
mod encoding;
mod fault;
mod file_warnings;
pub mod image_qc;
#[cfg(feature = "pacs")]
mod inbox_ingest;
mod insertion;
mod listing;
mod manifest_diagnostics;
mod queue_ingest;
mod reindexing;
mod shards;
pub mod thumbnail;

pub use attempt_notes::AttemptNotes;
pub use batches::{BATCH, Batch, for_each_batch};
pub use checking::{Checked, check};
pub use contradictions::Contradiction;
pub use decoding::{Decoded, Rejected, bytes, decode, decode_bytes, described, key, read};
pub use deidentification::{Deidentification, KeptFields};
pub use deidentified_files::{DeidentifiedFiles, Written, deidentify_files};
pub use duplicates::NotKept;
pub use encoding::{encode, encode_pictures, entries};
pub use file_warnings::{FileWarnings, lines as warning_lines};
#[cfg(feature = "pacs")]
pub use inbox_ingest::{InboxIngest, IngestCounts};
pub use insertion::{IngestReport, fill, insert_batch};
pub use listing::{Listed, deidentify, list_paths, patient_across_sources};
pub use manifest_diagnostics::ManifestDiagnostics;
pub use queue_ingest::{QueueEvent, QueueIngest, QueueReport, queue_contradictions};
pub use reindexing::{Reindexed, reindex};
pub use shards::{Shard, ShardEncoding};
