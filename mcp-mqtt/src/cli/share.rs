//! How the replicas of a server share its calls: the same choice for `serve` and for its policy.

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;

use super::files::read_secret;
use crate::acl::{ExportOptions, Policy, Purpose, Rule, Scope};
use crate::grammar;
use crate::server::ServerBuilder;

#[derive(Debug, Default, Args)]
pub(super) struct ShareArgs {
    /// File with the key that makes share groups secret; the same for `serve` and for `acl`. It stands
    /// in the server's rules, so keep these secret, too
    #[arg(long, env = "MCP_MQTT_SHARE_KEY_FILE", value_name = "FILE")]
    share_key_file: Option<PathBuf>,

    /// Give every call to each replica instead of to one, for brokers without shared subscriptions;
    /// the same for `serve` and for `acl`
    #[arg(
        long,
        env = "MCP_MQTT_NOT_SHARED",
        value_parser = BoolishValueParser::new()
    )]
    not_shared: bool,
}

/// What was chosen.
#[derive(Debug, Clone)]
pub(super) struct Share {
    shared: bool,
    key: Option<String>,
}

impl ShareArgs {
    /// Reads the key.
    pub(super) fn read(&self) -> Result<Share, String> {
        let key = self.share_key_file.as_deref();
        let key = key.map(|path| read_secret("--share-key-file (MCP_MQTT_SHARE_KEY_FILE)", path));
        Ok(Share {
            shared: !self.not_shared,
            key: key.transpose()?,
        })
    }
}

impl Share {
    /// Makes a policy fit.
    pub(super) fn of_scope(self, scope: &mut Scope) {
        scope.shared = self.shared;
        scope.share_key = self.key;
    }

    /// What an export of a policy from a file is to know. The rules of a server, if there are some, say
    /// the same or the choice is wrong.
    pub(super) fn of_export(self, policy: &Policy) -> Result<ExportOptions, String> {
        const KEY: &str = "--share-key-file (MCP_MQTT_SHARE_KEY_FILE)";
        if let Some(Err(fault)) = self.key.as_deref().map(grammar::server) {
            return Err(format!("{KEY}: the share key {fault}"));
        }
        let other = policy
            .rules()
            .iter()
            .find(|rule| rule.purpose() == Purpose::ServeCalls && self.is_contradicted_by(rule));
        if let Some(rule) = other {
            let option = match self.shared {
                true => KEY,
                false => "--not-shared (MCP_MQTT_NOT_SHARED)",
            };
            return Err(format!(
                "{option} does not fit the policy, where {rule}; leave the option out: the server's \
                 rules say how it shares"
            ));
        }
        let mut scope = Scope::new("", "");
        self.of_scope(&mut scope);
        Ok(ExportOptions::of(&scope))
    }

    fn is_contradicted_by(&self, serving: &Rule) -> bool {
        match (&self.key, self.shared) {
            (_, false) => serving.share.is_some(),
            (Some(key), true) => serving.share_key() != Some(key),
            (None, true) => false,
        }
    }

    /// Makes a server do so.
    pub(super) fn of_server(&self, builder: ServerBuilder) -> ServerBuilder {
        let builder = builder.shared(self.shared);
        match &self.key {
            Some(key) => builder.share_key(key),
            None => builder,
        }
    }
}
