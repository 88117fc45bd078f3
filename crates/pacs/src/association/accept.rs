//! Associations that others request: who may request them, and which of their proposals are
//! accepted (PS3.8 7.1, PS3.7 annex D).

use super::{APPLICATION_CONTEXT, Association, Context, Stream, Timeouts, pdu};
use crate::error::{Error, Result};
use crate::uids::{
    EXPLICIT_VR_LITTLE_ENDIAN, IMPLEMENTATION, IMPLICIT_VR_LITTLE_ENDIAN, VERIFICATION,
    is_image_storage,
};
use connections::{Slot, Task};
use dicom_ul::pdu::{
    AssociationAC, AssociationRJ, AssociationRJResult, AssociationRJServiceProviderASCEReason,
    AssociationRJServiceProviderPresentationReason, AssociationRJServiceUserReason,
    AssociationRJSource, AssociationRQ, Pdu, PresentationContextProposed,
    PresentationContextResult, PresentationContextResultReason, UserVariableItem,
};
use std::time::Instant;

/// The settings of an acceptor.
#[derive(Clone, Debug)]
pub(crate) struct Acceptor {
    /// This program's AE title.
    pub(crate) called: String,
    /// AE titles that may call; empty for any.
    pub(crate) callers: Vec<String>,
    /// The transfer syntaxes for storage, the most preferred first.
    pub(crate) transfer_syntaxes: Vec<String>,
    pub(crate) max_pdu: u32,
    pub(crate) timeouts: Timeouts,
}

/// A refusal and its reason.
struct Refusal {
    permanent: bool,
    source: AssociationRJSource,
    reason: &'static str,
}

/// Reads the request for an association and accepts or rejects it. An accepted one keeps its slot
/// while the task lives. Also returns the calling AE title.
pub(crate) fn accept(
    mut stream: Stream,
    acceptor: &Acceptor,
    slot: &Slot,
) -> Result<(Association, String, Task)> {
    stream.set_deadline(Instant::now() + acceptor.timeouts.association);
    let requested = requested(&mut stream)?;
    if let Err(refusal) = acceptor.admits(&requested) {
        return Err(reject(&mut stream, refusal));
    }
    let task = slot.task();
    let results: Vec<_> =
        requested.presentation_contexts.iter().map(|proposed| acceptor.answer(proposed)).collect();
    let contexts = accepted(&requested, &results);
    let peer_max = max_length(&requested.user_variables);
    let calling = requested.calling_ae_title.clone();
    pdu::write(&mut stream, &acceptor.acknowledgement(requested, results))?;
    Ok((
        Association::new(stream, contexts, acceptor.max_pdu, peer_max, acceptor.timeouts),
        calling,
        task,
    ))
}

/// Rejects any association, because there are too many.
pub(crate) fn refuse(mut stream: Stream, timeouts: &Timeouts) -> Error {
    stream.set_deadline(Instant::now() + timeouts.association);
    let reason = AssociationRJServiceProviderPresentationReason::LocalLimitExceeded;
    let refusal = Refusal {
        permanent: false,
        source: AssociationRJSource::ServiceProviderPresentation(reason),
        reason: "too many associations",
    };
    match requested(&mut stream) {
        Ok(_) => reject(&mut stream, refusal),
        Err(error) => error,
    }
}

fn requested(stream: &mut Stream) -> Result<AssociationRQ> {
    // No data may come before the association, so the smallest limit is enough.
    match pdu::read(stream, 0)? {
        Pdu::AssociationRQ(requested) => Ok(requested),
        Pdu::AbortRQ { .. } => Err(Error::Aborted),
        _ => Err(Error::Protocol {
            got: "another PDU".to_owned(),
            expected: "a request for an association",
        }),
    }
}

fn reject(stream: &mut Stream, refusal: Refusal) -> Error {
    let result = if refusal.permanent {
        AssociationRJResult::Permanent
    } else {
        AssociationRJResult::Transient
    };
    let rejection = Pdu::AssociationRJ(AssociationRJ { result, source: refusal.source });
    match pdu::write(stream, &rejection) {
        Ok(()) => Error::Refused { reason: refusal.reason },
        Err(error) => error,
    }
}

