//! `ServerBuilder`: a server by hand, with every fault of its configuration reported at once.

use super::announce::Sharing;
use super::cards::Identity;
use super::error::{BuildError, BuildFault, ServeError};
use super::event::Event;
use super::limits::Limits;
use super::serve::{self, RunningServer};
use super::setup::Setup;
use super::shared::Shared;
use crate::grammar;
use crate::mqtt::ConnectOptions;
use crate::tool::{Registry, RegistryError, StateMap, Tool};
use crate::wire::{DEFAULT_NAMESPACE, Namespace};

/// A server of tools, configured and not yet connected.
///
/// `#[mcp_server]` makes one from annotations; [`Server::builder`] is the way by hand.
#[must_use = "call `.serve()` or `.start()`"]
pub struct Server {
    shared: Shared,
    options: ConnectOptions,
    sharing: Sharing,
}

/// Builds a [`Server`].
#[must_use = "call `.build()`"]
pub struct ServerBuilder {
    name: Option<String>,
    namespace: String,
    version: String,
    description: String,
    registry: Option<Result<Registry, RegistryError>>,
    broker: Option<ConnectOptions>,
    sharing: Sharing,
    setup: Setup,
}

impl Server {
    /// Starts to build a server.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use mcp_mqtt::server::Server;
    /// use mcp_mqtt::tool::Registry;
    /// use mcp_mqtt::ConnectOptions;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = Server::builder()
    ///     .name("hello")
    ///     .namespace("demo")
    ///     .registry(Registry::linked()?)
    ///     .broker(ConnectOptions::new("mqtt://127.0.0.1".parse()?))
    ///     .build()?;
    /// server.serve().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> ServerBuilder {
        ServerBuilder {
            name: None,
            namespace: DEFAULT_NAMESPACE.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: String::new(),
            registry: None,
            broker: None,
            sharing: Sharing {
                shared: true,
                key: None,
            },
            setup: Setup::default(),
        }
    }

    /// Connects and returns as soon as calls are served.
    ///
    /// While the broker cannot be reached it goes on trying, ever more slowly.
    ///
    /// # Errors
    ///
    /// [`ServeError`]: the options cannot work, the broker refuses what serving needs, or another
    /// connection took over the client id.
    pub async fn start(self) -> Result<RunningServer, ServeError> {
        serve::start(self.shared, self.options, self.sharing).await
    }

    /// Connects and serves until the connection is lost for good.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn serve(self) -> Result<(), ServeError> {
        self.start().await?.ended().await
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("identity", &self.shared.identity)
            .finish_non_exhaustive()
    }
}

impl ServerBuilder {
    /// Names the server: 1–64 of `A–Z a–z 0–9 _ - .`. Required.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the namespace; default `a2a/v1`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets the version that the Server Card shows.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Says what the server is for.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets the tools; default is every linked one.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(Ok(registry));
        self
    }

    /// Sets the broker and how to connect to it. Required.
    ///
    /// Without a user name the server connects under its own name.
    pub fn broker(mut self, options: ConnectOptions) -> Self {
        self.broker = Some(options);
        self
    }

    /// Whether replicas share the calls; default `true`. With `false` each replica gets every call.
    pub fn shared(mut self, shared: bool) -> Self {
        self.sharing.shared = shared;
        self
    }

    /// Makes the names of the share groups secret, for brokers that let anybody join a group.
    pub fn share_key(mut self, key: impl Into<String>) -> Self {
        self.sharing.key = Some(key.into());
        self
    }

    /// Gives `value` to tools that take `State<T>`.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.setup = self.setup.state(value);
        self
    }

    /// Replaces the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.setup = self.setup.limits(limits);
        self
    }

    /// Calls `hook` on each event of the connection.
    pub fn on_event(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.setup = self.setup.on_event(hook);
        self
    }

    /// Replaces state, limits and hooks by those of `setup`.
    pub fn setup(mut self, setup: Setup) -> Self {
        self.setup = setup;
        self
    }

    /// Checks everything and makes the server.
    ///
    /// # Errors
    ///
    /// [`BuildError`] lists every fault.
    pub fn build(self) -> Result<Server, BuildError> {
        let mut faults = Vec::new();
        let name = self.checked_name(&mut faults);
        let namespace = self.checked_namespace(&mut faults);
        let registry = match self.registry.unwrap_or_else(Registry::linked) {
            Ok(registry) if registry.is_empty() => {
                faults.push(BuildFault::NoTools);
                None
            }
            Ok(registry) => Some(registry),
            Err(error) => {
                faults.push(BuildFault::Registry(error));
                None
            }
        };
        if let Some(Err(fault)) = self.sharing.key.as_deref().map(grammar::server) {
            faults.push(BuildFault::ShareKey { fault });
        }
        if self.broker.is_none() {
            faults.push(BuildFault::NoBroker);
        }
        for tool in registry.iter().flat_map(Registry::iter) {
            check_tool(tool, &self.setup.state, &mut faults);
        }
        let (Some(name), Some(namespace), Some(registry), Some(options), true) =
            (name, namespace, registry, self.broker, faults.is_empty())
        else {
            return Err(BuildError { faults });
        };
        let options = options.named(&name);
        let identity = Identity {
            namespace,
            name,
            version: self.version,
            description: self.description,
        };
        let Setup {
            state,
            limits,
            hooks,
        } = self.setup;
        Ok(Server {
            shared: Shared::new(identity, registry, state, limits, hooks),
            options,
            sharing: self.sharing,
        })
    }

    fn checked_name(&self, faults: &mut Vec<BuildFault>) -> Option<String> {
        let Some(name) = self.name.clone() else {
            faults.push(BuildFault::NoName);
            return None;
        };
        match grammar::server(&name) {
            Ok(()) => Some(name),
            Err(fault) => {
                faults.push(BuildFault::Name { name, fault });
                None
            }
        }
    }

    fn checked_namespace(&self, faults: &mut Vec<BuildFault>) -> Option<Namespace> {
        let namespace = self.namespace.clone();
        Namespace::new(&namespace)
            .map_err(|fault| faults.push(BuildFault::Namespace { namespace, fault }))
            .ok()
    }
}

/// What only a server can find wrong with a tool.
fn check_tool(tool: &Tool, state: &StateMap, faults: &mut Vec<BuildFault>) {
    for need in tool.states() {
        if !state.contains(need.type_id) {
            faults.push(BuildFault::MissingState {
                tool: tool.name().to_owned(),
                state: need.type_name,
                source_place: tool.source(),
            });
        }
    }
    if let Err(reason) = tool.check_schema() {
        faults.push(BuildFault::Schema {
            tool: tool.name().to_owned(),
            reason,
            source_place: tool.source(),
        });
    }
}
