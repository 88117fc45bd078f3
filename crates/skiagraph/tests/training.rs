//! Training end to end on a few samples: reproducible, resumable, and its model is not another's.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{fail, json, pictures, run, subset, succeed, text};
