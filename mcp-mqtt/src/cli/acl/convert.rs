//! `acl convert`: an exported policy in another form.

use std::path::PathBuf;

use clap::Args;

use super::super::exit::Exit;
use super::export::{FormatArgs, OutputArgs};
use super::files;
use crate::acl::ExportOptions;

#[derive(Debug, Args)]
pub(super) struct ConvertArgs {
    /// The policy, as `acl --format json` wrote it
    #[arg(value_name = "FILE")]
    policy: PathBuf,

    #[command(flatten)]
    format: FormatArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &ConvertArgs) -> Result<(), Exit> {
    let policy = files::read(&args.policy)?;
    let options = args.format.options(ExportOptions::default());
    args.output.write(&policy, args.format.format, &options)
}
