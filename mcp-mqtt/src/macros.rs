//! The attribute macros, with their documentation. What they expand to is in `mcp-mqtt-macros`.

/// Makes an `async fn` an MCP tool.
///
/// The function stays what it is: an ordinary `async fn` that can be called and tested. Beside it,
/// a description of the tool is left in the binary, where every server of the program finds it
/// ([`Registry::linked`](crate::tool::Registry::linked)).
///
/// ```standalone_crate
/// use mcp_mqtt::tool;
///
/// /// Greets a person by name.
/// #[tool(allowed_callers = ["scout", "analyst"], read_only)]
/// async fn greet(
///     /// Whom to greet.
///     name: String,
///     /// How often; once when absent.
///     #[schemars(range(min = 1, max = 9))]
///     times: Option<u8>,
/// ) -> String {
///     format!("Hello, {name}! ").repeat(times.unwrap_or(1).into())
/// }
///
/// let tools = mcp_mqtt::tool::Registry::linked().unwrap();
/// let greet = tools.get("greet").unwrap();
/// assert_eq!(greet.description(), "Greets a person by name.");
/// assert!(greet.allows("scout") && !greet.allows("mallory"));
/// assert_eq!(greet.input_schema()["required"][0], "name");
/// assert_eq!(greet.input_schema()["properties"]["times"]["maximum"], 9);
/// ```
///
/// # Keys
///
/// | Key | Value | Meaning; without it |
/// |---|---|---|
/// | `name` | `"…"`, 1–64 of `A–Z a–z 0–9 _ - .` | the tool's name; the function's |
/// | `title` | `"…"` | a name for people |
/// | `description` | `"…"` | what models choose the tool by; the doc comment, and one of both must be there |
/// | `version` | `"…"` | the tool's own version |
/// | `allowed_callers` | `["…", …]` | who may call, by identity at the broker, or as `"@group"` of the server; the server's `default_callers`, or everyone who is authenticated. `[]` is nobody |
/// | `streaming` | flag | the tool sends partial results with [`ToolContext::stream`] |
/// | `timeout` | `"500ms"`, `"30s"`, `"2m"`, `"1h"` | the longest a call may take; the server's limit |
/// | `concurrency` | a number from 1 | how many calls of it may run at the same time on one server; as many as the server runs |
/// | `require_verified` | flag | callers alone may call whose names the broker vouches for; claimed names do, too |
/// | `read_only`, `destructive`, `idempotent`, `open_world` | flag | the hints of MCP ([`Hints`](crate::tool::Hints)); nothing is said |
/// | `crate` | `::path` | where this crate is found; `::mcp_mqtt` |
///
/// A flag is written alone or as `= true`, `= false`.
///
/// # Parameters
///
/// What a parameter is depends on its type, whatever the type is called:
///
/// | Type | Is |
/// |---|---|
/// | any type that is `Deserialize` and `JsonSchema` | a property of the arguments, with the parameter's name (`r#type` is `type`) |
/// | `Option<T>` of such a type | one that may be absent |
/// | [`ToolContext`] | the call: caller, deadline, cancellation, partial results |
/// | [`State<T>`](crate::tool::State) | a value that the server shares among its tools |
///
/// Parameters own their values, since these are decoded from JSON. Arguments are checked against the
/// schema before the function runs; unknown ones are refused.
///
/// On a parameter may stand: a doc comment, which becomes the property's description;
/// `#[serde(default)]`, `#[serde(default = "path")]`, `#[serde(rename = "…")]`,
/// `#[serde(alias = "…")]`, `#[serde(deserialize_with = "path")]`, which mean what they mean on a
/// field; and `#[schemars(…)]` with what schemars knows of a field's schema, such as
/// `range(min = 1)`, `length(max = 80)`, `regex(pattern = "…")` or `example = …`. What `range` and
/// the like demand is checked.
///
/// # Results
///
/// | Type | Is |
/// |---|---|
/// | any type that is `Serialize` and `JsonSchema` | the result, with an output schema |
/// | `()` | no result |
/// | `Result<T, E>` | the result, or an error: [`ToolError`], `anyhow::Error`, any `std::error::Error`, `String`, `&'static str` |
///
/// ```standalone_crate
/// use mcp_mqtt::tool;
/// use mcp_mqtt::tool::{State, ToolContext, ToolError};
///
/// #[mcp_mqtt::json]
/// struct Reading {
///     sensor: String,
///     celsius: f64,
/// }
///
/// /// Reads a sensor.
/// #[tool(name = "read-temp", title = "Thermometer", timeout = "2s", read_only, idempotent)]
/// async fn read_temp(
///     /// Which sensor.
///     sensor: String,
///     State(offset): State<f64>,
///     ctx: ToolContext,
/// ) -> Result<Reading, ToolError> {
///     if sensor.is_empty() {
///         return Err(ToolError::new(format!("{}: which one?", ctx.caller().name())).code("no_sensor"));
///     }
///     Ok(Reading { sensor, celsius: 20.0 + *offset })
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// // Called directly, as in a test.
/// let offset = State(std::sync::Arc::new(0.5));
/// let reading = read_temp("attic".into(), offset, ToolContext::detached("scout")).await.unwrap();
/// assert_eq!(reading.celsius, 20.5);
/// # });
/// ```
///
/// # Where it can stand
///
/// On free functions, in any module or crate, private or not, inside functions and in what
/// `macro_rules!` write; `#[cfg]`, `#[deprecated]` and `#[allow]` beside it work. Not on methods.
///
/// Tools of another crate are linked only if that crate is referred to: `use that_crate as _;`.
///
/// [`ToolContext`]: crate::tool::ToolContext
/// [`ToolContext::stream`]: crate::tool::ToolContext::stream
/// [`ToolError`]: crate::tool::ToolError
pub use mcp_mqtt_macros::tool;

