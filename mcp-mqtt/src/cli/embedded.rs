//! The broker that `serve` brings along for development, if the program is built with one.

#[cfg(feature = "broker")]
use std::net::SocketAddr;

use super::broker_args::LOCAL;
use super::exit::Exit;
use crate::error::chain;
use crate::mqtt::ConnectOptions;

/// Whether a broker may be brought along, since none is given.
pub(super) fn allowed(dev: bool) -> Result<(), String> {
    let given = "no broker is given; set --broker or MQTT_URL, for instance to";
    if cfg!(not(feature = "broker")) {
        return Err(format!(
            "{given} `{LOCAL}` (with the cargo feature `broker` of mcp-mqtt this would start one)"
        ));
    }
    if dev || cfg!(debug_assertions) {
        return Ok(());
    }
    Err(format!(
        "{given} `mqtts://broker.example`; or start one for development with --dev"
    ))
}

/// How `name` connects to it, as far as that is known before it is started.
pub(super) fn options(name: &str) -> Result<ConnectOptions, Exit> {
    connection(LOCAL, name)
}

fn connection(url: &str, name: &str) -> Result<ConnectOptions, Exit> {
    let url = url
        .parse()
        .map_err(|error| Exit::failure(format!("{url}: {}", chain(&error))))?;
    let mut options = ConnectOptions::new(url);
    options.username = Some(name.to_owned());
    Ok(options)
}

/// Starts it with the policy of this very program.
#[cfg(feature = "broker")]
pub(super) async fn start(
    program: &super::Program,
    share: Option<super::share::Share>,
) -> Result<(crate::broker::Broker, ConnectOptions), Exit> {
    use super::exit::Faults;
    use crate::acl::{Policy, Scope};

    let name = program.info.name;
    let mut scope = Scope::new(program.namespace(), name);
    scope.server_identity = Some(name.to_owned());
    if let Some(share) = share {
        share.of_scope(&mut scope);
    }
    let registry = program.registry().map_err(Faults::from)?;
    let policy = Policy::derive(&scope, &registry).map_err(Faults::from)?;
    // Nobody else on this machine may pass for the server.
    let password = crate::random::hex::<16>()
        .map_err(|error| Exit::failure(format!("no random numbers: {error}")))?;
    let broker = crate::broker::Broker::builder()
        .listen_or_next(SocketAddr::from(([127, 0, 0, 1], 1883)), 100)
        .policy(policy)
        .user(name, &password)
        .start()
        .await
        .map_err(|error| Exit::failure(chain(&error)))?;
    let mut options = connection(&broker.url(), name)?;
    options.password = Some(crate::mqtt::Secret::new(password));
    Ok((broker, options))
}

/// There is none: [`allowed`] has said so.
#[cfg(not(feature = "broker"))]
pub(super) async fn start(
    _: &super::Program,
    _: Option<super::share::Share>,
) -> Result<(Never, ConnectOptions), Exit> {
    match allowed(true) {
        Err(text) => Err(Exit::fault(text)),
        Ok(()) => Err(Exit::failure("no embedded broker")),
    }
}

/// A broker that cannot be.
#[cfg(not(feature = "broker"))]
pub(super) enum Never {}

#[cfg(not(feature = "broker"))]
impl Never {
    pub(super) fn address(&self) -> std::net::SocketAddr {
        match *self {}
    }

    pub(super) async fn stop(self) {
        match self {}
    }
}
