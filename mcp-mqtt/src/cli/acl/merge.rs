//! `acl merge`: the policies of several servers, for the broker that they share.

use std::path::PathBuf;

use clap::Args;

use super::super::exit::Exit;
use super::export::OutputArgs;
use super::files;
use crate::acl::{Format, Policy};

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// The policies, as `acl --format json` wrote them
    #[arg(required = true, num_args = 1.., value_name = "FILE")]
    policies: Vec<PathBuf>,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &MergeArgs) -> Result<(), Exit> {
    let policies: Vec<(String, Policy)> = args
        .policies
        .iter()
        .map(|path| Ok((path.display().to_string(), files::read(path)?)))
        .collect::<Result<_, Exit>>()?;
    let named = policies
        .iter()
        .map(|(name, policy)| (name.as_str(), policy));
    let merged = Policy::merge(named).map_err(Exit::fault)?;
    args.output
        .write(&merged, Format::Json, &Default::default())
}
