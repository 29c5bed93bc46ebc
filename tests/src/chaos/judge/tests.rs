//! Each thing that must not be is seen, and nothing else.

use super::*;
use crate::chaos::timeline::What;

fn seconds(n: f64) -> Duration {
    Duration::from_secs_f64(n)
}

struct Scene {
    zero: Instant,
    disturbances: Vec<Disturbance>,
}

impl Scene {
    fn new() -> Self {
        Self {
            zero: Instant::now() + seconds(100.0),
            disturbances: Vec::new(),
        }
    }

    fn with(mut self, what: What, from: f64, until: f64) -> Self {
        self.disturbances.push(Disturbance {
            what,
            from: self.zero + seconds(from),
            until: self.zero + seconds(until),
        });
        self
    }

    /// The faults of a call of client 0 that began at 10 s.
    fn kinds(&self, tool: Tool, told: Told, took: f64, runs: &[&str]) -> Vec<Kind> {
        let start = self.zero + seconds(10.0);
        let record = Record {
            id: 1,
            tool,
            client: 0,
            start,
            end: start + seconds(took),
            told,
        };
        let runs: Vec<String> = runs.iter().map(|&run| run.to_owned()).collect();
        let runs = HashMap::from([(1, runs)]);
        let violations = judge(&[record], &runs, &self.disturbances, Bounds::default());
        violations.into_keys().collect()
    }
}

fn not_run() -> Told {
    Told::NotRun("x".to_owned())
}

fn unknown() -> Told {
    Told::Unknown("x".to_owned())
}

fn nothing() -> Told {
    Told::Nothing("x".to_owned())
}

fn kill(who: &str) -> What {
    What::Kill(who.to_owned())
}

#[test]
fn a_call_that_ran_once_and_was_answered_is_fine() {
    let scene = Scene::new().with(What::Broker, 9.0, 9.5);
    for tool in [Tool::Once, Tool::Again] {
        assert_eq!(scene.kinds(tool, Told::Ok, 0.1, &["a"]), []);
    }
    assert_eq!(scene.kinds(Tool::Again, Told::Ok, 0.1, &["a", "b"]), []);
}

#[test]
fn runs_and_words_must_agree() {
    let scene = Scene::new().with(kill("a"), 10.05, 10.05);
    let once = |told, runs: &[&str]| scene.kinds(Tool::Once, told, 0.1, runs);
    assert_eq!(once(Told::Ok, &["a", "a"]), [Kind::RanTwice]);
    assert_eq!(once(Told::Ok, &[]), [Kind::OkWithoutRun]);
    assert_eq!(once(not_run(), &["a"]), [Kind::NotRunYetRan]);
    assert_eq!(once(not_run(), &[]), []);
    assert_eq!(once(unknown(), &["a"]), []);
    assert_eq!(
        once(Told::Wrong("2".to_owned()), &["a"]),
        [Kind::WrongAnswer]
    );
}

#[test]
fn silence_is_a_fault_unless_nobody_could_serve() {
    let served = Scene::new().with(kill("a"), 10.1, 10.1);
    assert_eq!(
        served.kinds(Tool::Once, nothing(), 15.0, &["a"]),
        [Kind::Silent]
    );
    assert_eq!(
        served.kinds(Tool::Again, nothing(), 15.0, &["a"]),
        [Kind::Lost]
    );
    assert_eq!(
        served.kinds(Tool::Once, Told::Hung, 20.0, &[]),
        [Kind::Silent]
    );
    let alone = Scene::new()
        .with(What::Nobody, 9.0, 20.0)
        .with(What::ClientStalled(0), 19.0, 23.0);
    for tool in [Tool::Once, Tool::Again] {
        assert_eq!(alone.kinds(tool, nothing(), 15.0, &[]), []);
        assert_eq!(
            alone.kinds(tool, nothing(), 17.0, &[]).len(),
            1,
            "4 s at its end"
        );
    }
    let of_another = Scene::new().with(What::ClientStalled(1), 9.0, 40.0);
    assert_eq!(
        of_another.kinds(Tool::Once, nothing(), 15.0, &[]),
        [Kind::Silent]
    );
}

#[test]
fn a_failure_is_known_two_seconds_after_a_socket_was_closed() {
    let scene = Scene::new().with(kill("a"), 11.0, 11.0);
    assert_eq!(scene.kinds(Tool::Once, unknown(), 2.9, &["a"]), []);
    assert_eq!(
        scene.kinds(Tool::Once, unknown(), 3.1, &["a"]),
        [Kind::Late]
    );
    let stalled = Scene::new().with(What::ClientStalled(0), 11.0, 12.0);
    assert_eq!(stalled.kinds(Tool::Once, unknown(), 11.9, &["a"]), []);
    assert_eq!(
        stalled.kinds(Tool::Once, unknown(), 12.1, &["a"]),
        [Kind::Late]
    );
}

#[test]
fn nothing_fails_in_peace_or_by_a_stop_in_order_or_by_what_touched_others() {
    let peace = Scene::new()
        .with(What::Broker, 1.0, 2.0)
        .with(What::Terminate("a".to_owned()), 10.0, 10.5)
        .with(What::ClientBroke(7), 10.0, 10.5)
        .with(kill("b"), 10.0, 10.0);
    assert_eq!(
        peace.kinds(Tool::Once, unknown(), 1.0, &["a"]),
        [Kind::FailedInPeace]
    );
    assert_eq!(
        peace.kinds(Tool::Once, unknown(), 1.0, &[]),
        [],
        "perhaps b had it"
    );
}

#[test]
fn what_may_run_again_does_not_fail() {
    let scene = Scene::new().with(What::Broker, 10.1, 11.0);
    assert_eq!(
        scene.kinds(Tool::Again, unknown(), 0.2, &["a"]),
        [Kind::Lost]
    );
    assert_eq!(scene.kinds(Tool::Again, not_run(), 0.2, &[]), [Kind::Lost]);
}
