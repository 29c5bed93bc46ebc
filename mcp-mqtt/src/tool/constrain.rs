//! `#[schemars(…)]` on a parameter: the attributes go to schemars' own derive, on a hidden struct
//! with one field, and what they add is laid over the parameter's schema.

use std::borrow::Cow;
use std::cell::RefCell;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

thread_local! {
    static HOLE: RefCell<Schema> = RefCell::default();
}

/// The type of the hidden struct's field. Its schema is whatever was put into the hole, so that
/// the struct never mentions the user's type and cannot add an error of its own to a bad one.
pub struct Hole;

impl JsonSchema for Hole {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Hole".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        HOLE.with_borrow(Clone::clone)
    }
}

/// Gives `plain` what the attributes on the hidden struct add.
pub(super) fn apply(
    plain: Schema,
    carrier: fn(&mut SchemaGenerator) -> Schema,
    generator: &mut SchemaGenerator,
) -> Schema {
    HOLE.set(plain);
    let carrier = carrier(generator);
    let plain = HOLE.take();
    carrier
        .get("properties")
        .and_then(Value::as_object)
        .and_then(|properties| properties.values().next())
        .and_then(|schema| schema.clone().try_into().ok())
        .unwrap_or(plain)
}

/// Finds the hidden struct's schema, if there is one.
///
/// When schemars' derive has refused an attribute, `S` has no schema; [`Unconstrained`] then steps
/// in, so that the mistake is reported once.
pub struct Constrain<S>(PhantomData<S>);

impl<S> Constrain<S> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

impl<S: JsonSchema> Constrain<S> {
    /// The schema of the hidden struct.
    pub fn schema(self, generator: &mut SchemaGenerator) -> Schema {
        S::json_schema(generator)
    }
}

/// The way out for a struct without a schema.
pub trait Unconstrained: Sized {
    /// Nothing.
    fn schema(self, _: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}

impl<S> Unconstrained for Constrain<S> {}
