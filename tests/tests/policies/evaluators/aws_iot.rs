//! AWS IoT Core: developer guide, "AWS IoT Core policy actions", "AWS IoT Core action resources",
//! "Publish/Subscribe policy examples" (section "Using wildcard characters in MQTT and AWS IoT Core
//! policies"), "Thing policy variables", "Retained message policy examples"; IAM user guide, "Policy
//! evaluation logic".
//!
//! All documents attached to a certificate count; a Deny wins over an Allow, and what none allows is
//! denied. In a resource `*` is any text, and `+` and `#` are text. A client may connect if
//! `iot:Connect` allows its client id. A subscription is checked as it is sent; each delivery by its
//! topic. RETAIN needs `iot:RetainPublish` besides `iot:Publish`. Variables of things have a value only
//! for a client whose id is the name of a thing that is attached to its certificate.
//!
//! A second connection with a client id ends the first and takes its session ("Communication protocols",
//! duplicate client ids): so documents of two principals that allow one client id are no policy at all.

use mcp_mqtt::acl::Action;
use serde_json::Value;

use super::topics;
use crate::agreement::Evaluator;
use crate::questions::Client;

const THING: &str = "${iot:Connection.Thing.ThingName}";

struct Attached(Value);

pub fn read(text: &str) -> Box<dyn Evaluator> {
    let attached = Attached(serde_json::from_str(text).unwrap());
    attached.keep_client_ids_apart();
    Box::new(attached)
}

/// Who asks: its documents, and the thing that is attached to its certificate.
struct Principal<'a> {
    documents: &'a [Value],
    thing: Option<&'a str>,
}

impl Attached {
    /// No client id is allowed to two of the named principals.
    fn keep_client_ids_apart(&self) {
        let principals = self.0["principals"].as_object().unwrap();
        let ids: Vec<_> = principals
            .iter()
            .flat_map(|(name, documents)| client_ids(documents).map(move |id| (name, id)))
            .collect();
        for (place, (name, id)) in ids.iter().enumerate() {
            for (other, theirs) in &ids[place..] {
                let shared = name != other && globs_meet(id.as_bytes(), theirs.as_bytes());
                assert!(!shared, "{name} as {id}, {other} as {theirs}");
            }
        }
    }

    fn principal<'a>(&'a self, client: &'a Client) -> Principal<'a> {
        let name = &client.client_id;
        let documents = |value: &'a Value| value.as_array().map_or(&[][..], Vec::as_slice);
        match self.0["principals"].get(name) {
            Some(own) => Principal {
                documents: documents(own),
                thing: None,
            },
            None => Principal {
                documents: documents(&self.0["everyone"]),
                thing: is_thing(name).then_some(name),
            },
        }
    }
}

/// The client ids with which these documents let connect, as they stand there.
fn client_ids(documents: &Value) -> impl Iterator<Item = &str> {
    let documents = documents.as_array().unwrap().iter();
    let statements = documents.flat_map(|document| document["Statement"].as_array().unwrap());
    let resources = statements.flat_map(|statement| statement["Resource"].as_array().unwrap());
    resources.filter_map(|arn| {
        arn.as_str()
            .unwrap()
            .split_once(":client/")
            .map(|(_, id)| id)
    })
}

/// Whether some text matches both.
fn globs_meet(one: &[u8], other: &[u8]) -> bool {
    match (one, other) {
        ([], []) => true,
        ([b'*', rest @ ..], text) | (text, [b'*', rest @ ..]) => {
            let longer = [b"*", rest].concat();
            globs_meet(rest, text) || (!text.is_empty() && globs_meet(&longer, &text[1..]))
        }
        ([a, one @ ..], [b, other @ ..]) => a == b && globs_meet(one, other),
        _ => false,
    }
}

fn is_thing(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || ":_-".contains(c);
    (1..=128).contains(&name.len()) && name.chars().all(fine)
}

impl Principal<'_> {
    fn may(&self, action: &str, resource: &str) -> bool {
        let resource = format!("arn:aws:iot:REGION:ACCOUNT:{resource}");
        let statements = self.documents.iter().flat_map(|document| {
            assert_eq!(document["Version"], "2012-10-17");
            document["Statement"].as_array().unwrap()
        });
        let mut allowed = false;
        for statement in statements {
            let mut actions = statement["Action"].as_array().unwrap().iter();
            let mut globs = statement["Resource"].as_array().unwrap().iter();
            let matches = actions.any(|a| a == action)
                && self.holds(statement.get("Condition"))
                && globs.any(|glob| self.covers(glob.as_str().unwrap(), &resource));
            match statement["Effect"].as_str().unwrap() {
                "Deny" if matches => return false,
                "Allow" => allowed |= matches,
                effect => assert_eq!(effect, "Deny"),
            }
        }
        allowed
    }

    fn holds(&self, condition: Option<&Value>) -> bool {
        let attached = serde_json::json!({"Bool": {"iot:Connection.Thing.IsAttached": "true"}});
        // Of a client that leaves no will it demands nothing.
        let will = serde_json::json!(
            {"ForAllValues:StringEquals": {"iot:ConnectAttributes": ["LastWill"]}});
        match condition {
            None => true,
            Some(condition) if *condition == attached => self.thing.is_some(),
            Some(condition) => *condition == will,
        }
    }

    fn covers(&self, glob: &str, resource: &str) -> bool {
        assert!(!glob.contains('?'));
        let glob = match (glob.contains(THING), self.thing) {
            (true, None) => return false,
            (true, Some(thing)) => glob.replace(THING, thing),
            (false, _) => glob.to_owned(),
        };
        assert!(!glob.contains("${"));
        let mut parts = glob.split('*');
        let Some(mut rest) = resource.strip_prefix(parts.next().unwrap()) else {
            return false;
        };
        let mut parts: Vec<_> = parts.collect();
        let Some(last) = parts.pop() else {
            return rest.is_empty();
        };
        for part in parts {
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

impl Evaluator for Attached {
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool {
        let principal = self.principal(client);
        if !principal.may("iot:Connect", &format!("client/{}", client.client_id)) {
            return false;
        }
        if action == Action::Publish {
            return principal.may("iot:Publish", &format!("topic/{topic}"));
        }
        let Some((_, filter)) = topics::subscription(topic) else {
            return false;
        };
        // A delivery of each topic that the filter matches; one of them stands for all.
        let delivered = filter.replace(['+', '#'], "delivered");
        principal.may("iot:Subscribe", &format!("topicfilter/{topic}"))
            && principal.may("iot:Receive", &format!("topic/{delivered}"))
    }

    fn allows_retained(&self, client: &Client, topic: &str) -> bool {
        self.allows(client, Action::Publish, topic)
            && self
                .principal(client)
                .may("iot:RetainPublish", &format!("topic/{topic}"))
    }

    fn knows(&self, client: &Client) -> bool {
        self.0["principals"].get(&client.client_id).is_some() || is_thing(&client.client_id)
    }
}
