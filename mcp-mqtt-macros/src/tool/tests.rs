//! What `#[tool]` writes, in full. `UPDATE_EXPECT=1 cargo test` rewrites the files; read the diff.
#![allow(clippy::unwrap_used)]

use expect_test::{ExpectFile, expect_file};
use quote::quote;

use super::expand;
use proc_macro2::TokenStream;

fn check(arguments: TokenStream, item: TokenStream, expected: &ExpectFile) {
    let file = syn::parse2(expand(arguments, item)).unwrap();
    expected.assert_eq(&prettyplease::unparse(&file));
}

#[test]
fn a_plain_tool() {
    let item = quote! {
        /// Greets a person by name.
        async fn greet(
            /// Whom to greet.
            name: String,
            ctx: ToolContext,
        ) -> Greeting {
            body
        }
    };
    check(quote!(), item, &expect_file!["golden/plain.rs"]);
}

#[test]
fn a_tool_without_parameters_or_result() {
    let item = quote! {
        /// Does nothing.
        async fn nothing() {}
    };
    check(quote!(), item, &expect_file!["golden/nothing.rs"]);
}

#[test]
fn a_tool_with_everything() {
    let arguments = quote! {
        name = "read-all", title = "Reader", version = "2", allowed_callers = ["scout", "analyst"],
        streaming, timeout = "30s", concurrency = 4, require_verified, read_only, idempotent = false, crate = ::renamed
    };
    let item = quote! {
        /// Reads
        #[doc = include_str!("reads.md")]
        #[cfg(unix)]
        #[expect(dead_code)]
        pub(crate) async fn read(
            #[serde(default = "three", rename = "times", alias = "n")]
            #[schemars(range(min = 1, max = 9))]
            r#type: u8,
            #[serde(default, deserialize_with = "trimmed")] text: String,
            #[allow(unused)] State(db): State<Db>,
        ) -> Result<Vec<u8>, Error> {
            body
        }
    };
    check(arguments, item, &expect_file!["golden/everything.rs"]);
}

#[test]
fn wrong_keys_leave_the_tool_with_defaults() {
    let item = quote! {
        /// Does nothing.
        async fn nothing() {}
    };
    check(
        quote!(nmae = "x"),
        item,
        &expect_file!["golden/wrong_key.rs"],
    );
}

#[test]
fn a_wrong_function_is_left_alone_and_not_registered() {
    let item = quote! {
        /// Reads.
        async fn read<T>(#[serde(default)] value: T) {
            body
        }
    };
    check(quote!(), item, &expect_file!["golden/wrong_function.rs"]);
}
