//! `acl matrix`: callers and tools, on a terminal or as a page.

use std::path::PathBuf;

use clap::Args;

use super::super::Program;
use super::super::exit::Exit;
use super::super::files::{print, write_file};
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
        Some(path) => write_file("--html", path, &html::page(&matrix)).map_err(Exit::failure),
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
    let labels: Vec<String> = matrix.tools.iter().map(|row| label(matrix, row)).collect();
    let first = labels.iter().map(String::len).max().unwrap_or_default();
    let width = |caller: &String| caller.len().max("ANY NAME".len());
    let mut out = format!("{:first$}", "");
    for caller in &matrix.callers {
        out.push_str(&format!("  {caller:<width$}", width = width(caller)));
    }
    for (label, row) in labels.iter().zip(&matrix.tools) {
        out.truncate(out.trim_end_matches(' ').len());
        out.push_str(&format!("\n{label:<first$}"));
        for (caller, cell) in matrix.callers.iter().zip(&row.cells) {
            let word = word(*cell);
            out.push_str(&format!("  {word:<width$}", width = width(caller)));
        }
    }
    out.truncate(out.trim_end_matches(' ').len());
    format!("{out}\n\n{}", hang(LEGEND, 0, 0))
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
