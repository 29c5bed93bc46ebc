//! The life of a server: it starts when it can, ends in order or not, outlives its broker, and has
//! replicas.

mod brokers_come_and_go;
mod build;
mod delivery;
mod end;
mod held_back;
mod killed;
mod leaves_nothing;
mod many_tools;
mod network;
mod presence;
mod replicas;
mod rolling;
mod two_connections;

use std::sync::Arc;

use anyhow::{Context, Result};
use mcp_mqtt::server::{Event, RunningServer, ServerBuilder};
use mcp_mqtt_tests::{RawClient, within};
use tokio::sync::mpsc;

use crate::tools::{Seen, tools};
use crate::world::{Broker, SERVER, namespace};

/// What a server tells its hook, as words.
type Events = mpsc::UnboundedReceiver<&'static str>;

/// A server on an open broker, and what its tools do.
async fn serve(broker: &Broker) -> Result<(RunningServer, Arc<Seen>)> {
    let (registry, seen, _) = tools()?;
    let server = broker.server(registry)?.build()?;
    Ok((server.start().await?, seen))
}

/// The same server, telling its events.
fn observed(server: ServerBuilder) -> (ServerBuilder, Events) {
    let (events, receiver) = mpsc::unbounded_channel();
    let server = server.on_event(move |event| {
        let word = match event {
            Event::Ready { .. } => "ready",
            Event::Lost { .. } => "lost",
            Event::Stopped => "stopped",
            _ => "something new",
        };
        let _ = events.send(word);
    });
    (server, receiver)
}

async fn event(events: &mut Events, wanted: &'static str) -> Result<()> {
    loop {
        let event = within(wanted, events.recv()).await?;
        if event.context("no more events")? == wanted {
            return Ok(());
        }
    }
}

/// Somebody who watches the server's own card.
async fn watcher(broker: &Broker) -> Result<RawClient> {
    let watcher = broker.raw("analyst").await?;
    watcher.subscribe(&namespace().server_card(SERVER)).await?;
    Ok(watcher)
}

/// Waits until the server's card says this.
async fn card_says(watcher: &RawClient, status: &str) -> Result<()> {
    while watcher.message().await?.json()?["status"] != status {}
    Ok(())
}
