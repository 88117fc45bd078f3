//! Data sets of every layout, what is wrong with them, and how they are cut.
#![expect(clippy::unwrap_used, reason = "tests")]

mod boxes;
mod cells;
mod cuts;
mod layouts;
mod limits;
mod parquet_tables;

use radiograph::dataset::Dataset;
use std::fs;
use std::path::Path;

fn picture(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::GrayImage::from_pixel(4, 4, image::Luma([9])).save(path).unwrap();
}

/// A data set of one folder whose pictures all exist.
fn listed(folder: &Path, header: &str, rows: &[&str]) -> Dataset {
    for row in rows {
        picture(&folder.join(row.split(',').next().unwrap()));
    }
    fs::write(folder.join("manifest.csv"), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    Dataset::open(&folder.join("manifest.csv")).unwrap()
}
