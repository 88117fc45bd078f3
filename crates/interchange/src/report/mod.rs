//! The answer as a DICOM structured report: Comprehensive SR (PS3.3 A.35.3), a Measurement Report
//! of template TID 1500 (PS3.16) with one measurement group, TID 1501, for each similar case.

mod codes;
mod content;

use std::collections::BTreeMap;

use dicom::is_uid;
use dicom_dictionary_std::{tags, uids};

use crate::answer::{Answer, NAME, Neighbor, USE};
use crate::derived::Identity;
use crate::error::Result;
use crate::kind::Kind;
use crate::object::Object;
use crate::source::Source;

pub(crate) use codes::{
    Code, EUCLIDEAN_DISTANCE, GALLERY_KEY, HAMMING_DISTANCE, INSTANCE_UID, LABEL, LINK, NOVEL,
    OWN_UID, PRECISION, RELEVANCE, SERIES_UID, SIMILAR_CASE, SOURCE_IMAGE, STUDY_UID, SUMMARY,
};
use content::{Relation, code, container, image, number, text, uid};

const KIND: Kind = Kind {
    sop_class: uids::COMPREHENSIVE_SR_STORAGE,
    modality: "SR",
    series_number: "9101",
    description: "Similar cases (not for diagnosis)",
};

/// A report of the similar cases, filed in the study of the query: the bytes of a DICOM file. Cases
/// are referenced by their UIDs as text, and where their SOP class is known as images, too.
///
/// # Errors
/// [`crate::Error::Write`], [`crate::Error::FileMeta`].
pub fn report(answer: &Answer, source: &Source) -> Result<Vec<u8>> {
    let software = &answer.software;
    let object = Object::of_kind(&KIND, source, software, answer.made, &answer.identity());
    let own = evidence(&[(&source.study, &source.series, &source.sop_class, &source.instance)]);
    let others: Vec<_> = answer.neighbors.iter().filter_map(referenced).collect();
    let object = object
        .with_items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new())
        .with_items(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new())
        .with(tags::COMPLETION_FLAG, "COMPLETE")
        .with(tags::VERIFICATION_FLAG, "UNVERIFIED")
        .with(tags::PRELIMINARY_FLAG, "PRELIMINARY")
        .with_items(tags::CODING_SCHEME_IDENTIFICATION_SEQUENCE, vec![codes::own_scheme()])
        .with_items(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, own);
    let object = if others.is_empty() {
        object
    } else {
        object.with_items(tags::PERTINENT_OTHER_EVIDENCE_SEQUENCE, evidence(&others))
    };
    let template =
        Object::new().with(tags::MAPPING_RESOURCE, "DCMR").with(tags::TEMPLATE_IDENTIFIER, "1500");
    object
        .with(tags::VALUE_TYPE, "CONTAINER")
        .with_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![codes::REPORT.item()])
        .with(tags::CONTINUITY_OF_CONTENT, "SEPARATE")
        .with_items(tags::CONTENT_TEMPLATE_SEQUENCE, vec![template])
        .with_items(tags::CONTENT_SEQUENCE, content(answer, source))
        .file()
}

/// TID 1500, in its order.
fn content(answer: &Answer, source: &Source) -> Vec<Object> {
    let library = container(
        Relation::Contains,
        &codes::IMAGE_LIBRARY_GROUP,
        vec![image(None, source.reference())],
    );
    let groups: Vec<_> = answer
        .neighbors
        .iter()
        .enumerate()
        .map(|(place, one)| group(answer, source, place, one))
        .collect();
    let mut items = vec![code(Relation::HasConceptModifier, &codes::LANGUAGE, &codes::ENGLISH)];
    items.extend(observer(answer));
    items.push(text(Relation::HasContext, &codes::INTENDED_USE, USE));
    items.push(code(
        Relation::HasConceptModifier,
        &codes::PROCEDURE_REPORTED,
        &codes::IMAGING_PROCEDURE,
    ));
    items.push(container(Relation::Contains, &codes::IMAGE_LIBRARY, vec![library]));
    if !groups.is_empty() {
        items.push(container(Relation::Contains, &codes::IMAGING_MEASUREMENTS, groups));
    }
    items.push(container(Relation::Contains, &codes::QUALITATIVE_EVALUATIONS, evaluations(answer)));
    items
}

/// TID 1001 to 1004: a device observed.
fn observer(answer: &Answer) -> Vec<Object> {
    let software = &answer.software;
    let device = Identity::of("device", &[software.version.clone(), software.model.clone()]);
    vec![
        code(Relation::HasContext, &codes::OBSERVER_TYPE, &codes::DEVICE),
        uid(Relation::HasContext, &codes::DEVICE_UID, &device.uid()),
        text(Relation::HasContext, &codes::DEVICE_NAME, NAME),
        text(Relation::HasContext, &codes::DEVICE_MANUFACTURER, NAME),
        text(Relation::HasContext, &codes::DEVICE_MODEL, &software.model),
    ]
}

