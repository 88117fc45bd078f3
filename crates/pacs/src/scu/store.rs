//! C-STORE as SCU (PS3.4 B.2): sends DICOM files unchanged, in their own transfer syntaxes.

use super::{MESSAGE_ID, Peer, answer, expect_success};
use crate::association::{Association, MAX_CONTEXTS, Proposed};
use crate::command::{C_STORE, Command, element};
use crate::error::{Error, Result, at};
use crate::part10::identify;
use dicom::Identity;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The number of bytes within which a file meta group must end.
const HEAD: u64 = 64 << 10;

/// A file that is ready to be sent.
struct Ready<'a> {
    path: &'a Path,
    identity: Identity,
    /// The offset of its data set in bytes.
    data_set: u64,
}

impl Ready<'_> {
    /// The presentation context that it needs.
    fn context(&self) -> Proposed {
        Proposed {
            abstract_syntax: self.identity.sop_class.clone(),
            transfer_syntaxes: vec![self.identity.transfer_syntax.clone()],
        }
    }
}

impl Peer {
    /// Sends files, and calls `each` with the outcome of each. Nothing is transcoded: if the peer
    /// does not accept the file's own transfer syntax, the outcome is [`Error::NotAccepted`].
    ///
    /// # Errors
    /// Those of a connection and [`Error::Rejected`], after which the files that were not told of
    /// are not sent.
    pub fn store(&self, files: &[PathBuf], mut each: impl FnMut(&Path, Result<()>)) -> Result<()> {
        let mut ready = Vec::new();
        for path in files {
            match prepare(path) {
                Ok(file) => ready.push(file),
                Err(error) => each(path, Err(error)),
            }
        }
        while !ready.is_empty() {
            let proposed = proposals(&ready);
            let (now, later): (Vec<_>, Vec<_>) =
                ready.into_iter().partition(|file| proposed.contains(&file.context()));
            self.with_association(&proposed, self.timeouts, |association| {
                now.iter().try_for_each(|file| {
                    let outcome = send(association, file);
                    let broken = outcome.as_ref().is_err_and(ends_the_association);
                    if broken {
                        return outcome;
                    }
                    each(file.path, outcome);
                    Ok(())
                })
            })?;
            ready = later;
        }
        Ok(())
    }
}

fn prepare(path: &Path) -> Result<Ready<'_>> {
    let failed = at(path);
    let mut head = Vec::new();
    File::open(path).map_err(failed)?.take(HEAD).read_to_end(&mut head).map_err(failed)?;
    let (identity, data_set) = identify(&head)?;
    Ok(Ready { path, identity, data_set: data_set as u64 })
}

/// The contexts that the files need, as many as fit into one association.
fn proposals(files: &[Ready]) -> Vec<Proposed> {
    let needed: BTreeSet<_> = files.iter().map(Ready::context).collect();
    needed.into_iter().take(MAX_CONTEXTS).collect()
}

fn send(association: &mut Association, file: &Ready) -> Result<()> {
    let Identity { sop_class, sop_instance, transfer_syntax } = &file.identity;
    let fits = |context: &&crate::association::Context| {
        context.abstract_syntax == *sop_class && context.transfer_syntax == *transfer_syntax
    };
    let Some(context) = association.contexts().iter().find(fits).map(|context| context.id) else {
        let service = format!("SOP class {sop_class} in transfer syntax {transfer_syntax}");
        return Err(Error::NotAccepted { service });
    };
    let failed = at(file.path);
    let mut data = File::open(file.path).map_err(failed)?;
    let whole = data.metadata().map_err(failed)?.len();
    data.seek(SeekFrom::Start(file.data_set)).map_err(failed)?;
    // A deflated data set may have odd length; for sending, a NUL makes its length even (PS3.5
    // A.5).
    let is_odd = (whole - file.data_set) % 2 == 1;
    let mut data = data.chain(if is_odd { &[0][..] } else { &[] });
    let command = Command::request(C_STORE, MESSAGE_ID, sop_class)
        .with_u16(element::PRIORITY, 0)
        .with_text(element::AFFECTED_SOP_INSTANCE_UID, sop_instance);
    association.send(context, &command, Some(&mut data))?;
    expect_success("C-STORE", &answer(association)?)
}

/// Tells whether nothing more can be sent after this.
fn ends_the_association(error: &Error) -> bool {
    !matches!(error, Error::NotAccepted { .. } | Error::Status { .. } | Error::File { .. })
}
