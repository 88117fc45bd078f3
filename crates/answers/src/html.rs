//! One self-contained page: queries, their neighbours, and where the network looked. It has no
//! script and sends no request.

use std::collections::HashSet;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

const STYLE: &str = include_str!("page.css");

/// A page of answers.
pub struct Page {
    /// The page's heading.
    pub title: String,
    /// A description of the page's contents, in paragraphs.
    pub intro: Vec<String>,
    /// A table under the introduction.
    pub figures: Option<Table>,
    /// Tables and plots, before the answers.
    pub sections: Vec<Section>,
    /// Queries and their neighbours, at the end.
    pub answers: Vec<Answer>,
}

/// Tables and plots under a heading.
pub struct Section {
    /// The heading.
    pub heading: String,
    /// Tables, before the plots.
    pub tables: Vec<Table>,
    /// SVG of this program's own, which goes into the page unescaped.
    pub plots: Vec<String>,
}

/// A table of measured figures.
pub struct Table {
    /// The text above it.
    pub caption: String,
    /// The columns' heads.
    pub heads: Vec<String>,
    /// The cells, row by row.
    pub rows: Vec<Vec<String>>,
}

/// A query, of one picture or several, and its neighbours, nearest first.
pub struct Answer {
    /// The query's pictures.
    pub queries: Vec<Card>,
    /// The neighbours, nearest first.
    pub neighbors: Vec<Card>,
}

/// One picture with its saliency and its record.
pub struct Card {
    /// The picture's name.
    pub name: String,
    /// Its labels.
    pub labels: Vec<Label>,
    /// The distance, such as "distance 12 of 64 bits"; `None` on a query.
    pub distance: Option<String>,
    /// The picture as JPEG bytes.
    pub plain: Vec<u8>,
    /// The same picture under its saliency map, as JPEG bytes.
    pub map: Vec<u8>,
}

/// A label, and whether query and neighbour share it.
pub struct Label {
    /// The label.
    pub text: String,
    /// True if the query has it, too.
    pub shared: bool,
}

/// The page as HTML. Answers beyond `max_bytes` are left out, and the page says how many.
pub fn render(page: &Page, max_bytes: usize) -> String {
    let mut body = String::new();
    let mut shown = 0;
    for (number, answer) in page.answers.iter().enumerate() {
        let section = section(number + 1, answer);
        if body.len() + section.len() > max_bytes {
            break;
        }
        body += &section;
        shown += 1;
    }
    if shown < page.answers.len() {
        let all = page.answers.len();
        let _ = write!(
            body,
            "<p>Only {shown} of {all} queries are drawn, to keep this page small.</p>"
        );
    }
    let title = escape(&page.title);
    let intro: String =
        page.intro.iter().map(|text| format!("<p>{}</p>\n", escape(text))).collect();
    let figures = page.figures.as_ref().map(table).unwrap_or_default();
    let sections: String = page.sections.iter().map(tables_and_plots).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n{intro}{figures}</header>\n{sections}\
         <input type=\"checkbox\" id=\"saliency\" checked>\n\
         <div class=\"switch\"><label for=\"saliency\">Show where the network looked</label></div>\n\
         <main>\n{body}</main>\n</body>\n</html>\n"
    )
}

fn tables_and_plots(section: &Section) -> String {
    let tables: String = section.tables.iter().map(table).collect();
    let plots: String = section.plots.iter().map(|plot| format!("<div>{plot}</div>\n")).collect();
    let heading = escape(&section.heading);
    format!(
        "<section>\n<h2>{heading}</h2>\n{tables}<div class=\"plots\">\n{plots}</div>\n</section>\n"
    )
}

