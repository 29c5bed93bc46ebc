//! Tools as people read them, in 80 columns.

use serde_json::Value;

use crate::wire::ToolCard;

/// As wide as a terminal is at least. Not asked of the terminal, so that output is the same everywhere.
const WIDTH: usize = 80;

/// Each tool with its arguments, the first line of its description, and its callers.
pub(super) fn of_tools(cards: &[ToolCard]) -> String {
    let tools: Vec<String> = cards.iter().map(of_tool).collect();
    tools.join("\n")
}

fn of_tool(card: &ToolCard) -> String {
    let arguments = arguments(&card.input_schema).join(" ");
    let description = card.description.lines().next().unwrap_or_default();
    let streams = match card.supports_streaming {
        true => "; streams partial results",
        false => "",
    };
    let callers = callers(card.allowed_callers.as_deref());
    [
        hang(&format!("{} {arguments}", clean(&card.tool)), 0, 8),
        hang(&clean(description), 4, 4),
        hang(&format!("callers: {callers}{streams}"), 4, 6),
    ]
    .concat()
}

/// Who may call, for a person.
pub(super) fn callers(allowed: Option<&[String]>) -> String {
    match allowed {
        None => "everybody (open)".to_owned(),
        Some([]) => "nobody".to_owned(),
        Some(callers) => clean(&callers.join(", ")),
    }
}

/// The arguments of a schema, the optional ones in brackets and last, as in `name [language]`.
fn arguments(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let names = || properties.into_iter().flat_map(|names| names.keys());
    let needed = names().filter(|name| is_required(schema, name));
    let optional = names().filter(|name| !is_required(schema, name));
    needed
        .map(|name| clean(name))
        .chain(optional.map(|name| format!("[{}]", clean(name))))
        .collect()
}

/// Whether the schema asks for this property.
pub(super) fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|n| n == name))
}

/// The words of `text`, in lines of at most 80 columns if the words allow; set in by `first` spaces, and
/// by `rest` from the second line on. Nothing for a text without words.
pub(super) fn hang(text: &str, first: usize, rest: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column == 0 {
            out.push_str(&" ".repeat(first));
            column = first + length;
        } else if column + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(&" ".repeat(rest));
            column = rest + length;
        } else {
            out.push(' ');
            column += 1 + length;
        }
        out.push_str(word);
    }
    if column > 0 {
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

/// JSON as it is, except that control characters which JSON lets stand in strings are escaped: a
/// terminal would obey them.
pub(super) fn tame(json: &str) -> String {
    json.chars().fold(String::new(), |mut out, c| {
        if matches!(c, '\u{7f}'..='\u{9f}') {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn needed_arguments_come_first_and_optional_ones_in_brackets() {
        let schema = json!({"properties": {"name": {}, "language": {}}, "required": ["name"]});
        assert_eq!(arguments(&schema), ["name", "[language]"]);
        assert!(arguments(&json!({"type": "object"})).is_empty());
    }

    #[test]
    fn long_texts_hang_within_80_columns() {
        let text = hang(&"word ".repeat(40), 2, 6);
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(text.starts_with("  word ") && text.contains("\n      word "));
        assert_eq!(text.split_whitespace().count(), 40);
        assert_eq!(hang(" ", 4, 4), "");
    }

    #[test]
    fn json_keeps_its_meaning_and_no_control_character() {
        let json = json!({"a": "\u{9b}2J\u{7f}é\u{1b}"}).to_string();
        let tamed = tame(&json);
        assert!(!tamed.contains(char::is_control), "{tamed}");
        let (before, after): (Value, Value) = (
            serde_json::from_str(&json).unwrap(),
            serde_json::from_str(&tamed).unwrap(),
        );
        assert_eq!(before, after);
    }

    #[test]
    fn a_peer_cannot_drive_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
    }
}
