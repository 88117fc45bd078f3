//! Writes the picture: its own bytes, and none of those that lie beside it.

use dicom::{Element, Layout, Order};
use dicom_core::VR;

use super::Rewriter;
use crate::deidentify::dictionary::stated_vr;
use crate::deidentify::pixels::{self, Shape};
use crate::error::Result;

impl Rewriter<'_> {
    /// Writes the picture once, and only if the data set says how it is stored.
    ///
    /// # Errors
    /// If it is compressed, and its frames do not parse.
    pub(super) fn picture(
        &mut self,
        layout: Layout,
        element: &Element,
        value: &[u8],
    ) -> Result<()> {
        match self.summary.shape.filter(|_| !self.pictured) {
            None => self.report.note_wrong_form(element.tag),
            Some(shape) if element.length.is_some() => {
                self.native_pixels(layout, element, value, &shape)?;
            }
            Some(shape) => self.fragments(layout, element, value, &shape)?,
        }
        self.pictured = true;
        Ok(())
    }

    fn native_pixels(
        &mut self,
        layout: Layout,
        element: &Element,
        value: &[u8],
        shape: &Shape,
    ) -> Result<()> {
        pixels::check_native(self.transfer_syntax)?;
        let vr = stated_vr(element);
        let cut = shape.cut(value, layout.order == Order::Big && vr == VR::OW);
        // One byte may pad it to an even number.
        let padded = value.len().min(cut.len().next_multiple_of(2));
        self.report.beside_pixels += (value.len() - padded) as u64;
        self.writer.element(layout, element.tag, vr, cut);
        Ok(())
    }

    fn fragments(
        &mut self,
        layout: Layout,
        element: &Element,
        value: &[u8],
        shape: &Shape,
    ) -> Result<()> {
        let fragments = pixels::scrub(value, layout, self.transfer_syntax, shape)?;
        self.report.beside_pixels += fragments.blanked();
        self.writer.open_sequence(layout, element.tag, VR::OB);
        self.writer.fragment(layout, &fragments.offset_table());
        fragments.iter().for_each(|fragment| self.writer.fragment(layout, fragment));
        self.writer.close_sequence(layout);
        Ok(())
    }
}
