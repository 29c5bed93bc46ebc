//! Grants packed into as many policy documents as their limits ask for.
//!
//! A document has at most 2048 characters without white space, and a certificate at most ten documents
//! ("AWS IoT Core endpoints and quotas"; `CreatePolicy` in the API reference).

use serde::Serialize;
use serde_json::{Value, json};

use super::{ExportError, FORMAT, display};

const MAX_DOCUMENT: usize = 2048;
const MAX_DOCUMENTS: usize = 10;
/// What stands in for region and account in a resource.
const ARN: &str = "arn:aws:iot:REGION:ACCOUNT:";
/// How much longer [`ARN`] can become: `aws-us-gov`, a region of 14 characters, an account of 12 digits.
const ARN_GROWTH: usize = 7 + 8 + 5;

/// One policy document.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: &'static str,
    action: &'static [&'static str],
    resource: Vec<String>,
    #[serde(skip_serializing_if = "Value::is_null")]
    condition: Value,
}

/// What a statement is for, in the order of a document.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Access {
    Connect,
    ConnectThing,
    ConnectWithWill,
    Publish,
    RetainPublish,
    Subscribe,
    Receive,
    DenyPublish,
    DenySubscribe,
}

impl Access {
    fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Connect | Self::ConnectThing | Self::ConnectWithWill => &["iot:Connect"],
            Self::Publish | Self::DenyPublish => &["iot:Publish"],
            Self::RetainPublish => &["iot:Publish", "iot:RetainPublish"],
            Self::Subscribe | Self::DenySubscribe => &["iot:Subscribe"],
            Self::Receive => &["iot:Receive"],
        }
    }

    fn resource(self) -> &'static str {
        match self {
            Self::Connect | Self::ConnectThing | Self::ConnectWithWill => "client",
            Self::Subscribe | Self::DenySubscribe => "topicfilter",
            Self::Publish | Self::RetainPublish | Self::Receive | Self::DenyPublish => "topic",
        }
    }

    fn condition(self) -> Value {
        match self {
            Self::ConnectThing => json!({"Bool": {"iot:Connection.Thing.IsAttached": "true"}}),
            Self::ConnectWithWill => {
                json!({"ForAllValues:StringEquals": {"iot:ConnectAttributes": ["LastWill"]}})
            }
            _ => Value::Null,
        }
    }

    fn statement(self) -> Statement {
        Statement {
            effect: match self {
                Self::DenyPublish | Self::DenySubscribe => "Deny",
                _ => "Allow",
            },
            action: self.actions(),
            resource: Vec::new(),
            condition: self.condition(),
        }
    }
}

/// The documents of one principal.
pub(super) struct Documents<'a> {
    principal: &'a str,
    all: Vec<Document>,
    /// The length of the last document, at most.
    length: usize,
}

impl<'a> Documents<'a> {
    pub(super) fn new(principal: &'a str) -> Self {
        Self {
            principal,
            all: Vec::new(),
            length: usize::MAX,
        }
    }

    /// Adds a statement; several, where a document ends.
    pub(super) fn add(&mut self, access: Access, mut globs: Vec<String>) {
        globs.sort_unstable();
        globs.dedup();
        let mut is_open = false;
        for glob in globs {
            let resource = format!("{ARN}{}/{glob}", access.resource());
            let length = length(&resource) + 1 + ARN_GROWTH;
            let opening = match is_open {
                true => 0,
                false => length_of_opening(access),
            };
            if self.length.saturating_add(length + opening) > MAX_DOCUMENT {
                self.all.push(Document {
                    version: "2012-10-17",
                    statement: Vec::new(),
                });
                self.length = self.all.last().map_or(0, self::length);
                is_open = false;
            }
            let Some(document) = self.all.last_mut() else {
                return;
            };
            if !is_open {
                self.length += length_of_opening(access);
                document.statement.push(access.statement());
                is_open = true;
            }
            self.length += length;
            if let Some(statement) = document.statement.last_mut() {
                statement.resource.push(resource);
            }
        }
    }

    /// All documents, when the principal can have so many.
    pub(super) fn finish(self) -> Result<Vec<Document>, ExportError> {
        let size = self.all.len();
        if size > MAX_DOCUMENTS {
            return Err(ExportError::Limit {
                format: FORMAT,
                caller: display(self.principal).to_owned(),
                limit: "a certificate has at most 10 documents of 2048 characters",
                size,
                advice: "spread the tools over several servers with identities of their own, or use \
                         shorter names",
            });
        }
        Ok(self.all)
    }
}

fn length(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len())
}

fn length_of_opening(access: Access) -> usize {
    length(&access.statement()) + 1
}
