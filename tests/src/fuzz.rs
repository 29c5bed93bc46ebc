//! What must hold of any bytes that a peer or a file may hold: each target reads them, and panics when
//! something that was read is not what it says it is.
//!
//! The targets run on the corpus and on mutations of it in `tests/tests/fuzz.rs`, and for as long as
//! anybody wants under cargo-fuzz, from `tests/fuzz`.

mod cards;
mod envelopes;
mod mutate;
mod policies;
mod topics;

use std::fmt::Debug;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use cards::cards;
pub use envelopes::envelopes;
pub use mutate::Mutator;
pub use policies::policies;
pub use topics::topics;

/// A target and its name, which is also that of its folder in the corpus.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 4] = [
    ("topics", topics),
    ("envelopes", envelopes),
    ("cards", cards),
    ("policies", policies),
];

/// The corpus of a target: each file with its name, sorted.
///
/// # Errors
///
/// When there is none.
pub fn corpus(target: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let files = std::fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))?;
    let mut corpus = Vec::new();
    for file in files {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        corpus.push((name, std::fs::read(file.path())?));
    }
    corpus.sort();
    anyhow::ensure!(!corpus.is_empty(), "{} is empty", folder.display());
    Ok(corpus)
}

/// Reads a `T`; what was read is printed, and read again as the same.
fn reads_back<T: DeserializeOwned + Serialize + PartialEq + Debug>(data: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(data).ok()?;
    let printed = serde_json::to_vec(&read).expect("what was read can be printed");
    let again: T = serde_json::from_slice(&printed).expect("what was printed can be read");
    assert_eq!(again, read);
    Some(read)
}
