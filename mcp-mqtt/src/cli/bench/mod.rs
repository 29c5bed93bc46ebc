//! `bench`: what calls of a tool cost, in time and in CPU, and how much of that is the broker's.
//!
//! | File | Holds |
//! |---|---|
//! | `args` | the options, and what is to be done by them |
//! | `load` | the calls that are measured, in a closed loop |
//! | `floor` | the raw pair to compare with, and the process of its responder |
//! | `tally` | what was counted: times, failures, CPU |
//! | `usage` | CPU and memory of a process |
//! | `report` | the result for people and as JSON |

mod args;
mod floor;
mod load;
mod report;
mod tally;
mod usage;

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::exit::Exit;
use super::files;
use floor::Floor;
use load::Load;
use report::Report;
use tally::Tally;
use usage::Usage;

pub(super) use args::{BenchArgs, after_help};

/// The measured calls and the raw pair take turns of at most this time, so that both see the same machine.
const TURN: Duration = Duration::from_secs(1);

pub(super) fn run(args: BenchArgs, namespace: &str) -> Result<(), Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Exit::failure(format!("the async runtime cannot start: {error}")))?;
    if args.floor_responder {
        return runtime.block_on(floor::respond(args));
    }
    let json = args.json;
    let plan = args.plan(namespace)?;
    let report = runtime.block_on(measure(plan))?;
    files::print(&report.text(json)).map_err(Exit::failure)?;
    match report.measured.calls() {
        0 => Err(Exit::failure("no call succeeded; the failures stand above")),
        _ => Ok(()),
    }
}

async fn measure(plan: args::Plan) -> Result<Report, Exit> {
    let load = Load::start(&plan).await?;
    let mut floor = match plan.floor {
        true => Some(Floor::start(&plan, &load).await?),
        false => None,
    };
    let server = |what: &str| match plan.pid {
        None => Ok(None),
        Some(pid) => usage::of(pid)
            .map(Some)
            .map_err(|error| Exit::failure(format!("--pid {pid} {what}: {error}"))),
    };
    let (mut measured, mut raw) = (Tally::default(), Tally::default());
    let before = server("at the start")?;
    let mut progress = Progress::default();
    let begin = Instant::now();
    // The warm-up is a turn like the others whose tally is thrown away.
    let turns = plan.turns();
    for (at, turn) in std::iter::once(plan.warmup)
        .chain(turns.iter().copied())
        .enumerate()
    {
        let (own, peer) = (usage::own(), server("has ended")?);
        let mut one = load.turn(turn).await?;
        one.cpu(own, usage::own(), peer, server("has ended")?);
        let mut other = None;
        if let Some(floor) = &mut floor {
            other = Some(floor.turn(turn).await?);
        }
        if at > 0 {
            measured.add(one);
            other.into_iter().for_each(|other| raw.add(other));
            progress.show(begin.elapsed(), at, turns.len(), &measured, &raw);
        }
    }
    progress.end();
    let after = server("has ended")?;
    load.end().await;
    let memory = before
        .zip(after)
        .map(|(before, after): (Usage, Usage)| [before.memory, after.memory]);
    Ok(Report {
        plan,
        measured,
        raw: floor.map(|_| raw),
        memory,
    })
}

/// A line on standard error that is written again and again, if that is a terminal.
#[derive(Default)]
struct Progress {
    shown: bool,
}

impl Progress {
    fn show(&mut self, time: Duration, done: usize, turns: usize, measured: &Tally, raw: &Tally) {
        let mut out = std::io::stderr().lock();
        if !out.is_terminal() {
            return;
        }
        self.shown = true;
        let mut line = format!(
            "{:.0} s, {done} of {turns}: {:.0} calls/s, p50 {}",
            time.as_secs_f64(),
            measured.per_second(),
            report::time(measured.quantile(0.5)),
        );
        if raw.calls() > 0 {
            let (ours, floor) = (measured.per_second(), raw.per_second());
            line += &format!("; raw {floor:.0}/s, ratio {:.2}", ours / floor);
        }
        if measured.failed() > 0 {
            line += &format!("; {} failed", measured.failed());
        }
        // Nobody is left to tell when standard error is closed.
        let _ = write!(out, "\r\u{1b}[K{line}").and_then(|()| out.flush());
    }

    fn end(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}
