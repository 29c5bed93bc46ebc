//! `acl matrix`: callers and tools, on a terminal or as a page.

use std::path::PathBuf;

use clap::Args;

use super::super::Program;
use super::super::exit::Exit;
use super::super::files::{Readers, print, write_file};
use super::super::table::hang;
use super::html;
use super::scope::SourceArgs;
use crate::acl::{Cell, Matrix, ToolRow};

#[derive(Debug, Args)]
pub(super) struct MatrixArgs {
    /// Write a page for a browser to this file, complete in itself
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    #[command(flatten)]
    source: SourceArgs,
}

pub(super) fn run(program: Option<&Program>, args: &MatrixArgs) -> Result<(), Exit> {
    let matrix = args.source.policy(program)?.matrix();
    match &args.html {
        Some(path) => {
            write_file("--html", path, &html::page(&matrix), Readers::Same).map_err(Exit::failure)
        }
        None => print(&text(&matrix)).map_err(Exit::failure),
    }
}

/// How a cell reads.
pub(super) fn word(cell: Cell) -> &'static str {
    match cell {
        Cell::Denied => "-",
        Cell::Plain => "claimed",
        Cell::Bound => "bound",
        Cell::Both => "yes",
        Cell::AnyName => "ANY NAME",
    }
}

/// What the words mean.
pub(super) const LEGEND: &str = "\
bound: may call, only under its own name; yes: may call, also on the plain topic, where the name is \
a claim; claimed: only there; ANY NAME: may call as anybody, by a rule with a wildcard; -: may not call; open: any authenticated identity may call";

/// How the tool is called in a table: with its namespace only where there are several.
pub(super) fn label(matrix: &Matrix, row: &ToolRow) -> String {
    let several = matrix.tools.iter().any(|r| r.namespace != row.namespace);
    let open = if row.open { " (open)" } else { "" };
    match several {
        true => format!("{}:{}{open}", row.namespace, row.tool),
        false => format!("{}{open}", row.tool),
    }
}

/// Tools are rows, callers are columns, each as wide as its widest cell.
fn text(matrix: &Matrix) -> String {
    let head = std::iter::once(String::new()).chain(matrix.callers.iter().cloned());
    let mut rows: Vec<Vec<String>> = vec![head.collect()];
    for row in &matrix.tools {
        let cells = row.cells.iter().map(|cell| word(*cell).to_owned());
        rows.push(std::iter::once(label(matrix, row)).chain(cells).collect());
    }
    let mut widths = vec![0; matrix.callers.len() + 1];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.len().max(*width);
        }
    }
    let mut out = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    format!("{out}\n{}", hang(LEGEND, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::{Policy, Scope};
    use crate::tool::{Registry, Tool, ToolContext};

    fn matrix(namespaces: &[&str]) -> Matrix {
        let tool = Tool::builder("greet")
            .allowed_callers(["scout"])
            .handler(|(): (), _: ToolContext| async { Ok::<_, String>(()) })
            .build()
            .unwrap();
        let tools = Registry::empty().add(tool).unwrap();
        let policies: Vec<(&str, Policy)> = namespaces
            .iter()
            .map(|ns| (*ns, Policy::derive(&Scope::new(*ns, "s"), &tools).unwrap()))
            .collect();
        let named = policies.iter().map(|(name, policy)| (*name, policy));
        Policy::merge(named).unwrap().matrix()
    }

    #[test]
    fn tools_are_rows_and_callers_are_columns() {
        let text = text(&matrix(&["demo"]));
        let lines: Vec<&str> = text.lines().take(2).collect();
        assert_eq!(lines, ["       scout", "greet  yes"]);
        assert!(text.lines().all(|line| line.len() <= 80));
    }

    #[test]
    fn namespaces_are_named_where_there_are_several() {
        assert!(text(&matrix(&["a", "b"])).contains("\nb:greet"));
    }

    #[test]
    fn a_page_is_complete_in_itself() {
        let page = html::page(&matrix(&["demo"]));
        assert!(page.contains("<th scope=\"col\">scout</th>") && page.contains(">yes</td>"));
        assert!(!page.contains("http") && !page.contains("<script"));
    }
}
