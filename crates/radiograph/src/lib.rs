//! radiograph
