//! Writes the picture: its own bytes, and none of those that lie beside it.

use dicom_core::VR;

use super::Rewriter;
use crate::deidentify::pixels::{self, Shape};
use crate::deidentify::reader::{Element, Form};
use crate::error::Result;

impl Rewriter<'_> {
    /// Writes the picture once, and only if the data set says how it is stored.
    ///
    /// # Errors
    /// If it is compressed, and its frames do not parse.
    pub(super) fn picture(&mut self, form: Form, element: &Element, value: &[u8]) -> Result<()> {
        match self.facts.shape.filter(|_| !self.pictured) {
            None => self.report.note_wrong_form(element.tag),
            Some(shape) if element.length.is_some() => {
                self.native_pixels(form, element, value, &shape)?;
            }
            Some(shape) => self.fragments(form, element, value, &shape)?,
        }
        self.pictured = true;
        Ok(())
    }

    fn native_pixels(
        &mut self,
        form: Form,
        element: &Element,
        value: &[u8],
        shape: &Shape,
    ) -> Result<()> {
        pixels::check_native(self.transfer_syntax)?;
        let cut = shape.cut(value, form == Form::Big && element.vr == VR::OW);
        // One byte may pad it to an even number.
        let padded = value.len().min(cut.len().next_multiple_of(2));
        self.report.beside_pixels += (value.len() - padded) as u64;
        self.writer.element(form, element.tag, element.vr, cut)
    }

    fn fragments(
        &mut self,
        form: Form,
        element: &Element,
        value: &[u8],
        shape: &Shape,
    ) -> Result<()> {
        let fragments = pixels::scrub(element, value, self.transfer_syntax, shape)?;
        self.report.beside_pixels += fragments.blanked();
        self.writer.open_sequence(form, element.tag, VR::OB)?;
        self.writer.fragment(form, &fragments.offset_table());
        fragments.iter().for_each(|fragment| self.writer.fragment(form, fragment));
        self.writer.close_sequence(form);
        Ok(())
    }
}
