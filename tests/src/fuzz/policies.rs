//! Policies as JSON, and what becomes of them in every format.

use mcp_mqtt::acl::{
    Action, ExportOptions, Format, Identity, Policy, Principals, Rule, SELF, ShareGroups,
};

/// What is read holds nothing that could break out of a line, decides and is exported without a panic, and
/// comes back from its own export as the same.
pub fn policies(data: &[u8]) {
    let Some(policy) = std::str::from_utf8(data)
        .ok()
        .and_then(|text| Policy::from_json(text).ok())
    else {
        return;
    };
    for rule in policy.rules() {
        is_plain(rule);
        grants_what_it_says(&policy, rule);
    }
    for format in Format::ALL {
        for identity in Identity::ALL {
            exported(&policy, *format, *identity);
        }
    }
}

fn is_plain(rule: &Rule) {
    let plain = |text: &str| {
        assert!(!text.contains(char::is_control), "{text:?}");
    };
    plain(&rule.subscription());
    if let Principals::Named(names) = &rule.who {
        for name in names {
            mcp_mqtt::grammar::caller(name).unwrap_or_else(|fault| panic!("{name:?} {fault}"));
        }
    }
}

fn grants_what_it_says(policy: &Policy, rule: &Rule) {
    let who = match &rule.who {
        Principals::Anyone => "somebody",
        Principals::Named(names) => match names.first() {
            Some(name) => name.as_str(),
            None => return,
        },
    };
    let asked = rule.subscription().replace(SELF, who);
    if rule.action == Action::Subscribe {
        let decision = policy.decide(Some(who), rule.action, &asked);
        assert!(decision.is_allowed(), "{who} {asked:?}: {decision}");
    } else {
        let topic = asked.replace(['+', '#'], "x");
        let decision = policy.decide(Some(who), rule.action, &topic);
        assert!(decision.is_allowed(), "{who} {topic:?}: {decision}");
    }
    let anonymous = policy.decide(None, rule.action, &asked);
    assert!(!anonymous.is_allowed(), "{asked:?}");
}

fn exported(policy: &Policy, format: Format, identity: Identity) {
    let mut options = ExportOptions::default();
    options.identity = identity;
    options.client_ids_are_authenticated = true;
    options.share_groups = ShareGroups::Keyed;
    let Ok(export) = policy.export(format, &options) else {
        return;
    };
    for line in export.text.lines() {
        assert!(!line.contains(char::is_control), "{format}: {line:?}");
    }
    for note in export.warnings.iter().chain(&export.notes) {
        assert!(!note.contains(char::is_control), "{format}: {note:?}");
    }
    match format {
        Format::Json => {
            let again = Policy::from_json(&export.text).expect("an export is a policy");
            assert_eq!(&again, policy);
        }
        Format::Mosquitto => mosquitto(&export.text, policy),
        Format::MosquittoDynsec | Format::EmqxJson | Format::RabbitMq | Format::AwsIot => {
            let json = serde_json::from_str::<serde_json::Value>(&export.text);
            assert!(json.is_ok(), "{format}: {}", export.text);
        }
        _ => {}
    }
}

/// Nothing but comments and the four words of an `acl_file`, and nobody whom the policy does not name.
fn mosquitto(text: &str, policy: &Policy) {
    let named = |name: &str| policy.rules().iter().any(|rule| rule.who.include(name));
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "user" => assert!(named(rest), "{rest:?}"),
            "topic" | "pattern" => assert!(
                ["read ", "write ", "readwrite ", "deny "]
                    .iter()
                    .any(|may| rest.starts_with(may)),
                "{line:?}"
            ),
            _ => panic!("{line:?}"),
        }
    }
}
