//! What the formats look like, in full. `UPDATE_EXPECT=1 cargo test -p mcp-mqtt golden` rewrites the
//! files; read the difference before it is committed.

use expect_test::expect_file;

use super::*;
use crate::acl::{ExportOptions, Format, Identity};

/// Formats that cannot express everything, and have tests of their own.
const OTHERS: [Format; 3] = [Format::MosquittoDynsec, Format::RabbitMq, Format::AwsIot];

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
        Format::MosquittoDynsec => "mosquitto-dynsec.json",
        Format::RabbitMq => "rabbitmq.json",
        Format::AwsIot => "aws-iot.json",
    }
}

fn golden(name: &str, profile: Profile, identity: Option<&str>) {
    for format in Format::ALL.iter().filter(|format| !OTHERS.contains(format)) {
        golden_of(name, profile, identity, *format, &all_tools());
    }
}

fn golden_of(name: &str, profile: Profile, identity: Option<&str>, format: Format, tools: &[Tool]) {
    let scope = Scope {
        share_key: identity.map(|_| "k3y".to_owned()),
        shared: format != Format::RabbitMq,
        ..scope(profile, identity)
    };
    let policy = derive(&scope, tools);
    let mut options = ExportOptions::of(&scope);
    if format == Format::AwsIot {
        options.identity = Identity::ClientId;
    }
    let export = policy.export(format, &options).unwrap();
    // The head names the version of this crate; a release is no difference.
    let generator = concat!("mcp-mqtt ", env!("CARGO_PKG_VERSION"));
    let text = export.text.replace(generator, "mcp-mqtt VERSION");
    expect_file![format!("golden/{name}.{}", ending(format))].assert_eq(&text);
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

/// Formats that know clients by name only, so that open tools are left out.
#[test]
fn formats_of_named_principals() {
    let mut without_dots = closed_tools();
    without_dots.push(tool("audit-log_1A", &["ops@acme:eu=1", "-"]));
    for (format, tools) in [
        (Format::MosquittoDynsec, named_tools()),
        (Format::RabbitMq, without_dots),
    ] {
        for profile in Profile::ALL {
            golden_of(&profile.to_string(), *profile, None, format, &tools);
            let with_server = format!("{profile}_server");
            golden_of(&with_server, *profile, Some("svc"), format, &tools);
        }
    }
}

/// The reference profile cannot be expressed there.
#[test]
fn aws_iot() {
    let profile = Profile::Hardened;
    golden_of("hardened", profile, None, Format::AwsIot, &all_tools());
    let server = Some("svc");
    golden_of(
        "hardened_server",
        profile,
        server,
        Format::AwsIot,
        &all_tools(),
    );
}