/// Makes `async fn main` the program of a server that offers every linked tool.
///
/// ```no_run
/// use mcp_mqtt::mcp_server;
///
/// #[mcp_server(name = "hello", namespace = "demo", description = "Greets people")]
/// async fn main() {}
/// ```
///
/// # Keys
///
/// | Key | Value | Meaning; without it |
/// |---|---|---|
/// | `name` | `"…"`, 1–64 of `A–Z a–z 0–9 _ - .` | the server's name; it must be given |
/// | `namespace` | `"…"`, levels of the same letters, separated by `/` | the topics' first levels; `a2a/v1` |
/// | `version` | `"…"` | the server's version; the version of your crate |
/// | `description` | `"…"` | what the server is for |
/// | `default_callers` | `["…", …]` | who may call tools that have no `allowed_callers`, groups included; everyone who is authenticated |
/// | `groups` | `groups(ops = ["…", …], …)` | groups of callers, which lists of callers name as `"@ops"`; none |
/// | `crate` | `::path` | where this crate is found; `::mcp_mqtt` |
///
/// Where the broker is, and the password for it, come from flags and the environment. What a policy
/// and the cards are made of stands in the attributes only: the body of `main` cannot change it.
///
/// # Groups of callers
///
/// `groups(…)` gives names to lists of callers. A tool, wherever it is written, and `default_callers`
/// name a group by `@` and its name; policy, cards and the server's own check then speak of its
/// members.
///
/// ```no_run
/// use mcp_mqtt::{mcp_server, tool};
///
/// /// Restarts a gateway.
/// #[tool(allowed_callers = ["@field-ops", "dave"])]
/// async fn restart(gateway: String) {}
///
/// #[mcp_server(
///     name = "fleet",
///     groups(readers = ["carol"], "field-ops" = ["alice", "bob"]),
///     default_callers = ["@readers", "@field-ops"],
/// )]
/// async fn main() {}
/// ```
///
/// The name of a group is 1–64 of `A–Z a–z 0–9 _ - .`, in quotes where it is no identifier. A group
/// has at least one member; its members are callers, not groups. A caller who is listed and in a
/// group, or in two, counts once. A tool that names a group which is not defined is an error at the
/// start, with exit code 2.
///
/// # The body of `main`
///
/// It runs before the server connects, and only if the program is about to serve. It may return
/// `()`, or `Result<(), E>` with any `E` that can be displayed; its error is printed (with `{:#}`)
/// and ends the program with exit code 1. To set state and limits, take a [`Setup`] and give it
/// back:
///
/// ```no_run
/// use mcp_mqtt::mcp_server;
/// use mcp_mqtt::server::Setup;
///
/// #[mcp_server(name = "hello")]
/// async fn main(setup: Setup) -> Result<Setup, std::io::Error> {
///     let motd = std::fs::read_to_string("motd")?;
///     println!("{motd}");
///     Ok(setup)
/// }
/// ```
///
/// There is a runtime already; `#[tokio::main]` beside it is an error.
///
/// [`Setup`]: crate::server::Setup
pub use mcp_mqtt_macros::mcp_server;

/// Derives what a type needs to be a parameter or a result of a tool: `Serialize`, `Deserialize`
/// and `JsonSchema`, without serde or schemars in your `Cargo.toml`.
///
/// Attributes of serde and schemars on the type, its fields and its variants work; other derives may
/// stand beside it. Doc comments become descriptions in the schema. Its only key is
/// `crate = ::path`, for when this crate is found elsewhere than at `::mcp_mqtt`.
///
/// ```standalone_crate
/// /// How warm it is.
/// #[mcp_mqtt::json]
/// #[derive(Debug, PartialEq)]
/// #[serde(rename_all = "camelCase")]
/// struct Reading {
///     /// Where it was measured.
///     sensor_name: String,
///     #[serde(default)]
///     celsius: f64,
/// }
///
/// /// Echoes.
/// #[mcp_mqtt::tool]
/// async fn echo(reading: Reading) -> Reading {
///     reading
/// }
///
/// let tools = mcp_mqtt::tool::Registry::linked().unwrap();
/// let schema = &tools.get("echo").unwrap().input_schema()["properties"]["reading"];
/// assert_eq!(schema["properties"]["sensorName"]["description"], "Where it was measured.");
/// assert_eq!(schema["required"][0], "sensorName");
/// ```
///
/// The prelude has `json!` of serde_json under the same name, so this one is written with its path.
pub use mcp_mqtt_macros::json;
