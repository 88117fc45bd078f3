//! Dummy values, for attributes that must have one (D of PS3.15 Table E.1-1a).

use dicom_core::VR;

/// A value of a value representation (PS3.5 6.2). Zeros are the same in both byte orders.
pub(super) fn value(vr: VR) -> &'static [u8] {
    match vr {
        VR::AE | VR::CS | VR::LO | VR::LT | VR::PN | VR::SH | VR::ST | VR::UC | VR::UT => {
            b"REMOVED"
        }
        VR::AS => b"000Y",
        VR::DA => b"19000101",
        VR::DT => b"19000101000000",
        VR::TM => b"000000",
        VR::DS | VR::IS => b"0",
        // A valid one that names nothing (RFC 6761).
        VR::UR => b"http://removed.invalid/",
        VR::US | VR::SS | VR::OB | VR::OW | VR::UN => &[0; 2],
        VR::UL | VR::SL | VR::FL | VR::AT | VR::OF | VR::OL => &[0; 4],
        VR::FD | VR::OD | VR::OV | VR::SV | VR::UV => &[0; 8],
        // Both are written by who knows what they are in place of.
        VR::UI | VR::SQ => &[],
    }
}
