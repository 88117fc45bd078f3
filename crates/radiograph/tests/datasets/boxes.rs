//! Tables of boxes.

use radiograph::Error;
use radiograph::dataset::read_boxes;
use std::fs;

#[test]
fn boxes_are_found_by_the_names_of_items() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boxes.csv");
    let text = "path,label,x,y,w,h\nhip/a.png,fractured,1.5,2,3,4.5\nb.png,mass,0,0,1,1\nhip/a.png,implant,5,6,7,8\n";
    fs::write(&path, text).unwrap();
    let boxes = read_boxes(&path).unwrap();
    let names: Vec<&str> = boxes.keys().map(String::as_str).collect();
    assert_eq!(names, ["b.png", "hip/a.png"]);
    let labels: Vec<&str> = boxes["hip/a.png"].iter().map(|b| b.label.as_str()).collect();
    assert_eq!(labels, ["fractured", "implant"]);
    let first = &boxes["hip/a.png"][0];
    assert_eq!((first.x, first.y, first.width, first.height), (1.5, 2.0, 3.0, 4.5));
}

#[test]
fn what_is_wrong_with_boxes_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boxes.csv");
    for (text, expected) in [
        (
            "path,label,x,y,w\n",
            "no column h, got path, label, x, y, w; expected path as the data set",
        ),
        (
            "path,label,x,y,w,h\na,m,1,1,1,1\na,m,1,1,wide,1\n",
            "row 2: w is \"wide\", expected a number",
        ),
        (
            "path,label,x,y,w,h\na,m,-1,1,1,1\n",
            "row 1: x is \"-1\", expected a number of pixels from 0",
        ),
        (
            "path,label,x,y,w,h\na,m,1,1,1,0\n",
            "row 1: h is \"0\", expected a number of pixels above 0",
        ),
        ("path,label,x,y,w,h\na,m,1,inf,1,1\n", "row 1: y is \"inf\""),
        ("path,label,x,y,w,h\n ,m,1,1,1,1\n", "row 1: path is empty"),
        ("path,label,x,y,w,h\na,m,1\n", "boxes.csv"),
    ] {
        fs::write(&path, text).unwrap();
        let message = read_boxes(&path).unwrap_err().to_string();
        assert!(message.contains(expected) && message.contains("boxes.csv"), "{message}");
    }
    assert!(matches!(read_boxes(&folder.path().join("none.csv")), Err(Error::File { .. })));
}
