//! A TCP proxy between a client or server and its broker, which does on command what networks do.
//!
//! It knows as much of MQTT as it takes to tell packets apart, so that everything happens between two
//! packets unless it is meant to happen within one. How bytes become packets is [`packet`], what happens
//! to them on their way is `line`.

mod line;
pub mod packet;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::within;
use line::{Lines, Strike};

/// Which way a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client or server.
    ToBroker,
    /// From the broker.
    FromBroker,
}

/// What happens to the packets of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// They pass.
    #[default]
    Pass,
    /// They wait, and pass once the line is healed: a cable pulled for a moment.
    Hold,
    /// They vanish, and nobody is told: a black hole.
    Drop,
}

/// What can happen to a single PUBLISH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It arrives twice, the second time marked DUP, as a redelivery does. The second acknowledgement is
    /// kept from its sender, who awaits one.
    Duplicate,
    /// Half of it arrives, then both connections are closed.
    Truncate,
    /// It does not arrive, and both connections are reset.
    Reset,
    /// It does not arrive; everything after it does.
    Lose,
}

/// The state of the line. The default is a good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct State {
    to_broker: Flow,
    from_broker: Flow,
    delay: Duration,
    refusing: bool,
    /// How often all connections were reset.
    resets: u64,
}

/// A proxy on a port of its own. What it carries is reset when it is dropped.
pub struct Proxy {
    port: u16,
    state: Arc<watch::Sender<State>>,
    lines: Arc<Lines>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A proxy for the broker on this port of loopback. The broker need not be there yet.
    ///
    /// # Errors
    ///
    /// When the system has no free port.
    pub async fn to(broker: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("no port for the proxy")?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(watch::Sender::new(State::default()));
        let lines = Arc::new(Lines::default());
        let task = tokio::spawn(accept(
            listener,
            broker,
            Arc::clone(&state),
            Arc::clone(&lines),
        ));
        Ok(Self {
            port,
            state,
            lines,
            task,
        })
    }

    /// Where to connect instead of the broker.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address as an URL without user and password.
    pub fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// What becomes of the packets of one direction from now on.
    pub fn set(&self, direction: Direction, flow: Flow) {
        self.state.send_modify(|state| match direction {
            Direction::ToBroker => state.to_broker = flow,
            Direction::FromBroker => state.from_broker = flow,
        });
    }

    /// Nothing passes in either direction, and nobody is told: what is sent meanwhile arrives once the
    /// line is healed, if its connection lives on.
    pub fn cut(&self) {
        self.set(Direction::ToBroker, Flow::Hold);
        self.set(Direction::FromBroker, Flow::Hold);
    }

    /// What is sent in either direction vanishes, and nobody is told.
    pub fn black_hole(&self) {
        self.set(Direction::ToBroker, Flow::Drop);
        self.set(Direction::FromBroker, Flow::Drop);
    }

    /// Every packet arrives so much later, in both directions; their order stays.
    pub fn delay(&self, delay: Duration) {
        self.state.send_modify(|state| state.delay = delay);
    }

    /// Resets all connections (RST). New ones are taken.
    pub fn reset(&self) {
        self.state.send_modify(|state| state.resets += 1);
    }

    /// Resets all connections, and new ones as well until the line is healed.
    pub fn refuse(&self) {
        self.state.send_modify(|state| {
            state.refusing = true;
            state.resets += 1;
        });
    }

    /// The line is good again. Faults that were ordered still wait for their PUBLISH.
    pub fn heal(&self) {
        self.state.send_modify(|state| {
            *state = State {
                resets: state.resets,
                ..State::default()
            }
        });
    }

    /// Does this to the next PUBLISH that goes this way on a topic with `part` in it.
    #[must_use = "it happens later: await it"]
    pub fn on_publish(&self, direction: Direction, part: &str, fault: Fault) -> Struck {
        let (done, struck) = oneshot::channel();
        self.lines.order(Strike {
            direction,
            part: part.to_owned(),
            fault,
            done,
        });
        Struck(struck)
    }

    /// How many connections it carries now.
    pub fn connections(&self) -> usize {
        self.lines.connections()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.reset();
        self.task.abort();
    }
}

/// A fault that is to happen. Dropped before, it does not.
#[derive(Debug)]
pub struct Struck(oneshot::Receiver<()>);

impl Struck {
    /// Waits until it has happened.
    ///
    /// # Errors
    ///
    /// When it does not happen.
    pub async fn happened(self) -> Result<()> {
        within("a PUBLISH to strike", self.0)
            .await?
            .context("the proxy is gone")
    }
}

async fn accept(
    listener: TcpListener,
    broker: u16,
    state: Arc<watch::Sender<State>>,
    lines: Arc<Lines>,
) {
    let mut carried = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                carried.spawn(carry(client, broker, state.subscribe(), Arc::clone(&lines)));
            },
            Some(_) = carried.join_next() => {}
        }
    }
}

/// One connection, to its end.
async fn carry(client: TcpStream, port: u16, state: watch::Receiver<State>, lines: Arc<Lines>) {
    let _counted = lines.enter();
    let resets = state.borrow().resets;
    let Ok(broker) = reach(port, state.clone(), resets).await else {
        let _ = client.set_zero_linger();
        return;
    };
    line::carry(client, broker, state, resets, &lines).await;
}

/// Connects to the broker, once the line lets anything through.
async fn reach(port: u16, mut state: watch::Receiver<State>, before: u64) -> Result<TcpStream> {
    let state = *state
        .wait_for(|s| s.refusing || s.resets > before || s.to_broker == Flow::Pass)
        .await?;
    anyhow::ensure!(!state.refusing && state.resets == before, "refused");
    let broker = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    broker.set_nodelay(true)?;
    Ok(broker)
}

#[cfg(test)]
mod tests;
