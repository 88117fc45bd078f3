//! skiagraph
fn main() {}
