//! `acl check`: may somebody publish or subscribe something, and by which rule.

use clap::{Args, ValueEnum};

use super::super::Program;
use super::super::exit::Exit;
use super::super::files::print;
use super::scope::SourceArgs;
use crate::acl;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The identity that asks; leave it out for an anonymous client
    #[arg(long = "as", value_name = "NAME")]
    who: Option<String>,

    /// What it wants to do
    action: Action,

    /// The topic to publish to, or the filter to subscribe to, with `$share/group/` where it shares
    topic: String,

    #[command(flatten)]
    source: SourceArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Action {
    Publish,
    Subscribe,
}

/// Exit code 0 if it is allowed, 3 if not.
pub(super) fn run(program: Option<&Program>, args: &CheckArgs) -> Result<(), Exit> {
    let policy = args.source.policy(program)?;
    let action = match args.action {
        Action::Publish => acl::Action::Publish,
        Action::Subscribe => acl::Action::Subscribe,
    };
    let decision = policy.decide(args.who.as_deref(), action, &args.topic);
    if !decision.is_allowed() {
        return Err(Exit::unauthorized(decision));
    }
    print(&format!("{decision}\n")).map_err(Exit::failure)
}
