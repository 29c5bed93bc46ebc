//! `acl`: the policy for the broker, and questions about policies.

mod check;
mod convert;
mod diff;
mod export;
pub(super) mod files;
mod html;
mod matrix;
mod merge;
mod scope;

use clap::{Args, Subcommand};

use super::Program;
use super::exit::Exit;

pub(super) use export::after_help;
pub(super) use scope::ignored;

/// `acl` of a server's program: its own policy, unless a file is named.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct AclArgs {
    #[command(subcommand)]
    question: Option<Question>,

    #[command(flatten)]
    export: export::ExportArgs,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// Say whether somebody may publish or subscribe something, and by which rule
    Check(check::CheckArgs),
    /// Show who may call what, as a table
    Matrix(matrix::MatrixArgs),
    /// Say who gains and who loses by a new policy; exit code 1 if anybody gains
    Diff(diff::DiffArgs),
    /// Unite exported policies of several servers
    Merge(merge::MergeArgs),
    /// Write an exported policy in another form
    Convert(convert::ConvertArgs),
}

pub(super) fn run(program: &Program, args: &AclArgs) -> Result<(), Exit> {
    match &args.question {
        None => export::run(program, &args.export),
        Some(question) => ask(Some(program), question),
    }
}

/// `acl` of the program `mcp-mqtt`: policies from files.
#[derive(Debug, Args)]
pub(super) struct StandaloneArgs {
    #[command(subcommand)]
    question: Question,
}

pub(super) fn run_standalone(args: &StandaloneArgs) -> Result<(), Exit> {
    ask(None, &args.question)
}

fn ask(program: Option<&Program>, question: &Question) -> Result<(), Exit> {
    match question {
        Question::Check(args) => check::run(program, args),
        Question::Matrix(args) => matrix::run(program, args),
        Question::Diff(args) => diff::run(program, args),
        Question::Merge(args) => merge::run(args),
        Question::Convert(args) => convert::run(args),
    }
}
