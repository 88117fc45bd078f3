//! Kinds of DICOM objects that we write, and the modules that all of them share.

use chrono::{DateTime, FixedOffset};
use dicom_dictionary_std::tags;

use crate::answer::{NAME, Software};
use crate::derived::Identity;
use crate::object::Object;
use crate::source::Source;

/// The kind of an object that we write.
pub(crate) struct Kind {
    pub(crate) sop_class: &'static str,
    pub(crate) modality: &'static str,
    pub(crate) series_number: &'static str,
    pub(crate) description: &'static str,
}

impl Object {
    /// An object with the modules that all have: patient, study, series, equipment, SOP common
    /// (PS3.3 C.7, C.12.1). `parts` tell the instance from others of its series. A series is that
    /// of a query, a model and a kind.
    pub(crate) fn of_kind(
        kind: &Kind,
        source: &Source,
        software: &Software,
        made: DateTime<FixedOffset>,
        parts: &[String],
    ) -> Self {
        let of_series = [source.study.clone(), source.instance.clone(), software.model.clone()];
        let series = Identity::of(&format!("{} series", kind.description), &of_series);
        let own = [&of_series[..], parts].concat();
        let made = source.in_its_zone(made);
        let (date, time) = (made.format("%Y%m%d").to_string(), made.format("%H%M%S").to_string());
        source
            .file(Self::new().with(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192"))
            .with(tags::SOP_CLASS_UID, kind.sop_class)
            .with(tags::SOP_INSTANCE_UID, &Identity::of(kind.description, &own).uid())
            .with(tags::INSTANCE_CREATION_DATE, &date)
            .with(tags::INSTANCE_CREATION_TIME, &time)
            .with(tags::CONTENT_DATE, &date)
            .with(tags::CONTENT_TIME, &time)
            .with(tags::MODALITY, kind.modality)
            .with(tags::SERIES_INSTANCE_UID, &series.uid())
            .with(tags::SERIES_NUMBER, kind.series_number)
            .with(tags::SERIES_DESCRIPTION, kind.description)
            .with(tags::INSTANCE_NUMBER, "1")
            .with(tags::MANUFACTURER, NAME)
            .with(tags::MANUFACTURER_MODEL_NAME, NAME)
            .with(tags::DEVICE_SERIAL_NUMBER, &software.model)
            .with(tags::SOFTWARE_VERSIONS, &software.version)
    }
}
