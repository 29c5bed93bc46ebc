//! `tools` of a server's program: what its cards hold, without a broker.

use super::Program;
use super::exit::{Exit, Faults};
use super::{files, table};
use crate::server::cards::{Identity, tool_card};
use crate::wire::{Status, ToolCard};

pub(super) fn run(program: &Program, json: bool) -> Result<(), Exit> {
    let mut faults = Faults::default();
    let namespace = faults.unless(super::namespace(&program.namespace()));
    let registry = faults.unless(program.registry());
    let (Some(namespace), Some(registry)) = (namespace, registry) else {
        return Err(faults.into());
    };
    let identity = Identity {
        namespace,
        name: program.info.name.to_owned(),
        version: Some(program.info.version.to_owned()),
        description: program.info.description.to_owned(),
    };
    let cards: Vec<ToolCard> = registry
        .iter()
        .map(|tool| tool_card(&identity, tool, Status::Offline))
        .collect();
    print(&cards, json)
}

/// Prints cards, as a table or as JSON.
pub(super) fn print(cards: &[ToolCard], json: bool) -> Result<(), Exit> {
    let text = if json {
        let json = serde_json::to_string_pretty(cards).map_err(Exit::failure)?;
        format!("{}\n", table::tame(&json))
    } else {
        table::of_tools(cards)
    };
    files::print(&text).map_err(Exit::failure)
}