impl Acceptor {
    fn admits(&self, requested: &AssociationRQ) -> std::result::Result<(), Refusal> {
        use AssociationRJServiceUserReason::*;
        let user = |source, reason| Refusal {
            permanent: true,
            source: AssociationRJSource::ServiceUser(source),
            reason,
        };
        if requested.protocol_version & 1 == 0 {
            let reason = AssociationRJServiceProviderASCEReason::ProtocolVersionNotSupported;
            let source = AssociationRJSource::ServiceProviderASCE(reason);
            return Err(Refusal { permanent: true, source, reason: "another protocol version" });
        }
        if requested.application_context_name.trim_end_matches('\0') != APPLICATION_CONTEXT {
            return Err(user(ApplicationContextNameNotSupported, "another application context"));
        }
        if requested.called_ae_title != self.called {
            return Err(user(CalledAETitleNotRecognized, "another AE title was called"));
        }
        if !self.callers.is_empty() && !self.callers.contains(&requested.calling_ae_title) {
            return Err(user(CallingAETitleNotRecognized, "the calling AE title is not allowed"));
        }
        Ok(())
    }

    /// The first of the accepted transfer syntaxes that is also proposed.
    fn answer(&self, proposed: &PresentationContextProposed) -> PresentationContextResult {
        use PresentationContextResultReason::*;
        let uncompressed = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN].map(String::from);
        let ours: &[String] = match unpadded(&proposed.abstract_syntax) {
            VERIFICATION => &uncompressed,
            uid if is_image_storage(uid) => &self.transfer_syntaxes,
            _ => return result(proposed.id, AbstractSyntaxNotSupported, IMPLICIT_VR_LITTLE_ENDIAN),
        };
        let is_proposed = |ours: &&String| {
            proposed.transfer_syntaxes.iter().any(|theirs| unpadded(theirs) == **ours)
        };
        match ours.iter().find(is_proposed) {
            // PS3.8 9.3.2.2: identifiers are odd.
            Some(syntax) if proposed.id % 2 == 1 => result(proposed.id, Acceptance, syntax),
            Some(_) => result(proposed.id, NoReason, IMPLICIT_VR_LITTLE_ENDIAN),
            None => result(proposed.id, TransferSyntaxesNotSupported, IMPLICIT_VR_LITTLE_ENDIAN),
        }
    }

    fn acknowledgement(
        &self,
        requested: AssociationRQ,
        results: Vec<PresentationContextResult>,
    ) -> Pdu {
        Pdu::AssociationAC(AssociationAC {
            protocol_version: 1,
            calling_ae_title: requested.calling_ae_title,
            called_ae_title: requested.called_ae_title,
            application_context_name: APPLICATION_CONTEXT.to_owned(),
            presentation_contexts: results,
            user_variables: user_variables(self.max_pdu),
        })
    }
}

fn result(
    id: u8,
    reason: PresentationContextResultReason,
    syntax: &str,
) -> PresentationContextResult {
    PresentationContextResult { id, reason, transfer_syntax: syntax.to_owned() }
}

fn accepted(requested: &AssociationRQ, results: &[PresentationContextResult]) -> Vec<Context> {
    let both = requested.presentation_contexts.iter().zip(results);
    both.filter(|(_, result)| result.reason == PresentationContextResultReason::Acceptance)
        .map(|(proposed, result)| Context {
            id: result.id,
            abstract_syntax: unpadded(&proposed.abstract_syntax).to_owned(),
            transfer_syntax: result.transfer_syntax.clone(),
        })
        .collect()
}

/// This program's description of itself (PS3.7 D.3.3).
pub(super) fn user_variables(max_pdu: u32) -> Vec<UserVariableItem> {
    vec![
        UserVariableItem::MaxLength(max_pdu),
        UserVariableItem::ImplementationClassUID(IMPLEMENTATION.class.to_owned()),
        UserVariableItem::ImplementationVersionName(IMPLEMENTATION.version.to_owned()),
    ]
}

/// The longest P-DATA-TF that a peer accepts; 0 if it sets no limit.
pub(super) fn max_length(variables: &[UserVariableItem]) -> u32 {
    let length = |variable: &UserVariableItem| match variable {
        UserVariableItem::MaxLength(length) => Some(*length),
        _ => None,
    };
    variables.iter().find_map(length).unwrap_or(0)
}

/// Removes padding. Some systems pad UIDs in PDUs, though PS3.8 annex F does not.
pub(super) fn unpadded(uid: &str) -> &str {
    uid.trim_matches(['\0', ' '])
}
