//! Erlang terms as `file:consult` reads them, as far as an `acl.conf` has them (Erlang Reference
//! Manual, "Data Types" and "Character Set and Source File Encoding").

use std::iter::Peekable;
use std::str::Chars;

#[derive(Debug)]
pub enum Term {
    Atom(String),
    Text(String),
    Tuple(Vec<Term>),
    List(Vec<Term>),
}

impl Term {
    pub fn atom(&self) -> &str {
        match self {
            Self::Atom(text) => text,
            other => panic!("no atom: {other:?}"),
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("no string: {other:?}"),
        }
    }

    pub fn tuple(&self) -> &[Self] {
        match self {
            Self::Tuple(parts) => parts,
            other => panic!("no tuple: {other:?}"),
        }
    }

    pub fn list(&self) -> &[Self] {
        match self {
            Self::List(parts) => parts,
            other => panic!("no list: {other:?}"),
        }
    }
}

/// Terms, each of which ends in a full stop.
pub fn terms(text: &str) -> Vec<Term> {
    let mut reader = Reader(text.chars().peekable());
    let mut terms = Vec::new();
    while reader.peek().is_some() {
        terms.push(reader.term());
        assert_eq!(reader.peek(), Some('.'));
        reader.0.next();
    }
    terms
}

struct Reader<'a>(Peekable<Chars<'a>>);

impl Reader<'_> {
    /// The next character that is neither space nor comment.
    fn peek(&mut self) -> Option<char> {
        loop {
            match self.0.peek().copied() {
                Some(c) if c.is_whitespace() => drop(self.0.next()),
                Some('%') => drop(self.0.find(|c| *c == '\n')),
                other => return other,
            }
        }
    }

    fn term(&mut self) -> Term {
        match self.peek().unwrap() {
            '{' => Term::Tuple(self.several('}')),
            '[' => Term::List(self.several(']')),
            '"' => Term::Text(self.quoted()),
            '\'' => Term::Atom(self.quoted()),
            first => {
                assert!(first.is_ascii_lowercase(), "an atom begins with {first}");
                let mut atom = String::new();
                while let Some(c) = self.0.next_if(|c| c.is_alphanumeric() || "_@".contains(*c)) {
                    atom.push(c);
                }
                Term::Atom(atom)
            }
        }
    }

    fn several(&mut self, end: char) -> Vec<Term> {
        self.0.next();
        let mut terms = Vec::new();
        if self.peek() == Some(end) {
            self.0.next();
            return terms;
        }
        loop {
            terms.push(self.term());
            self.peek();
            match self.0.next().unwrap() {
                ',' => {}
                c if c == end => return terms,
                c => panic!("{c} after {terms:?}"),
            }
        }
    }

    fn quoted(&mut self) -> String {
        let end = self.0.next().unwrap();
        let mut text = String::new();
        loop {
            match self.0.next().unwrap() {
                c if c == end => return text,
                '\\' => match self.0.next().unwrap() {
                    c @ ('\\' | '"' | '\'') => text.push(c),
                    c => panic!("\\{c}"),
                },
                c => text.push(c),
            }
        }
    }
}
