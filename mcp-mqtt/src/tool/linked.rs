//! From what `#[tool]` leaves in the binary to tools.

use std::time::Duration;

use serde_json::{Map, Value};

use super::def::{Input, MCP_MQTT_TOOLS_V0, ToolDef};
use super::descriptor::{Handler, Spec, Tool, ToolFuture};
use super::fault::{self, InvalidArguments};
use super::param::unalias;
use super::schema::{self, Property};
use super::validate::Validator;
use super::{StateMap, ToolContext};
use crate::meter::ToolMeter;
use crate::wire::ArgumentFault;

/// The annotated tools of this program, sorted by name and place: the linker keeps no order.
pub(super) fn tools() -> Vec<Tool> {
    let mut definitions: Vec<&'static ToolDef> = MCP_MQTT_TOOLS_V0.iter().collect();
    definitions.sort_by_key(|def| (def.name, def.file, def.line));
    definitions.into_iter().map(tool).collect()
}

pub(super) fn tool(def: &'static ToolDef) -> Tool {
    let mut generator = schema::for_output();
    let output = (def.output)(&mut generator);
    let spec = Spec {
        name: def.name.into(),
        title: def.title.map(str::to_owned),
        description: def.description.trim().to_owned(),
        version: def.version.map(str::to_owned),
        streaming: def.streaming,
        timeout: def.timeout_ms.map(Duration::from_millis),
        concurrency: def.concurrency,
        require_verified: def.require_verified,
        hints: def.hints,
        input_schema: input_schema(def),
        output_schema: schema::output(output, &mut generator),
        source: Some((def.file, def.line)),
        module: def.module,
        states: def.params.iter().filter_map(|p| p.state()).collect(),
        validator: Validator::default(),
        handler: Box::new(def),
        meter: ToolMeter::default(),
    };
    let callers = def
        .allowed_callers
        .map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    Tool::new(spec, callers)
}

fn input_schema(def: &ToolDef) -> Value {
    let mut generator = schema::for_input();
    let mut properties = Vec::new();
    for param in def.params {
        // No schema: not a JSON argument.
        if let Some(schema) = param.schema(&mut generator) {
            properties.push(Property {
                name: param.name(),
                description: param.doc().trim().to_owned(),
                required: param.is_required(),
                schema,
            });
        }
    }
    schema::object(properties, &mut generator)
}

impl Handler for &'static ToolDef {
    fn prepare(&self, arguments: &mut Map<String, Value>) {
        unalias(self.params, arguments);
    }

    fn start(
        &self,
        arguments: Map<String, Value>,
        context: ToolContext,
        state: &StateMap,
    ) -> Result<ToolFuture, InvalidArguments> {
        let mut input = Input {
            arguments,
            context,
            state: state.clone(),
            faults: Vec::new(),
        };
        (self.call)(&mut input).ok_or_else(|| {
            let faults = input.faults.into_iter();
            let mut faults: Vec<_> = faults
                .map(|fault| fault::decode(fault.pointer, fault.message))
                .collect();
            if faults.is_empty() {
                faults.push(ArgumentFault::new("", "could not be decoded"));
            }
            InvalidArguments { faults }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
