//! What the formats look like, in full. `UPDATE_EXPECT=1 cargo test -p mcp-mqtt golden` rewrites the
//! files; read the difference before it is committed.

use expect_test::{ExpectFile, expect_file};

use super::*;
use crate::acl::{ExportOptions, Format};

fn golden(profile: Profile, identity: Option<&str>, format: Format, expected: ExpectFile) {
    let scope = Scope {
        share_key: identity.map(|_| "k3y".to_owned()),
        ..scope(profile, identity)
    };
    let policy = derive(&scope, &all_tools());
    let export = policy.export(format, &ExportOptions::of(&scope)).unwrap();
    expected.assert_eq(&export.text);
}

#[test]
fn reference_profile() {
    use Profile::Reference as R;
    golden(R, None, Format::Json, expect_file!["golden/reference.json"]);
    let acl = expect_file!["golden/reference.mosquitto.acl"];
    golden(R, None, Format::Mosquitto, acl);
}

#[test]
fn reference_profile_with_the_server() {
    let server = Some("svc");
    let json = expect_file!["golden/reference_server.json"];
    golden(Profile::Reference, server, Format::Json, json);
    let acl = expect_file!["golden/reference_server.mosquitto.acl"];
    golden(Profile::Reference, server, Format::Mosquitto, acl);
}

#[test]
fn hardened_profile() {
    use Profile::Hardened as H;
    golden(H, None, Format::Json, expect_file!["golden/hardened.json"]);
    let acl = expect_file!["golden/hardened.mosquitto.acl"];
    golden(H, None, Format::Mosquitto, acl);
}

#[test]
fn hardened_profile_with_the_server() {
    let server = Some("svc");
    let json = expect_file!["golden/hardened_server.json"];
    golden(Profile::Hardened, server, Format::Json, json);
    let acl = expect_file!["golden/hardened_server.mosquitto.acl"];
    golden(Profile::Hardened, server, Format::Mosquitto, acl);
}
