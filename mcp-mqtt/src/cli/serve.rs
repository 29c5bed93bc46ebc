//! `serve`: the setup of `main`, the broker (an embedded one for development, if need be), the server,
//! and the signals that end it.

use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};

use super::args::ServeArgs;
use super::exit::{Exit, Faults};
use super::ready::Ready;
use super::share::Share;
use super::signal::Signal;
use super::{Program, embedded, files};
use crate::entry::SetupHook;
use crate::error::chain;
use crate::mqtt::ConnectionError;
use crate::server::{Event, ServeError, Server, ServerBuilder, Setup};

pub(super) fn run(program: &Program, args: ServeArgs, hook: SetupHook) -> Result<(), Exit> {
    let mut faults = Faults::default();
    let share = faults.unless(args.share.read());
    if args.broker.broker.is_none() {
        faults.unless(embedded::allowed(args.dev));
    }
    let options = faults.unless(args.broker.connect_options(program.info.name));
    let runtime = Runtime::new()
        .map_err(|error| Exit::failure(format!("the async runtime cannot start: {error}")))?;
    let outcome = runtime.block_on(async {
        // Also with faults: whether a state is missing is known only after it.
        let setup = match hook(Setup::default()).await {
            Ok(setup) => setup,
            Err(error) if faults.is_empty() => return Err(Exit::failure(error)),
            Err(error) => {
                faults.add(error);
                faults.unless(program.registry());
                return Err(faults.into());
            }
        };
        #[cfg(feature = "metrics")]
        let metrics = match args.metrics.filter(|_| faults.is_empty()) {
            Some(address) => Some(super::metrics::start(address).await?),
            None => None,
        };
        #[cfg(not(feature = "metrics"))]
        let metrics = None;
        let connection = Watch::default();
        let builder = builder(program, setup, share.as_ref())
            .on_event(connection.hook(args.exit_on_disconnect))
            .broker(match &options {
                Some(Some(options)) => options.clone(),
                _ => embedded::options(program.info.name)?,
            });
        let server = faults.unless(builder.build());
        let (Some(server), Some(options), true) = (server, options, faults.is_empty()) else {
            return Err(faults.into());
        };
        match options {
            Some(options) => {
                let ready = Ready::new(program, &options)?.metrics(metrics);
                serve(server, connection, ready).await
            }
            None => {
                let (broker, options) = embedded::start(program, share).await?;
                let ready = Ready::new(program, &options)?
                    .embedded(broker.address())
                    .metrics(metrics);
                let served = serve(server.on(options.clone()), connection, ready).await;
                broker.stop().await;
                served
            }
        }
    });
    // A tool that blocks its thread must not keep the program from ending.
    runtime.shutdown_background();
    outcome
}

fn builder(program: &Program, setup: Setup, share: Option<&Share>) -> ServerBuilder {
    let mut builder = Server::builder()
        .name(program.info.name)
        .namespace(program.namespace())
        .version(program.info.version)
        .description(program.info.description)
        .setup(setup);
    // Without one, the builder finds the faults of the linked tools itself.
    if let Ok(registry) = program.registry() {
        builder = builder.registry(registry);
    }
    match share {
        Some(share) => share.of_server(builder),
        None => builder,
    }
}

/// What the hooks of the server tell.
struct Watch {
    lost: Arc<Notify>,
    verified: watch::Sender<bool>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            lost: Arc::default(),
            verified: watch::Sender::new(false),
        }
    }
}

impl Watch {
    fn hook(&self, exit_on_disconnect: bool) -> impl Fn(&Event) + Send + Sync + use<> {
        let (lost, verified) = (Arc::clone(&self.lost), self.verified.clone());
        move |event| match event {
            Event::Ready { verified: now } => drop(verified.send_replace(*now)),
            // Without another attempt the server ends by itself, and says why.
            Event::Lost {
                retry_in: Some(_), ..
            } if exit_on_disconnect => lost.notify_one(),
            _ => {}
        }
    }
}

/// Serves until a signal, or until the connection is lost for good.
async fn serve(server: Server, connection: Watch, ready: Ready<'_>) -> Result<(), Exit> {
    let signal = Signal::new().map_err(Exit::failure)?;
    let mut running = tokio::select! {
        started = server.start() => started.map_err(|error| failed(&error))?,
        () = connection.lost.notified() => return Err(disconnected()),
        () = signal.received() => return Ok(()),
    };
    let verified = *connection.verified.borrow();
    files::print(&ready.block(verified)).map_err(Exit::failure)?;
    tokio::select! {
        () = signal.received() => {
            tracing::info!("stopping: running calls are finished first; a second signal ends at once");
            tokio::select! {
                stopped = running.stop() => stopped.map_err(|error| failed(&error)),
                () = signal.received() => Err(Exit::failure(
                    "stopped by a second signal; calls that still ran have no answer",
                )),
            }
        }
        () = connection.lost.notified() => Err(disconnected()),
        ended = running.ended() => ended.map_err(|error| failed(&error)),
    }
}

fn disconnected() -> Exit {
    Exit::failure("the broker is away, and --exit-on-disconnect is set; the log says why")
}

/// What is wrong with the configuration is exit code 2, what the world did is 1.
fn failed(error: &ServeError) -> Exit {
    match error {
        ServeError::Options(_) => Exit::fault(chain(error)),
        ServeError::Connection(cause) => match **cause {
            ConnectionError::Refused { .. } => Exit::fault(chain(cause)),
            _ => Exit::failure(chain(error)),
        },
        other => Exit::failure(chain(other)),
    }
}
