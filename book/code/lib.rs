//! The code in the chapters of the book and in the README files, compiled and run as documentation
//! tests. The text is in `src` and in those files; there is nothing else here.

/// Makes a module of each file, for the documentation tests alone.
#[cfg(doctest)]
macro_rules! chapters {
    ($($name:ident: $file:literal,)*) => {
        $(#[doc = include_str!(concat!("../src/", $file))] mod $name {})*
    };
}

#[cfg(doctest)]
chapters! {
    readme: "../../README.md",
    readme_of_the_crate: "../../mcp-mqtt/README.md",
    readme_of_the_macros: "../../mcp-mqtt-macros/README.md",
    introduction: "introduction.md",
    getting_started: "getting-started.md",
    tools: "tools.md",
    client: "client.md",
    policies: "policies.md",
    operation: "operation.md",
    observing: "observing.md",
    wire_format: "wire-format.md",
    architecture: "architecture.md",
    style: "style.md",
    diagnostics: "diagnostics.md",
}
