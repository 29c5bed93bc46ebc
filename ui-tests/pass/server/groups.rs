//! Groups of callers: in any order of the keys, with names of every kind, and what they stand for.

use mcp_mqtt::tool;
use mcp_mqtt::tool::Registry;

/// For a group, and for one more.
#[tool(allowed_callers = ["@field-ops", "dave"])]
async fn write() {}

/// For whom the server says.
#[tool]
async fn read() {}

#[allow(dead_code)] // compiled and not run: it would serve
mod program {
    use mcp_mqtt::mcp_server;

    #[mcp_server(
        default_callers = ["@ops", "@r.1", "@type", "eve"],
        groups(ops = ["alice", "bob"], "field-ops" = ["bob"], "r.1" = ["agent@host.example"], r#type = ["eve"],),
        name = "hello",
    )]
    async fn main() {}
}

mod unused {
    // Tools of other crates may use them, or none.
    #[allow(dead_code)]
    #[mcp_mqtt::mcp_server(name = "hello", groups(ops = ["alice"]))]
    async fn main() {}
}

fn main() {
    let tools = Registry::linked().unwrap().with_default_callers(Some(&["@ops"]));
    assert!(tools.clone().with_groups([("ops", ["alice"])]).is_err());
    let tools = tools.with_groups([("ops", ["alice"]), ("field-ops", ["bob"])]).unwrap();
    let callers = |tool| tools.get(tool).unwrap().allowed_callers().unwrap().to_vec();
    assert_eq!(callers("write"), ["bob", "dave"]);
    assert_eq!(callers("read"), ["alice"]);
}
