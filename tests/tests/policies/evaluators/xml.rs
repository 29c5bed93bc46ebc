//! XML as far as a `credentials.xml` has it: elements without attributes, text, comments.

#[derive(Debug, Default)]
pub struct Element {
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub fn one<'a>(&'a self, name: &'a str) -> Option<&'a Self> {
        self.all(name).next()
    }

    pub fn text_of<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        Some(self.one(name)?.text.trim())
    }
}

/// The root element.
pub fn read(text: &str) -> Element {
    let mut rest = text.split_once("?>").unwrap().1.to_owned();
    while let Some((before, after)) = rest.split_once("<!--") {
        let (comment, after) = after.split_once("-->").unwrap();
        assert!(
            !comment.contains("--"),
            "a comment may not hold two hyphens"
        );
        rest = format!("{before}{after}");
    }
    let mut open = vec![Element::default()];
    for part in rest.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        assert!(!text.contains('&') && !tag.contains([' ', '&']), "{part}");
        match tag.strip_prefix('/') {
            None => open.push(Element {
                name: tag.to_owned(),
                text: text.to_owned(),
                children: Vec::new(),
            }),
            Some(name) => {
                let element = open.pop().unwrap();
                assert_eq!(element.name, name);
                open.last_mut().unwrap().children.push(element);
            }
        }
    }
    let [document] = open.try_into().unwrap();
    let [root] = document.children.try_into().unwrap();
    root
}
