//! Groups in every form but their own.

use mcp_mqtt::mcp_server;

mod list {
    #[super::mcp_server(name = "hello", groups = ["alice"], default_callers = ["@ops"])]
    async fn main() {}
}

mod flag {
    #[super::mcp_server(name = "hello", groups)]
    async fn main() {}
}

mod nothing {
    #[super::mcp_server(name = "hello", groups())]
    async fn main() {}
}

mod brackets {
    #[super::mcp_server(name = "hello", groups[ops = ["alice"]])]
    async fn main() {}
}

#[mcp_server(name = "hello", groups(["alice"], ops, readers("bob")), default_callers = ["@dev"])]
async fn main() {}

// mistakes: 7
