//! The rules of this repository that a machine can check, each as a test over all its files.
//!
//! A rule is a function from files to faults. Its own tests, beside it, prove on small inputs that it
//! can fail. What a fault says is what to do about it.

mod code;
mod fixtures;
mod layers;
mod links;
mod sizes;
mod tokens;
mod top_level;
mod tree;
mod words;

use tree::File;

fn check(rule: fn(&[File]) -> Vec<String>) {
    let files = tree::files().unwrap_or_else(|error| panic!("{error:#}"));
    assert!(
        files.len() > 10,
        "only {} files were found: is this the repository?",
        files.len()
    );
    let faults = rule(&files);
    assert!(faults.is_empty(), "\n\n{}\n", faults.join("\n"));
}

#[test]
fn files_are_short() {
    check(sizes::faults);
}

#[test]
fn files_begin_with_what_lives_there() {
    check(code::undocumented_files);
}

#[test]
fn modules_import_only_from_layers_below() {
    check(layers::faults);
}

#[test]
fn foreign_crates_are_named_in_one_module() {
    check(code::foreign_crates);
}

#[test]
fn the_library_never_panics_on_purpose() {
    check(code::panics);
}

#[test]
fn both_grammars_are_equal() {
    check(code::grammars);
}

#[test]
fn every_failing_fixture_has_its_text() {
    check(fixtures::faults);
}

#[test]
fn nothing_tells_of_a_machine_or_a_registry() {
    check(words::faults);
}

#[test]
fn the_top_level_is_as_agreed() {
    check(top_level::faults);
}

#[test]
fn links_lead_somewhere() {
    check(links::faults);
}
