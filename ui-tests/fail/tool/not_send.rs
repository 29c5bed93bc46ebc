//! A future that cannot move between threads.

use std::rc::Rc;

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read() {
    let shared = Rc::new(1);
    std::future::ready(()).await;
    drop(shared);
}

fn main() {}
