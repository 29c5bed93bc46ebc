//! Tools as people read them: one line each, in columns.

use serde_json::Value;

use crate::wire::ToolCard;

/// One line for each tool: name, arguments, callers, first line of the description.
pub(super) fn of_tools(cards: &[ToolCard]) -> String {
    let rows: Vec<[String; 4]> = cards.iter().map(row).collect();
    columns(&rows)
}

fn row(card: &ToolCard) -> [String; 4] {
    let streaming = if card.supports_streaming {
        " (streams)"
    } else {
        ""
    };
    let description = card.description.lines().next().unwrap_or_default();
    [
        clean(&card.tool),
        arguments(&card.input_schema),
        callers(card.allowed_callers.as_deref()),
        format!("{}{streaming}", clean(description)),
    ]
}

/// Who may call, for a person.
pub(super) fn callers(allowed: Option<&[String]>) -> String {
    match allowed {
        None => "everybody (open)".to_owned(),
        Some([]) => "nobody".to_owned(),
        Some(callers) => clean(&callers.join(", ")),
    }
}

/// The arguments of a schema, as in `name language?`.
fn arguments(schema: &Value) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return "-".to_owned();
    };
    let names: Vec<String> = properties
        .keys()
        .map(|name| match is_required(schema, name) {
            true => clean(name),
            false => format!("{}?", clean(name)),
        })
        .collect();
    if names.is_empty() {
        return "-".to_owned();
    }
    names.join(" ")
}

/// Whether the schema asks for this property.
pub(super) fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|n| n == name))
}

/// Joins rows in columns, each as wide as its widest cell; the last one is not padded.
pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// What a peer wrote, without control characters that would drive the terminal.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arguments_tell_required_from_optional() {
        let schema = json!({"properties": {"name": {}, "language": {}}, "required": ["name"]});
        assert_eq!(arguments(&schema), "language? name");
        assert_eq!(arguments(&json!({"type": "object"})), "-");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "b", ""], ["long", "c", "d"]].map(|row| row.map(str::to_owned));
        assert_eq!(columns(&rows), "a     b\nlong  c  d\n");
    }

    #[test]
    fn a_peer_cannot_drive_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
    }
}
