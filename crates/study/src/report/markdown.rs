//! A page's words and tables as Markdown, for documents that quote them.

use std::fmt::Write;

use answers::html::{Page, Section, Table};

/// Headings, captions and tables; plots and pictures are left out.
pub(crate) fn render(page: &Page) -> String {
    let mut text = format!("# {}\n", page.title);
    for paragraph in &page.intro {
        let _never = write!(text, "\n{paragraph}\n");
    }
    for Section { heading, tables, .. } in
        page.sections.iter().filter(|section| !section.tables.is_empty())
    {
        let _never = write!(text, "\n## {heading}\n");
        text.extend(tables.iter().map(table));
    }
    text
}

fn table(table: &Table) -> String {
    let rule = vec!["---".to_owned(); table.heads.len()];
    let rows = [&table.heads, &rule].into_iter().chain(&table.rows);
    format!("\n{}\n\n{}", table.caption, rows.map(|cells| row(cells)).collect::<String>())
}

fn row(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_quoted_as_it_is() {
        let cells = |text: [&str; 2]| text.map(str::to_owned).to_vec();
        let heads = cells(["method", "mAP"]);
        let tables = vec![Table {
            caption: "Over all".to_owned(),
            heads,
            rows: vec![cells(["a|b", "0.5"])],
        }];
        let section =
            Section { heading: "Figures".to_owned(), tables, plots: vec!["<svg>".to_owned()] };
        let page = Page {
            title: "Methods".to_owned(),
            intro: vec!["Of two.".to_owned()],
            figures: None,
            sections: vec![section],
            answers: Vec::new(),
        };
        let expected = "# Methods\n\nOf two.\n\n## Figures\n\nOver all\n\n| method | mAP |\n| --- | --- |\n| a\\|b | 0.5 |\n";
        assert_eq!(render(&page), expected);
    }
}
