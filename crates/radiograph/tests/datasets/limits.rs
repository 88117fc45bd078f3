//! Tables that ask for much memory.

use radiograph::dataset::{Dataset, read_boxes};
use std::fs;

#[test]
fn tables_that_would_fill_the_memory_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifest.csv");
    let message = |text: &str| {
        fs::write(&path, text).unwrap();
        Dataset::open(&path).unwrap_err().to_string()
    };
    // Every row would keep the name: 120 KB would become 6 GB.
    let name = "n".repeat(60_000);
    let rows = ",\n".repeat(60_000);
    let said = message(&format!("path,labels,{name}\n{}", rows.replace(',', ",,")));
    assert!(
        said.contains("a column's name of 60000 bytes, expected at most 128"),
        "{}",
        said.len()
    );
    let said = message(&format!("path,labels{}\n", ",a".repeat(100_000)));
    assert!(said.contains("100002 columns, expected at most 256"), "{}", said.len());
    let said = message(&format!("path,labels\n{},chest\n", "a".repeat(20 << 20)));
    assert!(said.contains("1 skipped") && said.len() < 4096, "{} bytes are said", said.len());
    let said = message(&format!("path,labels,split\na,b,{}\n", "t".repeat(1 << 20)));
    assert!(said.contains("split is") && said.len() < 4096, "{} bytes are said", said.len());
    fs::File::create(&path).unwrap().set_len((1 << 30) + 1).unwrap();
    let said = Dataset::open(&path).unwrap_err().to_string();
    assert!(said.contains("1073741825 bytes, expected at most 1073741824"), "{said}");
    // Boxes: numbers that are none, and a label of a megabyte.
    let boxes = |cell: &str| {
        fs::write(&path, format!("path,label,x,y,w,h\na.png,l,{cell},1,1,1\n")).unwrap();
        read_boxes(&path).unwrap_err().to_string()
    };
    for cell in ["NaN", "inf", "-1", "1e99", "", "0x10"] {
        assert!(boxes(cell).contains("x is"), "{cell}");
    }
    assert!(boxes(&"9".repeat(1 << 20)).len() < 4096);
}
