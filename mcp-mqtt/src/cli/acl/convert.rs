//! `acl convert`: an exported policy in another form.

use std::path::PathBuf;

use clap::Args;

use super::super::exit::Exit;
use super::super::share::ShareArgs;
use super::export::{FormatArgs, OutputArgs};
use super::files;

#[derive(Debug, Args)]
pub(super) struct ConvertArgs {
    /// The policy, as `acl --format json` wrote it
    #[arg(value_name = "FILE")]
    policy: PathBuf,

    #[command(flatten)]
    format: FormatArgs,

    #[command(flatten)]
    share: ShareArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &ConvertArgs) -> Result<(), Exit> {
    let policy = files::read(&args.policy)?;
    let share = args.share.read().map_err(Exit::fault)?;
    let options = share.of_export(&policy).map_err(Exit::fault)?;
    let options = args.format.options(options);
    args.output.write(&policy, args.format.format, &options)
}
