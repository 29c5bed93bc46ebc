//! A deserializer that holds nothing: serde's rule for a field that is absent.

use serde::de::value::Error;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// Decodes to `None` for an `Option`, and for every type that asks for an option; fails for others.
pub(super) struct Missing;

impl<'de> Deserializer<'de> for Missing {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::missing_field(""))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[test]
    fn an_option_may_be_absent_and_nothing_else() {
        assert_eq!(Option::<u8>::deserialize(Missing), Ok(None));
        assert!(u8::deserialize(Missing).is_err());
        assert!(<()>::deserialize(Missing).is_err());
        assert!(Vec::<u8>::deserialize(Missing).is_err());
    }

    #[test]
    fn a_type_that_is_an_option_inside_may_be_absent() {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Maybe(#[expect(dead_code, reason = "decoded only")] Option<u8>);
        assert!(Maybe::deserialize(Missing).is_ok());
    }
}
