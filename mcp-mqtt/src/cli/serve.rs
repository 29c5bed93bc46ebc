//! `serve`: the setup of `main`, the broker (an embedded one for development, if need be), the server,
//! and the signals that end it.

use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::Notify;

use super::Program;
use super::args::ServeArgs;
use super::exit::{Exit, chain};
use super::files;
use super::ready::{self, Ready};
use crate::entry::SetupHook;
use crate::mqtt::ConnectOptions;
use crate::server::{Event, Server, ServerBuilder, Setup};
use crate::tool::Registry;

/// What serving stands on, besides the annotations.
struct Ground {
    options: ConnectOptions,
    embedded: Embedded,
}

#[cfg(feature = "broker")]
type Embedded = Option<crate::broker::Broker>;
#[cfg(not(feature = "broker"))]
type Embedded = Option<std::convert::Infallible>;

pub(super) fn run(program: &Program, args: ServeArgs, hook: SetupHook) -> Result<(), Exit> {
    let registry = program.registry()?;
    let share_key = match &args.share_key_file {
        Some(path) => Some(files::read_secret(path).map_err(Exit::faults)?),
        None => None,
    };
    let (dev, exit_on_disconnect) = (args.dev, args.exit_on_disconnect);
    let options = args.broker.connect_options()?;
    let runtime = Runtime::new()
        .map_err(|error| Exit::failure(format!("the async runtime cannot start: {error}")))?;
    runtime.block_on(async {
        let setup = hook(Setup::default()).await.map_err(Exit::failure)?;
        let ground = ground(program, &registry, share_key.as_deref(), options, dev).await?;
        let mut builder = Server::builder()
            .name(program.info.name)
            .namespace(program.namespace())
            .version(program.info.version)
            .description(program.info.description)
            .registry(registry.clone())
            .broker(ground.options.clone())
            .setup(setup);
        if let Some(key) = share_key {
            builder = builder.share_key(key);
        }
        let served = serve(program, builder, &registry, &ground, exit_on_disconnect).await;
        #[cfg(feature = "broker")]
        if let Some(broker) = ground.embedded {
            broker.stop().await;
        }
        served
    })
}

/// The broker that was given, or an embedded one.
async fn ground(
    program: &Program,
    registry: &Registry,
    share_key: Option<&str>,
    options: Option<ConnectOptions>,
    dev: bool,
) -> Result<Ground, Exit> {
    if let Some(options) = options {
        return Ok(Ground {
            options,
            embedded: None,
        });
    }
    if !(dev || cfg!(debug_assertions)) {
        return Err(Exit::faults(
            "no broker is given; set --broker or MQTT_URL, for instance `mqtts://broker.example:8883` \
             (--dev starts an embedded one, for development)",
        ));
    }
    embedded(program, registry, share_key).await
}

#[cfg(feature = "broker")]
async fn embedded(
    program: &Program,
    registry: &Registry,
    share_key: Option<&str>,
) -> Result<Ground, Exit> {
    use crate::acl::{Policy, Scope};
    use crate::mqtt::Secret;

    let name = program.info.name;
    let mut scope = Scope::new(program.namespace(), name);
    scope.server_identity = Some(name.to_owned());
    scope.share_key = share_key.map(str::to_owned);
    let policy = Policy::derive(&scope, registry).map_err(Exit::faults)?;
    // Nobody else in this machine may pass for the server.
    let password = crate::random::hex::<16>()
        .map_err(|error| Exit::failure(format!("no random numbers: {error}")))?;
    let address = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 1883));
    let broker = crate::broker::Broker::builder()
        .listen_or_next(address, 100)
        .policy(policy)
        .user(name, &password)
        .start()
        .await
        .map_err(|error| Exit::failure(chain(&error)))?;
    let url = broker
        .url()
        .parse()
        .map_err(|error| Exit::failure(format!("{}: {error}", broker.url())))?;
    let mut options = ConnectOptions::new(url);
    options.username = Some(name.to_owned());
    options.password = Some(Secret::new(password));
    Ok(Ground {
        options,
        embedded: Some(broker),
    })
}

#[cfg(not(feature = "broker"))]
async fn embedded(_: &Program, _: &Registry, _: Option<&str>) -> Result<Ground, Exit> {
    Err(Exit::faults(
        "no broker is given; set --broker or MQTT_URL, for instance `mqtt://127.0.0.1:1883` \
         (with the cargo feature `broker` of mcp-mqtt, this would start an embedded one)",
    ))
}

/// Serves until a signal, or until the connection is lost for good.
async fn serve(
    program: &Program,
    builder: ServerBuilder,
    registry: &Registry,
    ground: &Ground,
    exit_on_disconnect: bool,
) -> Result<(), Exit> {
    let signal = ready::Signal::new().map_err(Exit::failure)?;
    let lost = Arc::new(Notify::new());
    let (verified, mut is_verified) = tokio::sync::watch::channel(false);
    let server = builder
        .on_event({
            let lost = Arc::clone(&lost);
            move |event| match event {
                Event::Ready { verified: now } => drop(verified.send_replace(*now)),
                Event::Lost { .. } if exit_on_disconnect => lost.notify_one(),
                _ => {}
            }
        })
        .build()
        .map_err(Exit::faults)?;
    let mut running = tokio::select! {
        started = server.start() => started.map_err(|error| failed(&error))?,
        () = lost.notified() => return Err(disconnected()),
        () = signal.received() => return Ok(()),
    };
    let ready = Ready {
        program,
        registry,
        broker: ground.options.url.to_string(),
        embedded: ground.embedded.is_some(),
        verified: *is_verified.borrow_and_update(),
    };
    files::print(&ready.to_string()).map_err(Exit::failure)?;
    tokio::select! {
        () = signal.received() => {
            tracing::info!("stopping: running calls are finished first; a second signal ends at once");
            tokio::select! {
                stopped = running.stop() => stopped.map_err(|error| failed(&error)),
                () = signal.received() => Err(Exit::failure("stopped by a second signal")),
            }
        }
        () = lost.notified() => Err(disconnected()),
        ended = running.ended() => ended.map_err(|error| failed(&error)),
    }
}

fn disconnected() -> Exit {
    Exit::failure("the broker is away, and --exit-on-disconnect is set; the log says why")
}

/// What is wrong with the configuration is exit code 2, what the world did is 1.
fn failed(error: &crate::server::ServeError) -> Exit {
    use crate::server::ServeError;
    match error {
        ServeError::Options(_) | ServeError::Connection(_) => Exit::faults(chain(error)),
        other => Exit::failure(chain(other)),
    }
}