fn table(figures: &Table) -> String {
    let heads: String = figures
        .heads
        .iter()
        .map(|head| format!("<th scope=\"col\">{}</th>", escape(head)))
        .collect();
    let row = |cells: &Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = figures.rows.iter().map(row).collect();
    let caption = escape(&figures.caption);
    format!(
        "<div class=\"figures\"><table>\n<caption>{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

fn section(number: usize, answer: &Answer) -> String {
    let names: Vec<&str> = answer.queries.iter().map(|query| query.name.as_str()).collect();
    let name = escape(&names.join(" + "));
    let queries: String =
        answer.queries.iter().map(|query| card("query", "Query", query)).collect();
    let neighbors: String = answer
        .neighbors
        .iter()
        .enumerate()
        .map(|(rank, neighbor)| {
            card(likeness(answer, neighbor), &format!("Neighbour {}", rank + 1), neighbor)
        })
        .collect();
    format!(
        "<section aria-labelledby=\"q{number}\">\n<h2 id=\"q{number}\">Query {number}: {name}</h2>\n\
         <ul class=\"answer\">\n{queries}{neighbors}</ul>\n</section>\n"
    )
}

/// The CSS class for the share of the query's labels that a neighbour has: all, some, or none. A
/// chest shares "chest" with every chest.
fn likeness(answer: &Answer, neighbor: &Card) -> &'static str {
    let asked: HashSet<&str> = answer
        .queries
        .iter()
        .flat_map(|query| &query.labels)
        .map(|label| label.text.as_str())
        .collect();
    match neighbor.labels.iter().filter(|label| label.shared).count() {
        0 => "other",
        shared if shared == asked.len() => "match",
        _ => "part",
    }
}

fn card(class: &str, heading: &str, card: &Card) -> String {
    let labels: Vec<_> = card.labels.iter().map(|label| label.text.as_str()).collect();
    let described = match labels.is_empty() {
        true => escape(&format!("{heading}: {}", card.name)),
        false => escape(&format!("{heading}: {}, labelled {}", card.name, labels.join(", "))),
    };
    let marked: Vec<_> = card
        .labels
        .iter()
        .map(|label| match (escape(&label.text), label.shared) {
            (text, true) => format!("<b>✓&nbsp;{text}</b>"),
            (text, false) => text,
        })
        .collect();
    let distance =
        card.distance.as_ref().map(|text| format!("<br>{}", escape(text))).unwrap_or_default();
    let labels =
        if marked.is_empty() { String::new() } else { format!("<br>{}", marked.join(", ")) };
    format!(
        "<li class=\"{class}\"><figure>\
         <img class=\"plain\" alt=\"{described}\" src=\"data:image/jpeg;base64,{plain}\">\
         <img class=\"map\" alt=\"{described}, with its saliency map\" src=\"data:image/jpeg;base64,{map}\">\
         <figcaption><span class=\"quiet\">{heading} · {name}</span>{labels}{distance}</figcaption>\
         </figure></li>\n",
        plain = BASE64.encode(&card.plain),
        map = BASE64.encode(&card.map),
        // The heading of a query names its folder; there is no room for it under a small picture.
        name = escape(card.name.rsplit(['/', '\\']).next().unwrap_or(&card.name)),
    )
}

/// Escapes text so that it cannot become markup: names and labels come from files.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(name: &str, shared: bool) -> Card {
        let label = Label { text: "hip".to_owned(), shared };
        Card {
            name: name.to_owned(),
            labels: vec![label],
            distance: None,
            plain: vec![1, 2],
            map: vec![3],
        }
    }

    fn page(answers: usize) -> Page {
        let answer = || Answer {
            queries: vec![picture("<script>q", false)],
            neighbors: vec![picture("n", true)],
        };
        Page {
            title: "A & B".to_owned(),
            intro: vec!["Hello".to_owned()],
            figures: None,
            sections: Vec::new(),
            answers: (0..answers).map(|_| answer()).collect(),
        }
    }

    #[test]
    fn names_cannot_become_markup_and_nothing_is_fetched() {
        let html = render(&page(1), usize::MAX);
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("http:") && !html.contains("https:"), "{html}");
        assert!(html.contains("&lt;script&gt;q") && html.contains("A &amp; B"));
    }

    #[test]
    fn each_picture_has_a_text_and_a_match_is_marked_by_more_than_colour() {
        let html = render(&page(1), usize::MAX);
        assert_eq!(html.matches("<img").count(), html.matches("alt=\"").count());
        assert!(html.contains("✓&nbsp;hip") && html.contains("class=\"match\""));
    }

    #[test]
    fn a_page_that_grows_too_large_says_what_it_leaves_out() {
        let html = render(&page(3), 1_500);
        assert!(html.contains("of 3 queries are drawn"), "{html}");
    }
}
