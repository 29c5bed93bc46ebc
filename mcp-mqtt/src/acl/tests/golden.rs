//! What the formats look like, in full. `UPDATE_EXPECT=1 cargo test -p mcp-mqtt golden` rewrites the
//! files; read the difference before it is committed.

use expect_test::{ExpectFile, expect_file};

use super::*;
use crate::acl::{ExportOptions, Format, Identity};

fn golden(profile: Profile, identity: Option<&str>, format: Format, expected: ExpectFile) {
    golden_of(profile, identity, format, &all_tools(), expected);
}

fn golden_of(
    profile: Profile,
    server: Option<&str>,
    format: Format,
    tools: &[Tool],
    expected: ExpectFile,
) {
    let scope = Scope {
        share_key: server.map(|_| "k3y".to_owned()),
        shared: format != Format::RabbitMq,
        ..scope(profile, server)
    };
    let policy = derive(&scope, tools);
    let mut options = ExportOptions::of(&scope);
    if format == Format::AwsIot {
        options.identity = Identity::ClientId;
    }
    let export = policy.export(format, &options).unwrap();
    // The head names the version of this crate; a release is no difference.
    let generator = concat!("mcp-mqtt ", env!("CARGO_PKG_VERSION"));
    expected.assert_eq(&export.text.replace(generator, "mcp-mqtt VERSION"));
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

/// Formats that know clients by name only, so that open tools are left out.
#[test]
fn formats_of_named_principals() {
    let without_dots = || {
        let mut tools = closed_tools();
        tools.push(tool("audit-log_1A", &["ops@acme:eu=1", "-"]));
        tools
    };
    for (format, tools) in [
        (Format::MosquittoDynsec, named_tools()),
        (Format::RabbitMq, without_dots()),
    ] {
        for profile in Profile::ALL {
            for (server, with) in [(None, ""), (Some("svc"), "_server")] {
                let file = expect_file![format!("golden/{profile}{with}.{format}.json")];
                golden_of(*profile, server, format, &tools, file);
            }
        }
    }
}

/// The reference profile cannot be expressed there.
#[test]
fn aws_iot() {
    for (server, with) in [(None, ""), (Some("svc"), "_server")] {
        let file = expect_file![format!("golden/hardened{with}.aws-iot.json")];
        golden(Profile::Hardened, server, Format::AwsIot, file);
    }
}
