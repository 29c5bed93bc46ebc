//! The tools that the tests call, and what a test can see and steer of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Result;
use mcp_mqtt::tool::{Registry, Tool, ToolBuilder, ToolContext, ToolError};
use mcp_mqtt_tests::{PATIENCE, within};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

/// How long the tools run that have a timeout.
pub const SHORT: Duration = Duration::from_millis(300);

/// What the tools have done. An event that happened is a permit, which a test takes.
pub struct Seen {
    /// Runs of `greet`.
    pub greeted: AtomicUsize,
    /// `hold`, `hang` and `block` have begun.
    pub begun: Semaphore,
    /// The future of `hang` was dropped.
    pub dropped: Semaphore,
    /// Lets `hold` end.
    pub gate: Semaphore,
}

impl Seen {
    /// Takes one event.
    pub async fn one(what: &str, events: &Semaphore) -> Result<()> {
        within(what, events.acquire()).await??.forget();
        Ok(())
    }

    pub fn greetings(&self) -> usize {
        self.greeted.load(Ordering::SeqCst)
    }
}

/// All tools, each for scout and analyst, and what can be seen of them. Dropping the sender ends `block`.
pub fn tools() -> Result<(Registry, Arc<Seen>, mpsc::Sender<()>)> {
    let seen = Arc::new(Seen {
        greeted: AtomicUsize::new(0),
        begun: Semaphore::new(0),
        dropped: Semaphore::new(0),
        gate: Semaphore::new(0),
    });
    let (unblock, blocked) = mpsc::channel();
    let blocked = Arc::new(std::sync::Mutex::new(blocked));
    let mut registry = Registry::empty();
    for tool in [
        greet(Arc::clone(&seen)),
        count(),
        failing(),
        patient(Arc::clone(&seen)),
        hanging(Arc::clone(&seen)),
        blocking(Arc::clone(&seen), blocked),
        large(),
        whoami(),
    ] {
        registry = registry.add(tool.allowed_callers(["scout", "analyst"]).build()?)?;
    }
    let panics = tool("panic", json!({})).raw_handler(|_, _| async {
        let nothing: Option<Value> = None;
        Ok::<_, ToolError>(nothing.expect("this tool panics on purpose"))
    });
    registry = registry.add(panics.allowed_callers(["scout"]).build()?)?;
    Ok((registry, seen, unblock))
}

fn tool(name: &str, properties: Value) -> ToolBuilder {
    let schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    Tool::builder(name)
        .description("A test.")
        .input_schema(schema)
}

/// `greet {name, times?}` says hello.
fn greet(seen: Arc<Seen>) -> ToolBuilder {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[A-Za-z0-9-]*$"},
            "times": {"type": "integer", "minimum": 1, "maximum": 9},
        },
        "required": ["name"],
        "additionalProperties": false,
    });
    tool("greet", json!({})).input_schema(schema).raw_handler(
        move |arguments: Map<String, Value>, _: ToolContext| {
            seen.greeted.fetch_add(1, Ordering::SeqCst);
            async move {
                let name = arguments["name"].as_str().unwrap_or_default();
                Ok::<_, ToolError>(json!(format!("Hello, {name}!")))
            }
        },
    )
}

/// `count {n}` streams 1 to n.
fn count() -> ToolBuilder {
    tool("count", json!({"n": {"type": "integer"}}))
        .streaming()
        .raw_handler(
            |arguments: Map<String, Value>, ctx: ToolContext| async move {
                let n = arguments["n"].as_u64().unwrap_or_default();
                for at in 1..=n {
                    ctx.stream(json!({"at": at})).await?;
                }
                Ok::<_, ToolError>(json!(n))
            },
        )
}

/// `fail` fails with a code.
fn failing() -> ToolBuilder {
    tool("fail", json!({})).raw_handler(|_, _| async {
        let source = std::io::Error::other("a secret of the server");
        Err(ToolError::new("no luck").code("luck").with_source(source))
    })
}

/// `hold` waits for the gate.
fn patient(seen: Arc<Seen>) -> ToolBuilder {
    tool("hold", json!({})).raw_handler(move |_, _| {
        let seen = Arc::clone(&seen);
        async move {
            seen.begun.add_permits(1);
            seen.gate.acquire().await?.forget();
            Ok::<_, ToolError>(json!("held"))
        }
    })
}

/// `hang` never ends by itself.
fn hanging(seen: Arc<Seen>) -> ToolBuilder {
    struct Alive(Arc<Seen>);
    impl Drop for Alive {
        fn drop(&mut self) {
            self.0.dropped.add_permits(1);
        }
    }
    tool("hang", json!({}))
        .timeout(SHORT)
        .raw_handler(move |_, _| {
            let alive = Alive(Arc::clone(&seen));
            async move {
                alive.0.begun.add_permits(1);
                std::future::pending::<Result<Value, ToolError>>().await
            }
        })
}

/// `block` blocks its thread, as no tool should.
fn blocking(seen: Arc<Seen>, blocked: Arc<std::sync::Mutex<mpsc::Receiver<()>>>) -> ToolBuilder {
    tool("block", json!({}))
        .timeout(SHORT)
        .raw_handler(move |_, _| {
            let (seen, blocked) = (Arc::clone(&seen), Arc::clone(&blocked));
            async move {
                seen.begun.add_permits(1);
                if let Ok(blocked) = blocked.lock() {
                    let _ = blocked.recv_timeout(PATIENCE);
                }
                Ok::<_, ToolError>(json!("late"))
            }
        })
}

/// `large {bytes}` returns a text of that length.
fn large() -> ToolBuilder {
    tool("large", json!({"bytes": {"type": "integer"}})).raw_handler(
        |arguments: Map<String, Value>, _| async move {
            let bytes = arguments["bytes"].as_u64().unwrap_or_default();
            Ok::<_, ToolError>(json!("x".repeat(usize::try_from(bytes).unwrap_or(0))))
        },
    )
}

/// `whoami` tells what the server knows of its caller.
fn whoami() -> ToolBuilder {
    tool("whoami", json!({})).raw_handler(|_, ctx: ToolContext| async move {
        let caller = ctx.caller();
        Ok::<_, ToolError>(json!({"name": caller.name(), "verified": caller.is_verified()}))
    })
}
