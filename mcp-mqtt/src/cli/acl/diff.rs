//! `acl diff`: who gains and who loses.

use std::path::PathBuf;

use clap::Args;

use super::super::Program;
use super::super::exit::Exit;
use super::super::files::print;
use super::files;
use super::scope::ScopeArgs;

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The policy in force, as `acl --format json` wrote it
    old: PathBuf,

    /// The policy that is to take its place [default: that of this program]
    new: Option<PathBuf>,

    #[command(flatten)]
    scope: ScopeArgs,
}

/// Exit code 0 if nobody gains, 1 if somebody does.
pub(super) fn run(program: Option<&Program>, args: &DiffArgs) -> Result<(), Exit> {
    let old = files::read(&args.old)?;
    let new = match (&args.new, program) {
        (Some(path), _) => files::read(path)?,
        (None, Some(program)) => args.scope.derive(program, None)?.0,
        (None, None) => {
            return Err(Exit::fault(
                "the new policy is missing; write `acl diff OLD NEW`",
            ));
        }
    };
    let diff = new.diff(&old);
    let line = |sign: char| move |rule| format!("{sign} {rule}\n");
    let text: String = diff
        .gained
        .iter()
        .map(line('+'))
        .chain(diff.lost.iter().map(line('-')))
        .collect();
    print(&text).map_err(Exit::failure)?;
    match diff.gained.len() {
        0 => Ok(()),
        _ => Err(Exit::failure(
            "somebody gains: the lines with + say who and what",
        )),
    }
}
