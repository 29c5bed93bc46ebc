//! The name rules: what a tool, a server, a namespace and a caller may be called.
//!
//! Names become MQTT topic levels, broker rules and MCP tool names, so every door checks them: the
//! macros at compile time, the builders, every parser of topics and policies. This file depends on
//! nothing and stands byte for byte in both crates; a test keeps the two copies equal.

use core::fmt;

/// The longest name, in bytes; every allowed character is one byte.
pub const MAX_NAME: usize = 64;

/// What is wrong with a name. Its text completes a sentence that begins with the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameFault {
    /// There is no character at all.
    Empty,
    /// There are more than [`MAX_NAME`] bytes.
    TooLong(usize),
    /// A character that is not allowed.
    Character(char),
    /// `/`, `+` or `#`, which would change the meaning of a topic or of a broker rule.
    Topic(char),
    /// A caller that starts with `@`, which marks a group.
    Group,
    /// A caller that ends in `-sub`, which marks the second connection of a client.
    Sub,
    /// A namespace with a level that is empty, as in `a//b`, `/a` or `a/`.
    EmptyLevel,
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("must not be empty"),
            Self::TooLong(n) => write!(f, "has {n} bytes; at most {MAX_NAME} are allowed"),
            Self::Character(' ') => f.write_str("contains a space"),
            Self::Character(c) => write!(f, "contains `{}`", c.escape_default()),
            Self::Topic(c) => write!(
                f,
                "must not contain `{c}`: it becomes part of broker rules and topics"
            ),
            Self::Group => f.write_str("must not start with `@`, which marks a group"),
            Self::Sub => f.write_str("must not end in `-sub`, which marks a second connection"),
            Self::EmptyLevel => f.write_str("has an empty level"),
        }
    }
}

impl core::error::Error for NameFault {}

/// Checks the name of a tool: 1–64 of `A–Z a–z 0–9 _ - .`.
///
/// # Errors
///
/// What is wrong with `name`.
pub fn tool(name: &str) -> Result<(), NameFault> {
    level(name)
}

/// Checks the name of a server or of a server instance: 1–64 of `A–Z a–z 0–9 _ - .`.
///
/// # Errors
///
/// What is wrong with `name`.
pub fn server(name: &str) -> Result<(), NameFault> {
    level(name)
}

/// Checks a namespace: one or more levels of 1–64 of `A–Z a–z 0–9 _ - .`, separated by `/`.
///
/// # Errors
///
/// What is wrong with `name`.
pub fn namespace(name: &str) -> Result<(), NameFault> {
    if name.is_empty() {
        return Err(NameFault::Empty);
    }
    for part in name.split('/') {
        if part.is_empty() {
            return Err(NameFault::EmptyLevel);
        }
        level(part)?;
    }
    Ok(())
}

/// Checks the name of a caller: 1–64 of `A–Z a–z 0–9 _ - . @ : =`, not starting with `@`, not
/// ending in `-sub`.
///
/// # Errors
///
/// What is wrong with `name`.
pub fn caller(name: &str) -> Result<(), NameFault> {
    characters(name, |c| matches!(c, '@' | ':' | '='))?;
    if name.starts_with('@') {
        return Err(NameFault::Group);
    }
    if name.ends_with("-sub") {
        return Err(NameFault::Sub);
    }
    Ok(())
}

fn level(name: &str) -> Result<(), NameFault> {
    characters(name, |_| false)
}

fn characters(name: &str, also: fn(char) -> bool) -> Result<(), NameFault> {
    if name.is_empty() {
        return Err(NameFault::Empty);
    }
    for c in name.chars() {
        match c {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '-' | '.' => {}
            '/' | '+' | '#' => return Err(NameFault::Topic(c)),
            c if also(c) => {}
            c => return Err(NameFault::Character(c)),
        }
    }
    if name.len() > MAX_NAME {
        return Err(NameFault::TooLong(name.len()));
    }
    Ok(())
}
