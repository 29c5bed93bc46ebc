//! The way of packets through one connection of the proxy.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::packet::Packet;
use super::{Direction, Fault, Flow, State};

/// A fault that was ordered.
pub(super) struct Strike {
    pub(super) direction: Direction,
    pub(super) part: String,
    pub(super) fault: Fault,
    pub(super) done: oneshot::Sender<()>,
}

/// What the connections of a proxy share.
#[derive(Default)]
pub(super) struct Lines {
    strikes: Mutex<Vec<Strike>>,
    connections: AtomicUsize,
}

/// One connection, counted while it lives.
pub(super) struct Counted<'a>(&'a AtomicUsize);

/// How a connection ends.
enum End {
    Closed,
    Reset,
}

impl Lines {
    pub(super) fn order(&self, strike: Strike) {
        self.strikes().push(strike);
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn enter(&self) -> Counted<'_> {
        self.connections.fetch_add(1, Ordering::SeqCst);
        Counted(&self.connections)
    }

    /// The first fault that was ordered for such a packet.
    fn strike(&self, direction: Direction, packet: &Packet) -> Option<Strike> {
        let topic = packet.topic()?;
        let mut strikes = self.strikes();
        strikes.retain(|strike| !strike.done.is_closed());
        let meant = |strike: &Strike| strike.direction == direction && topic.contains(&strike.part);
        let at = strikes.iter().position(meant)?;
        Some(strikes.remove(at))
    }

    fn strikes(&self) -> std::sync::MutexGuard<'_, Vec<Strike>> {
        self.strikes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Acknowledgements of copies, which their sender must not see: of each id one passes, the next does not.
#[derive(Default)]
struct Copies(Mutex<HashMap<(Direction, u16), bool>>);

impl Copies {
    fn made(&self, direction: Direction, id: u16) {
        self.map().insert((direction, id), false);
    }

    /// Whether this acknowledges the copy of a packet that went the other way.
    fn acknowledged(&self, direction: Direction, packet: &Packet) -> bool {
        let Some(id) = packet.acknowledged() else {
            return false;
        };
        let other = match direction {
            Direction::ToBroker => Direction::FromBroker,
            Direction::FromBroker => Direction::ToBroker,
        };
        let mut map = self.map();
        match map.get_mut(&(other, id)) {
            None => false,
            Some(passed @ false) => {
                *passed = true;
                false
            }
            Some(true) => map.remove(&(other, id)).is_some(),
        }
    }

    fn map(&self) -> std::sync::MutexGuard<'_, HashMap<(Direction, u16), bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries packets both ways until one end is over or there were more resets than `before`.
pub(super) async fn carry(
    mut client: TcpStream,
    mut broker: TcpStream,
    state: watch::Receiver<State>,
    before: u64,
    lines: &Lines,
) {
    let _ = client.set_nodelay(true);
    let mut resets = state.clone();
    let end = {
        let (from_client, to_client) = client.split();
        let (from_broker, to_broker) = broker.split();
        let copies = Copies::default();
        let way = |direction| Way {
            direction,
            state: state.clone(),
            lines,
            copies: &copies,
        };
        tokio::select! {
            biased;
            _ = resets.wait_for(|state| state.resets > before) => End::Reset,
            end = way(Direction::ToBroker).carry(from_client, to_broker) => end,
            end = way(Direction::FromBroker).carry(from_broker, to_client) => end,
        }
    };
    if matches!(end, End::Reset) {
        let _ = client.set_zero_linger();
        let _ = broker.set_zero_linger();
    }
}

/// One direction of a connection.
struct Way<'a> {
    direction: Direction,
    state: watch::Receiver<State>,
    lines: &'a Lines,
    copies: &'a Copies,
}

/// What is to be written, and when.
struct Due {
    at: Instant,
    bytes: Vec<u8>,
    then: Option<End>,
}

impl Way<'_> {
    async fn carry(self, from: ReadHalf<'_>, to: WriteHalf<'_>) -> End {
        let (queue, due) = mpsc::unbounded_channel();
        let writing = write(due, to);
        let reading = async move {
            let _ = self.read(from, &queue).await;
        };
        // Reading ends first, by dropping the queue; or else writing fails.
        let (mut reading, mut writing) = (Box::pin(reading), Box::pin(writing));
        tokio::select! {
            biased;
            end = &mut writing => end,
            () = &mut reading => {
                drop(reading);
                writing.await
            }
        }
    }

    async fn read(mut self, from: ReadHalf<'_>, queue: &mpsc::UnboundedSender<Due>) -> Result<()> {
        let mut from = BufReader::new(from);
        loop {
            let packet = Packet::read(&mut from).await?;
            let state = *self
                .state
                .wait_for(|s| flow(s, self.direction) != Flow::Hold)
                .await?;
            let Some(packet) = packet else { return Ok(()) };
            if flow(&state, self.direction) == Flow::Drop
                || self.copies.acknowledged(self.direction, &packet)
            {
                continue;
            }
            let strike = self.lines.strike(self.direction, &packet);
            for (bytes, then) in self.struck(&packet, strike.as_ref().map(|s| s.fault)) {
                let at = Instant::now() + state.delay;
                queue.send(Due { at, bytes, then })?;
            }
            if let Some(strike) = strike {
                let _ = strike.done.send(());
            }
        }
    }

    /// What is to be written instead of this packet, and whether the connection ends then.
    fn struck(&self, packet: &Packet, fault: Option<Fault>) -> Vec<(Vec<u8>, Option<End>)> {
        let whole = packet.bytes().to_vec();
        match fault {
            None => vec![(whole, None)],
            Some(Fault::Duplicate) => {
                if let Some(id) = packet.publish_id() {
                    self.copies.made(self.direction, id);
                }
                vec![(whole, None), (packet.again().bytes().to_vec(), None)]
            }
            Some(Fault::Truncate) => {
                let half = whole[..whole.len() / 2].to_vec();
                vec![(half, Some(End::Closed))]
            }
            Some(Fault::Reset) => vec![(Vec::new(), Some(End::Reset))],
            Some(Fault::Lose) => Vec::new(),
        }
    }
}

async fn write(mut due: mpsc::UnboundedReceiver<Due>, mut to: WriteHalf<'_>) -> End {
    while let Some(Due { at, bytes, then }) = due.recv().await {
        if at > Instant::now() {
            tokio::time::sleep_until(at).await;
        }
        if to.write_all(&bytes).await.is_err() {
            return End::Closed;
        }
        if let Some(end) = then {
            return end;
        }
    }
    End::Closed
}

fn flow(state: &State, direction: Direction) -> Flow {
    match direction {
        Direction::ToBroker => state.to_broker,
        Direction::FromBroker => state.from_broker,
    }
}
