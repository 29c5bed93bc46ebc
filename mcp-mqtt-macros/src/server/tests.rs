//! What `#[mcp_server]` and `#[json]` write, in full. `UPDATE_EXPECT=1 cargo test` rewrites the
//! files; read the diff.
#![allow(clippy::unwrap_used)]

use expect_test::{ExpectFile, expect_file};
use proc_macro2::TokenStream;
use quote::quote;

use super::expand;

fn check(tokens: TokenStream, expected: &ExpectFile) {
    let file = syn::parse2(tokens).unwrap();
    expected.assert_eq(&prettyplease::unparse(&file));
}

#[test]
fn a_plain_server() {
    let tokens = expand(
        quote!(name = "hello"),
        quote!(
            async fn main() {}
        ),
    );
    check(tokens, &expect_file!["golden/plain.rs"]);
}

#[test]
fn a_server_with_everything() {
    let arguments = quote! {
        name = "hello", namespace = "demo", version = "2", description = "Says hello",
        default_callers = ["scout", "@ops"], groups(ops = ["alice", "bob"], "field-ops" = ["carol"]),
        crate = ::renamed
    };
    let item = quote! {
        /// Starts.
        #[allow(dead_code)]
        async fn main(setup: Setup) -> Result<Setup, Error> {
            body
        }
    };
    check(
        expand(arguments, item),
        &expect_file!["golden/everything.rs"],
    );
}

#[test]
fn a_wrong_main_leaves_a_program_with_a_main() {
    let tokens = expand(
        quote!(name = "hello"),
        quote!(
            fn main() {}
        ),
    );
    check(tokens, &expect_file!["golden/wrong_main.rs"]);
}

#[test]
fn the_derives_of_json() {
    let item = quote! {
        /// A place.
        #[serde(rename_all = "lowercase")]
        pub enum Place { Here }
    };
    let tokens = crate::json::expand(quote!(crate = ::renamed), item);
    check(tokens, &expect_file!["golden/json.rs"]);
}
