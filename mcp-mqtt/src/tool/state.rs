//! What a server shares among its tools: one value per type.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A value the server holds for all calls, such as a connection pool.
///
/// Take it as a parameter; it is told from JSON arguments by its type. A tool whose state was not
/// given to the server is an error at start, not at the call.
///
/// ```
/// use mcp_mqtt::tool::State;
/// use std::sync::Arc;
///
/// async fn greet(name: String, State(greeting): State<String>) -> String {
///     format!("{greeting}, {name}!")
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let state = State(Arc::new("Good morning".to_owned()));
/// assert_eq!(greet("Ann".into(), state).await, "Good morning, Ann!");
/// # });
/// ```
#[derive(Debug)]
pub struct State<T>(pub Arc<T>);

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The values of a server, by type. Clones are cheap and share the values.
#[derive(Clone, Default)]
pub struct StateMap(Arc<HashMap<TypeId, Entry>>);

#[derive(Clone)]
struct Entry {
    type_name: &'static str,
    value: Arc<dyn Any + Send + Sync>,
}

impl StateMap {
    /// Adds a value; whether it replaced one of the same type.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) -> bool {
        let entry = Entry {
            type_name: type_name::<T>(),
            value: Arc::new(value),
        };
        Arc::make_mut(&mut self.0)
            .insert(TypeId::of::<T>(), entry)
            .is_some()
    }

    /// The value of this type.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        let value = Arc::clone(&self.0.get(&TypeId::of::<T>())?.value);
        value.downcast().ok().map(State)
    }

    /// Whether there is a value of this type.
    pub fn contains(&self, type_id: TypeId) -> bool {
        self.0.contains_key(&type_id)
    }
}

impl fmt::Debug for StateMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values themselves may be secrets.
        f.debug_set()
            .entries(self.0.values().map(|entry| entry.type_name))
            .finish()
    }
}

/// A type of state that a tool takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StateNeed {
    pub(crate) type_id: TypeId,
    pub(crate) type_name: &'static str,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_value_per_type() {
        let mut map = StateMap::default();
        assert!(!map.insert(1_u8));
        assert!(!map.insert("text"));
        assert!(map.insert(2_u8));
        assert_eq!(*map.get::<u8>().unwrap(), 2);
        assert!(map.get::<u16>().is_none());
        assert!(map.contains(TypeId::of::<&str>()));
    }

    #[test]
    fn clones_share_values_but_not_later_additions() {
        let mut map = StateMap::default();
        map.insert(1_u8);
        let other = map.clone();
        map.insert(2_u16);
        assert!(Arc::ptr_eq(
            &map.get::<u8>().unwrap().0,
            &other.get::<u8>().unwrap().0
        ));
        assert!(other.get::<u16>().is_none());
    }

    #[test]
    fn debug_shows_types_and_never_values() {
        let mut map = StateMap::default();
        map.insert("hunter2".to_owned());
        assert_eq!(format!("{map:?}"), r#"{"alloc::string::String"}"#);
    }
}
