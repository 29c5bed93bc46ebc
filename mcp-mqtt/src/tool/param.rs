//! Parameters of annotated functions: how a type becomes one (`ToolParam`), and one parameter with
//! its name, documentation and attributes (`Param<T>`). The schemas' assembly is not here.

use std::any::{TypeId, type_name};
use std::fmt;

use schemars::{Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Error, Map, Value};

use super::constrain;
use super::def::Input;
use super::fault;
use super::missing::Missing;
use super::state::StateNeed;
use super::{ArgumentFault, State, ToolContext};

/// What may stand as a parameter of a `#[tool]` function: every type that is `Deserialize` and
/// `JsonSchema`, which becomes a property of the arguments; [`ToolContext`]; [`State`].
///
/// It is not for implementing: put `#[mcp_mqtt::json]` on a type of yours.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used as a `#[tool]` parameter",
    label = "neither a JSON argument nor a context parameter",
    note = "put `#[mcp_mqtt::json]` or `#[derive(Deserialize, JsonSchema)]` on every type of yours in it",
    note = "parameters that are not JSON: `ToolContext` and `State<T>`"
)]
pub trait ToolParam: Sized {
    /// How the runtime handles this type.
    #[doc(hidden)]
    const VTABLE: Vtable<Self>;
}

/// What the runtime needs of a parameter type, behind `fn` pointers.
///
/// It has no bounds, so a type without [`ToolParam`] fails in one place, on the user's own tokens.
pub struct Vtable<T> {
    kind: Kind,
    schema: fn(&mut SchemaGenerator) -> Option<Schema>,
    /// Whether the type stands for an absent argument by itself, as `Option` does.
    optional: fn() -> bool,
    take: fn(&mut Input, &Param<T>) -> Result<T, String>,
}

/// Where the value of a parameter comes from.
#[derive(Clone, Copy)]
enum Kind {
    Argument,
    Context,
    State(fn() -> StateNeed),
}

impl<T> Vtable<T> {
    /// A parameter that is no JSON.
    const fn context(kind: Kind, take: fn(&mut Input, &Param<T>) -> Result<T, String>) -> Self {
        Self {
            kind,
            schema: |_| None,
            optional: || true,
            take,
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + schemars::JsonSchema> ToolParam for T {
    const VTABLE: Vtable<T> = Vtable {
        kind: Kind::Argument,
        schema: |generator| Some(generator.subschema_for::<T>()),
        optional: || T::deserialize(Missing).is_ok(),
        take: |input, param| match (input.arguments.remove(param.name), param) {
            (Some(value), Param { with: Some(f), .. }) => f(value).map_err(|e| e.to_string()),
            (Some(value), _) => T::deserialize(value).map_err(|e| e.to_string()),
            (
                None,
                Param {
                    default: Some(f), ..
                },
            ) => Ok(f()),
            // As in serde, a custom function is never asked about an absent value.
            (None, Param { with: Some(_), .. }) => Err("is required".to_owned()),
            (None, _) => T::deserialize(Missing).map_err(|_| "is required".to_owned()),
        },
    };
}

#[diagnostic::do_not_recommend]
impl ToolParam for ToolContext {
    const VTABLE: Vtable<Self> =
        Vtable::context(Kind::Context, |input, _| Ok(input.context.clone()));
}

#[diagnostic::do_not_recommend]
impl<T: 'static> ToolParam for State<T> {
    const VTABLE: Vtable<Self> = Vtable::context(Kind::State(need::<T>), |input, _| {
        // A server asks for its state when it starts, so calls do not get here.
        let missing = || format!("the server has no state of type `{}`", type_name::<T>());
        input.state.get::<T>().ok_or_else(missing)
    });
}

fn need<T: 'static>() -> StateNeed {
    StateNeed {
        type_id: TypeId::of::<T>(),
        type_name: type_name::<T>(),
    }
}

/// One parameter: its type's handling and what its annotation says.
pub struct Param<T> {
    name: &'static str,
    doc: &'static str,
    aliases: &'static [&'static str],
    default: Option<fn() -> T>,
    with: Option<fn(Value) -> Result<T, Error>>,
    schemars: Option<fn(&mut SchemaGenerator) -> Schema>,
    vtable: Vtable<T>,
}

