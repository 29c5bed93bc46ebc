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
use crate::mqtt::{ConnectOptions, RECEIVE_MAXIMUM};
use crate::tool::{Registry, RegistryError, StateMap, Tool};
use crate::wire::{ACCEPT_AFTER, DEFAULT_NAMESPACE, Namespace};

/// A server of tools, configured and not yet connected.
///
/// `#[mcp_server]` makes one from annotations; [`Server::builder`] is the way by hand.
#[must_use = "call `.serve()` or `.start()`"]
pub struct Server {
    shared: Shared,
    options: ConnectOptions,
    sharing: Sharing,
}

/// What a call's packet holds besides its payload, in bytes, generously.
const PACKET_OVERHEAD: usize = 64 * 1024;

/// Builds a [`Server`].
#[must_use = "call `.build()`"]
pub struct ServerBuilder {
    name: Option<String>,
    namespace: String,
    version: Option<String>,
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
            version: None,
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

    /// The same on another broker than the one it was built with.
    #[cfg(feature = "cli")]
    pub(crate) fn on(mut self, options: ConnectOptions) -> Self {
        let options = options.named(&self.shared.identity.name);
        self.options = with_room(options, &self.shared.limits);
        self
    }

    /// Connects and serves until the connection is lost for good.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn serve(self) -> Result<(), ServeError> {
        serve::serve(self.shared, self.options, self.sharing).await
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

    /// Sets the version that the Server Card shows; default none.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Says what the server is for.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets the tools; default is every linked one. Groups among their callers must have been defined
    /// by [`Registry::with_groups`].
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
        let registry = self.registry.unwrap_or_else(Registry::linked);
        let registry = match registry.and_then(|registry| registry.resolved().cloned()) {
            Ok(registry) if registry.is_empty() => {
                faults.push(BuildFault::NoTools);
                registry
            }
            Ok(registry) => registry,
            Err(error) => {
                faults.push(BuildFault::Registry(error));
                // What else is wrong with them is to be said at once.
                Registry::linked_regardless()
            }
        };
        if let Some(Err(fault)) = self.sharing.key.as_deref().map(grammar::server) {
            faults.push(BuildFault::ShareKey { fault });
        }
        if self.broker.is_none() {
            faults.push(BuildFault::NoBroker);
        }
        check_limits(&self.setup.limits, self.broker.as_ref(), &mut faults);
        for tool in registry.iter() {
            check_tool(tool, &self.setup.state, &mut faults);
        }
        let (Some(name), Some(namespace), Some(options), true) =
            (name, namespace, self.broker, faults.is_empty())
        else {
            return Err(BuildError { faults });
        };
        let options = with_room(options.named(&name), &self.setup.limits);
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

/// Lets the broker send as many calls at once as may wait, unless a receive maximum was set: some brokers
/// drop what is beyond it.
fn with_room(mut options: ConnectOptions, limits: &Limits) -> ConnectOptions {
    if options.receive_maximum == RECEIVE_MAXIMUM {
        let queue = u16::try_from(limits.queue).unwrap_or(u16::MAX);
        options.receive_maximum = queue.max(RECEIVE_MAXIMUM);
    }
    options
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

/// Limits with which no call could be served, or some would vanish in silence.
fn check_limits(limits: &Limits, broker: Option<&ConnectOptions>, faults: &mut Vec<BuildFault>) {
    let mut refuse = |limit, must: String| faults.push(BuildFault::Limit { limit, must });
    if limits.max_in_flight == 0 {
        refuse("`max_in_flight`", "at least 1".to_owned());
    }
    if limits.queue > usize::from(u16::MAX) {
        refuse("`queue`", format!("at most {}", u16::MAX));
    }
    if limits.max_per_caller == Some(0) {
        refuse("`max_per_caller`", "at least 1".to_owned());
    }
    if limits
        .rate
        .is_some_and(|rate| rate.per_second == 0 || rate.burst == 0)
    {
        refuse("`rate`", "at least 1 in a second and 1 at once".to_owned());
    }
    if limits.accept_after > ACCEPT_AFTER {
        let most = ACCEPT_AFTER.as_millis();
        let must =
            format!("at most {most} ms, or clients take calls for lost when another replica dies");
        refuse("`accept_after`", must);
    }
    if limits.timeout.is_zero() {
        refuse("`timeout`", "longer than nothing".to_owned());
    }
    // Topic and properties of a call need room in its packet, too.
    let packet = broker.map(|options| options.max_packet_size as usize);
    if let Some(most) = packet.map(|size| size.saturating_sub(PACKET_OVERHEAD))
        && limits.max_payload > most
    {
        let must = format!(
            "at most {most}, or the broker drops larger calls; raise `ConnectOptions::max_packet_size`"
        );
        refuse("`max_payload`", must);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::server::Rate;
    use crate::tool::{Tool, ToolContext};

    #[test]
    fn a_group_that_is_not_defined_is_a_fault_among_the_others() {
        let tool = Tool::builder("read")
            .allowed_callers(["@ops"])
            .handler(|(): (), _: ToolContext| async { Ok::<_, String>(()) })
            .build()
            .unwrap();
        let registry = Registry::empty().add(tool).unwrap();
        let server = || Server::builder().name("a/b").registry(registry.clone());
        let error = server().build().unwrap_err();
        assert_eq!(error.faults.len(), 3, "{error}");
        assert!(error.to_string().contains("group `@ops`"), "{error}");

        let registry = registry.clone().with_groups([("ops", ["alice"])]).unwrap();
        let error = server().registry(registry).build().unwrap_err();
        assert_eq!(error.faults.len(), 2, "{error}");
    }

    fn built(limits: Limits, receive_maximum: Option<u16>) -> Result<Server, BuildError> {
        let tool = Tool::builder("read")
            .handler(|(): (), _: ToolContext| async { Ok::<_, String>(()) })
            .build()
            .unwrap();
        let mut options = ConnectOptions::new("mqtt://h".parse().unwrap());
        options.receive_maximum = receive_maximum.unwrap_or(options.receive_maximum);
        let registry = Registry::empty().add(tool).unwrap();
        let server = Server::builder().name("s").registry(registry);
        server.broker(options).limits(limits).build()
    }

    #[test]
    fn a_broker_may_send_what_may_wait_unless_the_user_says_otherwise() {
        let receives = |limits, set| built(limits, set).unwrap().options.receive_maximum;
        assert_eq!(receives(Limits::default(), None), 4096);
        assert_eq!(receives(Limits::default().queue(10), None), RECEIVE_MAXIMUM);
        assert_eq!(receives(Limits::default(), Some(1)), 1);
    }

    #[test]
    fn limits_with_which_nothing_works_are_faults() {
        let limits = Limits::default().max_in_flight(0).max_per_caller(0);
        let limits = limits.queue(65_536).rate(Rate::new(0, 1));
        let limits = limits.accept_after(ACCEPT_AFTER * 2);
        let error = built(limits, None).unwrap_err();
        assert_eq!(error.faults.len(), 5, "{error}");
        let text = error.to_string();
        for limit in [
            "max_in_flight",
            "queue",
            "max_per_caller",
            "rate",
            "accept_after",
        ] {
            assert!(text.contains(&format!("`{limit}` must be at")), "{text}");
        }
    }
}