/// TID 4019.
fn algorithm(answer: &Answer) -> Vec<Object> {
    let Answer { software, bits, gallery, .. } = answer;
    let modifier = |name: &Code, value: &str| text(Relation::HasConceptModifier, name, value);
    vec![
        modifier(&codes::ALGORITHM_NAME, NAME),
        modifier(&codes::ALGORITHM_VERSION, &software.version),
        modifier(&codes::ALGORITHM_PARAMETERS, &format!("model {}", software.model)),
        modifier(&codes::ALGORITHM_PARAMETERS, &format!("{bits} bits a code")),
        modifier(&codes::ALGORITHM_PARAMETERS, &format!("{gallery} pictures in the gallery")),
    ]
}

/// TID 1501, of one similar case.
fn group(answer: &Answer, source: &Source, place: usize, neighbor: &Neighbor) -> Object {
    let within = Relation::Contains;
    let tracked = Identity::of("neighbor", &[answer.identity(), vec![place.to_string()]].concat());
    let mut items = vec![
        text(
            Relation::HasContext,
            &codes::TRACKING_IDENTIFIER,
            &format!("Similar case {}", place + 1),
        ),
        uid(Relation::HasContext, &codes::TRACKING_UID, &tracked.uid()),
        code(within, &codes::FINDING, &codes::SIMILAR_CASE),
    ];
    items.extend(algorithm(answer));
    items.push(number(within, &codes::HAMMING_DISTANCE, f64::from(neighbor.distance), &codes::BIT));
    items.push(number(
        within,
        &codes::EUCLIDEAN_DISTANCE,
        f64::from(neighbor.euclidean),
        &codes::NO_UNITS,
    ));
    items.extend(
        neighbor
            .relevance
            .map(|share| number(within, &codes::RELEVANCE, 100.0 * share, &codes::PERCENT)),
    );
    items.extend(neighbor.labels.iter().map(|label| text(within, &codes::LABEL, label)));
    items.extend(neighbor.link.iter().map(|link| text(within, &codes::LINK, link)));
    items.push(image(Some(&codes::SOURCE_OF_MEASUREMENT), source.reference()));
    items.extend(identifiers(neighbor));
    container(within, &codes::MEASUREMENT_GROUP, items)
}

/// Which case it is.
fn identifiers(neighbor: &Neighbor) -> Vec<Object> {
    let names = [&codes::STUDY_UID, &codes::SERIES_UID, &codes::INSTANCE_UID];
    let values = [&neighbor.study, &neighbor.series, &neighbor.instance];
    let known =
        names.into_iter().zip(values).filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let mut items: Vec<_> = known
        .filter(|(_, value)| is_uid(value))
        .map(|(name, value)| uid(Relation::Contains, name, value))
        .collect();
    if let Some((_, _, sop_class, instance)) = referenced(neighbor) {
        items.push(image(Some(&codes::SIMILAR_CASE), Object::reference(sop_class, instance)));
    }
    if items.is_empty() {
        items.push(text(Relation::Contains, &codes::GALLERY_KEY, &neighbor.key));
    }
    items
}

/// The answer as a whole.
fn evaluations(answer: &Answer) -> Vec<Object> {
    let mut items = vec![text(Relation::Contains, &codes::SUMMARY, &answer.summary())];
    items
        .extend(answer.question.iter().map(|line| text(Relation::Contains, &codes::COMMENT, line)));
    let answer_to = |novel| if novel { &codes::YES } else { &codes::NO };
    let share =
        |share| number(Relation::Contains, &codes::PRECISION, 100.0 * share, &codes::PERCENT);
    items.extend(answer.precision.map(share));
    items.extend(
        answer.novel.map(|novel| code(Relation::Contains, &codes::NOVEL, answer_to(novel))),
    );
    items
}

/// Study, series, SOP class and instance.
type Referenced<'a> = (&'a str, &'a str, &'a str, &'a str);

/// A case that can be referenced as an image.
fn referenced(neighbor: &Neighbor) -> Option<Referenced<'_>> {
    let uid = |text: &Option<String>| text.as_deref().filter(|text| is_uid(text)).is_some();
    let Neighbor { study, series, sop_class, instance, .. } = neighbor;
    let all = [study, series, sop_class, instance].into_iter().all(uid);
    all.then_some((
        study.as_deref()?,
        series.as_deref()?,
        sop_class.as_deref()?,
        instance.as_deref()?,
    ))
}

/// Every instance once, below its series and study (PS3.3 C.17.2.1).
fn evidence(instances: &[Referenced<'_>]) -> Vec<Object> {
    let mut studies = BTreeMap::<&str, BTreeMap<&str, BTreeMap<&str, &str>>>::new();
    for &(study, series, sop_class, instance) in instances {
        studies.entry(study).or_default().entry(series).or_default().insert(instance, sop_class);
    }
    let of_series = |(series, instances): (&str, BTreeMap<&str, &str>)| {
        let items = instances
            .into_iter()
            .map(|(instance, sop_class)| Object::reference(sop_class, instance));
        Object::new()
            .with_items(tags::REFERENCED_SOP_SEQUENCE, items.collect())
            .with(tags::SERIES_INSTANCE_UID, series)
    };
    let of_study = |(study, series): (&str, BTreeMap<&str, BTreeMap<&str, &str>>)| {
        Object::new()
            .with_items(
                tags::REFERENCED_SERIES_SEQUENCE,
                series.into_iter().map(of_series).collect(),
            )
            .with(tags::STUDY_INSTANCE_UID, study)
    };
    studies.into_iter().map(of_study).collect()
}