impl<T> Param<T> {
    /// A parameter with its JSON name and its documentation.
    #[must_use]
    pub const fn new(name: &'static str, doc: &'static str, vtable: Vtable<T>) -> Self {
        Self {
            name,
            doc,
            aliases: &[],
            default: None,
            with: None,
            schemars: None,
            vtable,
        }
    }

    /// `#[serde(alias = "…")]`.
    #[must_use]
    pub const fn aliases(mut self, names: &'static [&'static str]) -> Self {
        self.aliases = names;
        self
    }

    /// `#[serde(default)]`.
    #[must_use]
    pub const fn default(mut self, value: fn() -> T) -> Self {
        self.default = Some(value);
        self
    }

    /// `#[serde(deserialize_with = "…")]`.
    #[must_use]
    pub const fn with(mut self, decode: fn(Value) -> Result<T, Error>) -> Self {
        self.with = Some(decode);
        self
    }

    /// `#[schemars(…)]`: the schema of the hidden struct that carries those attributes.
    #[must_use]
    pub const fn schemars(mut self, carrier: fn(&mut SchemaGenerator) -> Schema) -> Self {
        self.schemars = Some(carrier);
        self
    }

    /// Refuses a parameter without a name while the user's crate compiles, if it would be a JSON
    /// property. Only the compiler knows the type, hence a check by constant evaluation.
    #[track_caller]
    #[expect(clippy::panic, reason = "in a constant, a panic is a compile error")]
    pub const fn nameless(&self, message: &'static str) {
        if matches!(self.vtable.kind, Kind::Argument) {
            panic!("{}", message)
        }
    }

    /// What is known without the type.
    #[must_use]
    pub const fn meta(&self) -> ParamMeta {
        ParamMeta {
            name: self.name,
            doc: self.doc,
            aliases: self.aliases,
            has_default: self.default.is_some(),
            has_with: self.with.is_some(),
            kind: self.vtable.kind,
            plain: self.vtable.schema,
            schemars: self.schemars,
            optional: self.vtable.optional,
        }
    }

    /// Takes the value out of the input; a fault is added there.
    pub fn take(&self, input: &mut Input) -> Option<T> {
        match (self.vtable.take)(input, self) {
            Ok(value) => Some(value),
            Err(message) => {
                let pointer = fault::child("", self.name);
                input.faults.push(ArgumentFault::new(pointer, message));
                None
            }
        }
    }
}

/// What is known of a parameter without its type.
pub struct ParamMeta {
    name: &'static str,
    doc: &'static str,
    aliases: &'static [&'static str],
    has_default: bool,
    has_with: bool,
    kind: Kind,
    plain: fn(&mut SchemaGenerator) -> Option<Schema>,
    schemars: Option<fn(&mut SchemaGenerator) -> Schema>,
    optional: fn() -> bool,
}

impl ParamMeta {
    /// The name in JSON.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// What the doc comment says; may be empty.
    pub(crate) fn doc(&self) -> &'static str {
        self.doc
    }

    /// Whether a call without this argument is refused.
    pub(crate) fn is_required(&self) -> bool {
        !self.has_default && (self.has_with || !(self.optional)())
    }

    /// The state it takes, if it is a `State<T>`.
    pub(crate) fn state(&self) -> Option<StateNeed> {
        match self.kind {
            Kind::State(need) => Some(need()),
            Kind::Argument | Kind::Context => None,
        }
    }

    /// The schema with what `#[schemars(…)]` adds; `None` for a parameter that is no JSON. Neither
    /// the documentation nor the default value is in it.
    pub(crate) fn schema(&self, generator: &mut SchemaGenerator) -> Option<Schema> {
        let plain = (self.plain)(generator)?;
        Some(match self.schemars {
            Some(carrier) => constrain::apply(plain, carrier, generator),
            None => plain,
        })
    }
}

impl fmt::Debug for ParamMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParamMeta")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Moves arguments given under an alias to the parameter's own name, before they are validated.
/// Given under both names, the alias stays and is refused as unknown.
pub(crate) fn unalias(params: &[ParamMeta], arguments: &mut Map<String, Value>) {
    for param in params {
        for alias in param.aliases {
            if !arguments.contains_key(param.name)
                && let Some(value) = arguments.remove(*alias)
            {
                arguments.insert(param.name.to_owned(), value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
