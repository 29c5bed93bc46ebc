//! Rust files as tokens, so that neither comments, nor strings, nor test code are mistaken for code.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A token, the brackets of groups included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    /// From 1.
    pub line: usize,
}

/// The tokens of `text`, without items under `#[cfg(test)]`.
pub fn of(text: &str) -> Result<Vec<Token>> {
    let stream: TokenStream = text.parse().map_err(|error| anyhow!("no Rust: {error}"))?;
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    Ok(tokens)
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let is_attribute = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '#');
        if is_attribute && trees.peek().is_some_and(is_cfg_test) {
            // The rest of the item: up to its body or its semicolon.
            for rest in trees.by_ref() {
                match rest {
                    TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
                    TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                    _ => {}
                }
            }
            continue;
        }
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::None => ("", ""),
                };
                tokens.push(Token {
                    text: open.to_owned(),
                    line: group.span_open().start().line,
                });
                flatten(group.stream(), tokens);
                tokens.push(Token {
                    text: close.to_owned(),
                    line: group.span_close().start().line,
                });
            }
            other => tokens.push(Token {
                text: other.to_string(),
                line: other.span().start().line,
            }),
        }
    }
}

fn is_cfg_test(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Group(group) if group.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// The lines on which the tokens `wanted` follow each other.
pub fn lines_with(tokens: &[Token], wanted: &[&str]) -> Vec<usize> {
    tokens
        .windows(wanted.len())
        .filter(|window| {
            window
                .iter()
                .zip(wanted)
                .all(|(token, text)| token.text == *text)
        })
        .filter_map(|window| window.first().map(|token| token.line))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> String {
        let tokens = of(text).unwrap();
        tokens
            .into_iter()
            .map(|token| token.text)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn comments_vanish_and_strings_stay_strings() {
        assert_eq!(
            texts("fn a() { /* b */ \"c()\" } // d"),
            "fn a ( ) { \"c()\" }"
        );
    }

    #[test]
    fn test_code_vanishes() {
        assert_eq!(
            texts("fn a() {} #[cfg(test)] mod tests { fn b() {} } fn c() {}"),
            "fn a ( ) { } fn c ( ) { }"
        );
        assert_eq!(texts("#[cfg(test)]\nmod tests;\nfn c() {}"), "fn c ( ) { }");
        assert_eq!(
            texts("#[cfg(test)] #[allow(x)] mod t { } #[cfg(unix)] fn c();"),
            "# [ cfg ( unix ) ] fn c ( ) ;"
        );
    }

    #[test]
    fn a_run_of_tokens_is_found_with_its_line() {
        let tokens = of("a\n.unwrap\n()").unwrap();
        assert_eq!(lines_with(&tokens, &[".", "unwrap", "("]), [2]);
    }
}
