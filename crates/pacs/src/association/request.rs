//! Associations that this program requests.

use super::accept::{max_length, unpadded, user_variables};
use super::{APPLICATION_CONTEXT, Association, Context, Stream, Timeouts, pdu};
use crate::error::{Error, Result};
use dicom_ul::pdu::{
    AssociationAC, AssociationRJ, AssociationRJResult, AssociationRQ, Pdu,
    PresentationContextProposed, PresentationContextResultReason,
};
use std::time::Instant;

/// The most contexts of one association: the odd numbers below 256.
pub(crate) const MAX_CONTEXTS: usize = 128;

/// A presentation context to propose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Proposed {
    pub(crate) abstract_syntax: String,
    pub(crate) transfer_syntaxes: Vec<String>,
}

/// Requests an association with these contexts, at most [`MAX_CONTEXTS`].
pub(crate) fn request(
    mut stream: Stream,
    [calling, called]: [&str; 2],
    proposed: &[Proposed],
    max_pdu: u32,
    timeouts: Timeouts,
) -> Result<Association> {
    stream.set_deadline(Instant::now() + timeouts.association);
    let numbered: Vec<_> =
        proposed.iter().take(MAX_CONTEXTS).zip((1..=255).step_by(2)).map(number).collect();
    let requested = AssociationRQ {
        protocol_version: 1,
        calling_ae_title: calling.to_owned(),
        called_ae_title: called.to_owned(),
        application_context_name: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: numbered.clone(),
        user_variables: user_variables(max_pdu),
    };
    pdu::write(&mut stream, &Pdu::AssociationRQ(requested))?;
    match pdu::read(&mut stream, 0)? {
        Pdu::AssociationAC(answer) => {
            let peer_max = max_length(&answer.user_variables);
            Ok(Association::new(stream, accepted(&numbered, &answer), max_pdu, peer_max, timeouts))
        }
        Pdu::AssociationRJ(rejection) => Err(rejected(&rejection)),
        Pdu::AbortRQ { .. } => Err(Error::Aborted),
        _ => Err(Error::Protocol {
            got: "another PDU".to_owned(),
            expected: "the answer to our request",
        }),
    }
}

fn number((proposed, id): (&Proposed, u8)) -> PresentationContextProposed {
    PresentationContextProposed {
        id,
        abstract_syntax: proposed.abstract_syntax.clone(),
        transfer_syntaxes: proposed.transfer_syntaxes.clone(),
    }
}

fn rejected(rejection: &AssociationRJ) -> Error {
    Error::Rejected {
        permanent: rejection.result == AssociationRJResult::Permanent,
        reason: rejection.source.to_string(),
    }
}

/// The accepted contexts. A transfer syntax that was not proposed does not count.
fn accepted(proposed: &[PresentationContextProposed], answer: &AssociationAC) -> Vec<Context> {
    let context = |proposed: &PresentationContextProposed| {
        let result = answer.presentation_contexts.iter().find(|result| result.id == proposed.id)?;
        let syntax = unpadded(&result.transfer_syntax).to_owned();
        let is_ours = proposed.transfer_syntaxes.contains(&syntax);
        let is_accepted = result.reason == PresentationContextResultReason::Acceptance;
        (is_ours && is_accepted).then(|| Context {
            id: proposed.id,
            abstract_syntax: proposed.abstract_syntax.clone(),
            transfer_syntax: syntax,
        })
    };
    proposed.iter().filter_map(context).collect()
}
