//! The code in the chapters of the book, compiled and run as documentation tests. The text is in
//! `src`; there is nothing else here.

/// Makes a module of each chapter, for the documentation tests alone.
#[cfg(doctest)]
macro_rules! chapters {
    ($($name:ident: $file:literal,)*) => {
        $(#[doc = include_str!(concat!("../src/", $file))] mod $name {})*
    };
}

#[cfg(doctest)]
chapters! {
    introduction: "introduction.md",
    getting_started: "getting-started.md",
    tools: "tools.md",
    policies: "policies.md",
    wire_format: "wire-format.md",
    architecture: "architecture.md",
    style: "style.md",
    diagnostics: "diagnostics.md",
}
