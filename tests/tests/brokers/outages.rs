//! What becomes of calls when their connection, their caller or their broker goes.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use mcp_mqtt::ConnectOptions;
use mcp_mqtt::client::{CallError, Client, Event, Outcome};
use mcp_mqtt::tool::{Hints, Registry, Tool, ToolError};
use mcp_mqtt_tests::within;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::tools::{Seen, tools};
use crate::world::{Broker, Kind, NAMESPACE, SERVER, WITNESS, namespace, on_each_broker};

on_each_broker![
    a_response_outlives_the_connection_of_its_caller,
    a_broker_that_forgot_its_sessions_ends_calls_that_may_not_run_twice,
    a_broker_that_forgot_its_sessions_repeats_calls_that_may,
    a_dropped_call_is_cancelled,
];

async fn a_response_outlives_the_connection_of_its_caller(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (registry, seen, _unblock) = tools()?;
    let server = broker.server(registry)?.build()?.start().await?;
    let (port, cut) = proxy(broker.port()).await?;
    let (scout, mut events) = observed(port).await?;
    let call = tokio::spawn(scout.call("hold", json!({})).into_future());
    Seen::one("a call that is held", &seen.begun).await?;
    // Answered by the broker behind the call.
    scout.tool_card("hold").await?;
    cut.send_replace(true);
    event(&mut events, "lost").await?;
    let watcher = broker.raw(WITNESS).await?;
    watcher.subscribe(&namespace().inbox("scout")).await?;
    seen.gate.add_permits(1);
    // The server has answered while nobody was there.
    watcher.message().await?;
    cut.send_replace(false);
    event(&mut events, "back, with the session").await?;
    assert_eq!(within("the answer", call).await???, "held");
    Ok(server.stop().await?)
}

async fn a_broker_that_forgot_its_sessions_ends_calls_that_may_not_run_twice(
    kind: Kind,
) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (registry, seen, _unblock) = tools()?;
    let server = broker.server(registry)?.build()?.start().await?;
    let (scout, mut events) = observed(broker.port()).await?;
    let call = tokio::spawn(scout.call("hold", json!({})).into_future());
    Seen::one("a call that is held", &seen.begun).await?;
    let broker = broker.stop().await?;
    event(&mut events, "lost").await?;
    let _broker = broker.start_again().await?;
    let error = within("the end of the call", call).await??;
    // By the last will of the server, if the broker told of that before it went.
    let Err(CallError::Connection { outcome, .. } | CallError::ServerDied { outcome, .. }) = error
    else {
        anyhow::bail!("{error:?}");
    };
    assert_eq!(outcome, Outcome::Unknown);
    assert_eq!(seen.begun.available_permits(), 0, "it was not sent again");
    seen.gate.add_permits(1);
    Ok(server.stop().await?)
}

/// The process that had the call goes with the broker; another one takes the repeat.
async fn a_broker_that_forgot_its_sessions_repeats_calls_that_may(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let runs = Arc::new((AtomicUsize::new(0), Semaphore::new(0)));
    let server = broker.server(hangs_once(&runs)?)?.build()?;
    let runtime = Runtime::new()?;
    runtime.spawn(server.start()).await??;
    let scout = broker.client("scout").await?;
    let call = tokio::spawn(scout.call("look", json!({})).into_future());
    Seen::one("the first run", &runs.1).await?;
    let broker = broker.stop().await?;
    runtime.shutdown_background();
    let broker = broker.start_again().await?;
    let server = broker.server(hangs_once(&runs)?)?.build()?.start().await?;
    assert_eq!(within("the answer", call).await???, "seen");
    assert_eq!(runs.0.load(Ordering::SeqCst), 2);
    Ok(server.stop().await?)
}

/// `look`, of which the first run hangs, and how often it ran.
fn hangs_once(runs: &Arc<(AtomicUsize, Semaphore)>) -> Result<Registry> {
    let seen = Arc::clone(runs);
    let look = Tool::builder("look")
        .description("Hangs the first time.")
        .input_schema(json!({"type": "object"}))
        .hints(Hints::new().read_only(true))
        .allowed_callers(["scout"])
        .raw_handler(move |_, _| {
            let seen = seen.clone();
            async move {
                if seen.0.fetch_add(1, Ordering::SeqCst) == 0 {
                    seen.1.add_permits(1);
                    std::future::pending::<()>().await;
                }
                Ok::<_, ToolError>(json!("seen"))
            }
        });
    Ok(Registry::empty().add(look.build()?)?)
}

async fn a_dropped_call_is_cancelled(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (registry, seen, _unblock) = tools()?;
    let server = broker.server(registry)?.build()?.start().await?;
    let watcher = broker.raw(WITNESS).await?;
    watcher.subscribe(&namespace().cancels(SERVER)).await?;
    let scout = broker.client("scout").await?;
    let call = tokio::spawn(scout.call("hold", json!({})).into_future());
    Seen::one("a call that is held", &seen.begun).await?;
    call.abort();
    let cancel = watcher.message().await?;
    assert_eq!(cancel.topic, namespace().cancel(SERVER, "scout"));
    assert_eq!(cancel.json()?["tool"], "hold");
    seen.gate.add_permits(1);
    Ok(server.stop().await?)
}

/// What a client tells its hook, as words.
type Events = mpsc::UnboundedReceiver<&'static str>;

async fn observed(port: u16) -> Result<(Client, Events)> {
    let (events, receiver) = mpsc::unbounded_channel();
    let options = ConnectOptions::new(format!("mqtt://scout:scout@127.0.0.1:{port}").parse()?);
    let client = Client::builder("scout")
        .namespace(NAMESPACE)
        .broker(options)
        .on_event(move |event| {
            let word = match event {
                Event::Connected => "connected",
                Event::Lost { .. } => "lost",
                Event::Reconnected { resumed: true } => "back, with the session",
                Event::Reconnected { resumed: false } => "back, without the session",
                _ => "something new",
            };
            let _ = events.send(word);
        });
    Ok((client.connect().await?, receiver))
}

async fn event(events: &mut Events, wanted: &'static str) -> Result<()> {
    while within(wanted, events.recv())
        .await?
        .context("no more events")?
        != wanted
    {}
    Ok(())
}

/// A way to the broker at `target` that is cut while it is told `true`.
async fn proxy(target: u16) -> Result<(u16, Arc<watch::Sender<bool>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let cut = Arc::new(watch::Sender::new(false));
    let cuts = cut.clone();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut cut = cuts.subscribe();
            if *cut.borrow_and_update() {
                continue;
            }
            tokio::spawn(async move {
                let mut far = TcpStream::connect(("127.0.0.1", target)).await?;
                tokio::select! {
                    ended = tokio::io::copy_bidirectional(&mut near, &mut far) => ended.map(drop),
                    _ = cut.changed() => Ok(()),
                }
            });
        }
    });
    Ok((port, cut))
}
