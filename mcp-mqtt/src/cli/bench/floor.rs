//! The raw pair to compare with: the requester here, the responder in a process of its own, so that its CPU time is its
//! own as a server's is.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::args::{BenchArgs, Plan};
use super::load::Load;
use super::tally::Tally;
use super::usage;
use crate::cli::exit::Exit;
use crate::cli::files;
use crate::error::chain;
use crate::mqtt::floor::{self, FloorError, Requester};
use crate::random;

/// What the responder is told on its standard input.
#[derive(Serialize, Deserialize)]
struct Order {
    topic: String,
    /// Of a response, in bytes.
    size: usize,
    in_flight: u16,
}

/// The raw pair.
pub(super) struct Floor {
    requester: Requester,
    responder: Responder,
    payload: Bytes,
    in_flight: u16,
}

/// The other process; it ends when its standard input does, and so with this one.
struct Responder(Child);

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Floor {
    /// Starts both, and makes one round trip.
    pub(super) async fn start(plan: &Plan, load: &Load) -> Result<Self, Exit> {
        let own = format!(
            "{}/mcp/clients/{}/bench/{}",
            plan.namespace.as_str(),
            plan.caller,
            random::suffix()
        );
        let (requests, responses) = (format!("{own}/requests"), format!("{own}/responses"));
        let in_flight = plan.concurrency;
        let [call, response] = load.sizes;
        let mut options = plan.options.clone();
        // The client that is measured has it.
        options.client_id = None;
        let responder = Responder::start(&Order {
            topic: requests.clone(),
            size: response,
            in_flight,
        })?;
        let requester = Requester::connect(&options, requests, responses, in_flight);
        let mut floor = Self {
            requester: requester.await.map_err(|error| failed(&error))?,
            responder,
            payload: vec![b'x'; call].into(),
            in_flight,
        };
        floor.turn(Duration::ZERO).await?;
        Ok(floor)
    }

    /// Asks for `time`, and then waits for the answers that are on their way.
    pub(super) async fn turn(&mut self, time: Duration) -> Result<Tally, Exit> {
        let mut tally = Tally::default();
        let (own, peer) = (usage::own(), self.responder.usage());
        let begin = Instant::now();
        let record = |time| tally.record(time);
        let running = self
            .requester
            .run(self.in_flight, &self.payload, begin + time, record);
        running.await.map_err(|error| failed(&error))?;
        tally.elapsed = begin.elapsed();
        tally.cpu(own, usage::own(), peer, self.responder.usage());
        Ok(tally)
    }
}

impl Responder {
    /// Starts this program again with the same options, and waits until it answers.
    fn start(order: &Order) -> Result<Self, Exit> {
        let fault = |error: &dyn std::error::Error| {
            Exit::failure(format!(
                "the responder of --floor does not start: {}",
                chain(error)
            ))
        };
        let program = std::env::current_exe().map_err(|error| fault(&error))?;
        let child = Command::new(program)
            .args(std::env::args_os().skip(1))
            .arg("--floor-responder")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| fault(&error))?;
        let mut responder = Self(child);
        let order = serde_json::to_string(order).map_err(|error| fault(&error))?;
        if let Some(input) = &mut responder.0.stdin {
            writeln!(input, "{order}").map_err(|error| fault(&error))?;
        }
        let mut ready = String::new();
        if let Some(output) = responder.0.stdout.take() {
            BufReader::new(output)
                .read_line(&mut ready)
                .map_err(|error| fault(&error))?;
        }
        match ready.is_empty() {
            true => Err(Exit::failure(
                "the responder of --floor ended; it says above why",
            )),
            false => Ok(responder),
        }
    }

    fn usage(&self) -> Option<usage::Usage> {
        usage::of(self.0.id()).ok()
    }
}

/// The other process: answers until its standard input ends.
pub(super) async fn respond(args: BenchArgs) -> Result<(), Exit> {
    let mut options = args.options()?;
    options.client_id = None;
    let mut input = BufReader::new(std::io::stdin());
    let mut line = String::new();
    input.read_line(&mut line).map_err(Exit::failure)?;
    let order: Order = serde_json::from_str(&line).map_err(Exit::fault)?;
    let parent = std::thread::spawn(move || input.read_to_end(&mut Vec::new()));
    std::thread::spawn(move || {
        let _ = parent.join();
        std::process::exit(0);
    });
    // Whoever reads it is there, or its end ends this process.
    let ready = || drop(files::print("ready\n"));
    let Order {
        topic,
        size,
        in_flight,
    } = order;
    let answering = floor::respond(&options, &topic, size, in_flight, ready);
    answering.await.map_err(|error| failed(&error))
}

fn failed(error: &FloorError) -> Exit {
    let text = format!("--floor: {}", chain(error));
    match error {
        FloorError::Refused { .. } => Exit::unauthorized(text),
        _ => Exit::failure(text),
    }
}
