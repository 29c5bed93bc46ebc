//! What the formats look like, in full. `UPDATE_EXPECT=1 cargo test -p mcp-mqtt golden` rewrites the
//! files; read the difference before it is committed.

use expect_test::expect_file;

use super::*;
use crate::acl::{ExportOptions, Format};

/// What the name of the file ends in.
fn ending(format: Format) -> &'static str {
    match format {
        Format::Json => "json",
        Format::Mosquitto => "mosquitto.acl",
        Format::Emqx => "emqx.conf",
        Format::EmqxJson => "emqx.json",
        Format::Hivemq => "hivemq.xml",
        Format::Vernemq => "vernemq.acl",
        Format::Nanomq => "nanomq.conf",
        Format::Rmqtt => "rmqtt.toml",
    }
}

fn golden(name: &str, profile: Profile, identity: Option<&str>) {
    let scope = Scope {
        share_key: identity.map(|_| "k3y".to_owned()),
        ..scope(profile, identity)
    };
    let policy = derive(&scope, &all_tools());
    for format in Format::ALL {
        let export = policy.export(*format, &ExportOptions::of(&scope)).unwrap();
        // The head names the version of this crate; a release is no difference.
        let generator = concat!("mcp-mqtt ", env!("CARGO_PKG_VERSION"));
        let text = export.text.replace(generator, "mcp-mqtt VERSION");
        expect_file![format!("golden/{name}.{}", ending(*format))].assert_eq(&text);
    }
}

#[test]
fn reference_profile() {
    golden("reference", Profile::Reference, None);
}

#[test]
fn reference_profile_with_the_server() {
    golden("reference_server", Profile::Reference, Some("svc"));
}

#[test]
fn hardened_profile() {
    golden("hardened", Profile::Hardened, None);
}

#[test]
fn hardened_profile_with_the_server() {
    golden("hardened_server", Profile::Hardened, Some("svc"));
}
