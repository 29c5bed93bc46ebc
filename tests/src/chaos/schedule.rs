//! What is broken next: a sequence that the seed decides, as far as order and kind go.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::fleet::{Ending, Slot};
use super::load::Caller;
use super::timeline::What;
use super::{Plan, Shared};
use crate::proxy::{Direction, Fault};
use crate::seeded::Seeded;
use crate::{Mosquitto, Proxy};

/// How long a fault waits for a packet to strike.
const STRIKE: Duration = Duration::from_secs(1);

/// Everything that can be broken.
pub struct Stage {
    pub broker: Mosquitto,
    pub slots: Vec<Slot>,
    pub callers: Vec<Caller>,
    pub shared: Arc<Shared>,
    pub seeded: Seeded,
}

/// Whose connection is meant.
#[derive(Clone, Copy)]
enum Whose {
    Server(usize),
    Client(usize),
}

impl Stage {
    /// Breaks things until the time is over; everything is whole again at the end.
    pub async fn disturb(&mut self, plan: &Plan) -> Result<()> {
        let end = Instant::now() + plan.duration;
        let mut next =
            [plan.kill_every, plan.restart_every, plan.cut_every].map(|d| Instant::now() + d);
        loop {
            let (at, which) = next.iter().zip(0..).min().context("nothing is planned")?;
            let at = *at;
            if at >= end {
                break;
            }
            tokio::time::sleep_until(at.into()).await;
            let every = match which {
                0 => self.end_replica(plan.kill_every),
                1 => self.restart_broker(plan.restart_every)?,
                _ => self.break_line(plan.cut_every).await,
            };
            // What took long delays what comes next, and is not made up for.
            next[which] = at.max(Instant::now()) + every;
        }
        tokio::time::sleep_until(end.into()).await;
        Ok(())
    }

    fn end_replica(&mut self, every: Duration) -> Duration {
        let at = self.seeded.below(self.slots.len());
        let signal = *self.seeded.pick(&[Signal::KILL, Signal::TERM]);
        let pause = Duration::from_millis(100 * self.seeded.below(5) as u64);
        self.slots[at].end(Ending { signal, pause });
        if self.seeded.one_in(4) {
            let other = (at + 1) % self.slots.len();
            self.slots[other].end(Ending { signal, pause });
        }
        every
    }

    fn restart_broker(&mut self, every: Duration) -> Result<Duration> {
        let from = Instant::now();
        let forget = self.seeded.one_in(2);
        tokio::task::block_in_place(|| {
            self.broker.stop()?;
            if forget {
                self.broker.forget()?;
            }
            let mut started = self.broker.start_again();
            for _ in 0..20 {
                // A connection on its way out may hold the port.
                if started.is_ok() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
                started = self.broker.start_again();
            }
            started
        })?;
        self.shared.disturbed(What::Broker, from);
        Ok(every)
    }

    async fn break_line(&mut self, every: Duration) -> Duration {
        let whose = match self.seeded.below(self.slots.len() + self.callers.len()) {
            at if at < self.slots.len() => Whose::Server(at),
            at => Whose::Client(at - self.slots.len()),
        };
        let kind = self.seeded.below(7);
        let long = Duration::from_millis(200 + self.seeded.below(1_000) as u64);
        let (calls, responses) = ("/call", "/responses");
        let arriving = match whose {
            Whose::Server(_) => calls,
            Whose::Client(_) => responses,
        };
        let leaving = if arriving == calls { responses } else { calls };
        use Direction::{FromBroker, ToBroker};
        match (kind, whose) {
            (0, _) => self.stall(whose, long).await,
            (1, _) => self.brief(whose, |proxy| proxy.reset()),
            (2, Whose::Server(at)) => self.repeat(at).await,
            (2 | 3, _) => {
                self.strike(whose, FromBroker, arriving, Fault::Truncate)
                    .await
            }
            (4, _) => self.strike(whose, ToBroker, leaving, Fault::Truncate).await,
            (5, _) => self.strike(whose, FromBroker, arriving, Fault::Reset).await,
            _ => self.strike(whose, ToBroker, leaving, Fault::Reset).await,
        }
        every
    }

    async fn stall(&self, whose: Whose, long: Duration) {
        let from = Instant::now();
        let who = self.name(whose);
        let proxy = self.proxy(whose);
        proxy.cut();
        tokio::time::sleep(long).await;
        proxy.heal();
        let what = match (whose, who) {
            (Whose::Client(at), _) => What::ClientStalled(at),
            (_, Some(name)) => What::ServerStalled(name),
            _ => return,
        };
        self.shared.disturbed(what, from);
    }

    fn brief(&self, whose: Whose, fault: impl Fn(&Proxy)) {
        let (from, what) = (Instant::now(), self.broke(whose));
        fault(self.proxy(whose));
        if let Some(what) = what {
            self.shared.disturbed(what, from);
        }
    }

    async fn strike(&self, whose: Whose, direction: Direction, part: &str, fault: Fault) {
        let (from, what) = (Instant::now(), self.broke(whose));
        let struck = self.proxy(whose).on_publish(direction, part, fault);
        let happened = tokio::time::timeout(STRIKE, struck.happened()).await;
        if let (Ok(Ok(())), Some(what)) = (happened, what) {
            self.shared.disturbed(what, from);
        }
    }

    /// A call comes twice to one replica, in one connection.
    async fn repeat(&self, at: usize) {
        let (from, who) = (Instant::now(), self.name(Whose::Server(at)));
        let proxy = &self.slots[at].proxy;
        let struck = proxy.on_publish(Direction::FromBroker, "/once/call", Fault::Duplicate);
        let happened = tokio::time::timeout(STRIKE, struck.happened()).await;
        if let (Ok(Ok(())), Some(who)) = (happened, who) {
            self.shared.disturbed(What::Repeated(who), from);
        }
    }

    fn broke(&self, whose: Whose) -> Option<What> {
        match whose {
            Whose::Client(at) => Some(What::ClientBroke(at)),
            Whose::Server(_) => self.name(whose).map(What::ServerBroke),
        }
    }

    /// Which instance is behind the line, if it is one of a server and there is one.
    fn name(&self, whose: Whose) -> Option<String> {
        match whose {
            Whose::Server(at) => self.shared.presence().now.get(&at).cloned(),
            Whose::Client(_) => None,
        }
    }

    fn proxy(&self, whose: Whose) -> &Proxy {
        match whose {
            Whose::Server(at) => &self.slots[at].proxy,
            Whose::Client(at) => &self.callers[at].proxy,
        }
    }
}
