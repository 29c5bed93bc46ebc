//! As much of PCRE as permissions use: pcrepattern(3), sections "Circumflex and dollar", "Full stop",
//! "Square brackets", "Vertical bar", "Repetition", "Simple assertions". Anything else panics.

enum Node {
    Start,
    End,
    Never,
    /// Whether it is negated, and its characters.
    Class(bool, Vec<char>),
    Group(Vec<Vec<Self>>),
    Star(Box<Self>),
    Maybe(Box<Self>),
}

pub struct Regex(Vec<Vec<Node>>);

impl Regex {
    pub fn parse(text: &str) -> Self {
        // Without it `.` would not match a newline.
        let dotall = text.strip_prefix("(?s)");
        let text = dotall.unwrap_or(text);
        assert!(dotall.is_some() || !text.contains(".*"), "{text}");
        let mut rest: Vec<char> = text.chars().rev().collect();
        let regex = Self(alternatives(&mut rest));
        assert!(rest.is_empty(), "{text}");
        regex
    }

    pub fn is_found_in(&self, subject: &str) -> bool {
        let subject: Vec<char> = subject.chars().collect();
        let mut starts = 0..=subject.len();
        starts.any(|at| any(&self.0, &subject, at, &|_| true))
    }
}

fn alternatives(rest: &mut Vec<char>) -> Vec<Vec<Node>> {
    let mut all = vec![Vec::new()];
    while let Some(next) = rest.last().copied() {
        match next {
            ')' => break,
            '|' => {
                rest.pop();
                all.push(Vec::new());
            }
            _ => {
                let node = node(rest);
                all.last_mut().unwrap().push(node);
            }
        }
    }
    all
}

fn node(rest: &mut Vec<char>) -> Node {
    let atom = match rest.pop().unwrap() {
        '^' => Node::Start,
        '.' => Node::Class(true, Vec::new()),
        '\\' => match rest.pop().unwrap() {
            'z' => Node::End,
            c if c.is_ascii_punctuation() => Node::Class(false, vec![c]),
            c => panic!("\\{c}"),
        },
        '[' => {
            let negated = rest.pop_if(|c| *c == '^').is_some();
            let mut class = Vec::new();
            loop {
                match rest.pop().unwrap() {
                    ']' => break Node::Class(negated, class),
                    c => {
                        assert!(!"\\[-".contains(c), "{c}");
                        class.push(c);
                    }
                }
            }
        }
        '(' => {
            assert_eq!(rest.pop(), Some('?'));
            match rest.pop().unwrap() {
                ':' => {
                    let group = alternatives(rest);
                    assert_eq!(rest.pop(), Some(')'));
                    Node::Group(group)
                }
                '!' => {
                    assert_eq!(rest.pop(), Some(')'));
                    Node::Never
                }
                c => panic!("(?{c}"),
            }
        }
        c => {
            assert!(!"$*+?{".contains(c), "{c}");
            Node::Class(false, vec![c])
        }
    };
    match rest.last() {
        Some('*') => {
            rest.pop();
            Node::Star(Box::new(atom))
        }
        Some('?') => {
            rest.pop();
            Node::Maybe(Box::new(atom))
        }
        _ => atom,
    }
}

type Then<'a> = &'a dyn Fn(usize) -> bool;

fn any(all: &[Vec<Node>], subject: &[char], at: usize, then: Then<'_>) -> bool {
    all.iter().any(|nodes| sequence(nodes, subject, at, then))
}

fn sequence(nodes: &[Node], subject: &[char], at: usize, then: Then<'_>) -> bool {
    match nodes.split_first() {
        None => then(at),
        Some((first, rest)) => one(first, subject, at, &|at| sequence(rest, subject, at, then)),
    }
}

fn one(node: &Node, subject: &[char], at: usize, then: Then<'_>) -> bool {
    match node {
        Node::Never => false,
        Node::Start => at == 0 && then(at),
        Node::End => at == subject.len() && then(at),
        Node::Class(negated, class) => {
            let next = subject.get(at);
            next.is_some_and(|c| class.contains(c) != *negated) && then(at + 1)
        }
        Node::Group(all) => any(all, subject, at, then),
        Node::Maybe(node) => one(node, subject, at, then) || then(at),
        Node::Star(node) => {
            let again = |next| next > at && one_or_more(node, subject, next, then);
            then(at) || one(node, subject, at, &again)
        }
    }
}

fn one_or_more(node: &Node, subject: &[char], at: usize, then: Then<'_>) -> bool {
    then(at)
        || one(node, subject, at, &|next| {
            next > at && one_or_more(node, subject, next, then)
        })
}

#[test]
fn a_regular_expression_is_read_as_pcre_does() {
    for (regex, subject, expected) in [
        ("b", "abc", true),
        ("^b", "abc", false),
        ("(?s)^a\\.(?:b|c(?:\\.d)?)\\z", "a.c.d", true),
        ("(?s)^a\\.(?:b|c(?:\\.d)?)\\z", "a.b.d", false),
        ("^a\\.b\\z", "axb", false),
        ("^a\\z", "a\n", false),
        ("(?s)^a(?:\\..*)?\\z", "a.b\nc", true),
        ("^[^.#]*x\\z", "aax", true),
        ("^[^.#]*x\\z", "a.x", false),
        ("^q[01]\\z", "q1", true),
        ("(?!)", "", false),
    ] {
        let found = Regex::parse(regex).is_found_in(subject);
        assert_eq!(found, expected, "{regex} in {subject}");
    }
}
