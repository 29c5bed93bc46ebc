//! The matrix as a page: one file, no script, nothing loaded from elsewhere.

use std::fmt::Write as _;

use super::matrix::{LEGEND, label, word};
use crate::acl::{Cell, Matrix};

const STYLE: &str = "\
body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1a1a1a;background:#fff}\
table{border-collapse:collapse}\
th,td{border:1px solid #d0d0d0;padding:.35rem .7rem;text-align:center}\
thead th{position:sticky;top:0;background:#f3f3f3}\
tbody th{text-align:left;background:#f9f9f9;position:sticky;left:0}\
.yes{background:#fff3c4}.bound{background:#d3f2d8}.claimed{background:#ffd9b8}.no{color:#999}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}\
th,td{border-color:#444}thead th,tbody th{background:#222}\
.yes{background:#5c4d00}.bound{background:#0f4a1f}.claimed{background:#6b3a00}}";

/// The page.
pub(super) fn page(matrix: &Matrix) -> String {
    let mut rows = String::new();
    for row in &matrix.tools {
        let name = escape(&label(matrix, row));
        // Writing to a string cannot fail.
        let _ = write!(rows, "<tr><th scope=\"row\">{name}</th>");
        for cell in &row.cells {
            let _ = write!(rows, "<td class=\"{}\">{}</td>", class(*cell), word(*cell));
        }
        rows.push_str("</tr>\n");
    }
    let callers: String = matrix
        .callers
        .iter()
        .map(|caller| format!("<th scope=\"col\">{}</th>", escape(caller)))
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Who may call what</title>\n<style>{STYLE}</style></head>\n<body>\n\
         <h1>Who may call what</h1>\n<p>{LEGEND}</p>\n<table>\n\
         <thead><tr><th scope=\"col\">tool</th>{callers}</tr></thead>\n<tbody>\n{rows}</tbody>\n\
         </table>\n</body>\n</html>\n"
    )
}

fn class(cell: Cell) -> &'static str {
    match cell {
        Cell::Denied => "no",
        Cell::Plain => "claimed",
        Cell::Bound => "bound",
        Cell::Both => "yes",
        Cell::AnyName => "claimed",
    }
}

/// Names hold nothing that HTML takes for its own, but this page does not rely on it.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
