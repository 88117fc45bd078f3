//! Likeness as a table: a row a method, for `eval` and `compare`.

use answers::html::Table;
use retrieval::evaluation::{Figure, Likeness, Recall};

use super::figures::figure;

/// The columns of [`row`]. All methods had the same queries.
pub fn heads(measured: &[Likeness]) -> Vec<String> {
    let mut heads = ["method", "distinct codes", "effective bits", "distinct lists"]
        .map(str::to_owned)
        .to_vec();
    for recall in measured.iter().take(1).flat_map(recalls) {
        heads.extend([format!("{}: first", recall.name), "in ten".to_owned()]);
    }
    let agreement = measured.iter().take(1).flat_map(|likeness| &likeness.agreement);
    heads.extend(
        agreement.flat_map(|a| [format!("{} in class: P@10", a.column), "chance".to_owned()]),
    );
    heads
}

/// A method's measures.
pub fn row(likeness: &Likeness) -> Vec<String> {
    let of = |count: usize, all: usize| format!("{count} of {all}");
    let none = || "-".to_owned();
    let mut row = vec![
        likeness.method.clone(),
        likeness.distinct_codes.map_or_else(none, |count| of(count, likeness.pictures)),
        likeness.participation_ratio.map_or_else(none, |ratio| format!("{ratio:.1}")),
        of(likeness.distinct_lists, likeness.queries),
    ];
    row.extend(
        recalls(likeness).flat_map(|recall| [figure(&recall.first), figure(&recall.in_ten)]),
    );
    let agreement = likeness.agreement.iter();
    row.extend(agreement.flat_map(|a| [figure(&a.p_at_10), value(&a.chance)]));
    row
}

/// The measures of some methods, as a page shows them.
pub fn table(measured: &[Likeness]) -> Table {
    let caption =
        "Likeness: what labels cannot see. Recall of a near copy's original and of another picture of the \
                   patient; agreement among answers with the query's labels"
            .to_owned();
    Table { caption, heads: heads(measured), rows: measured.iter().map(row).collect() }
}

fn recalls(likeness: &Likeness) -> impl Iterator<Item = &Recall> {
    likeness.near_copies.iter().chain(&likeness.same_patient)
}

fn value(figure: &Figure) -> String {
    format!("{:.3}", figure.value)
}
