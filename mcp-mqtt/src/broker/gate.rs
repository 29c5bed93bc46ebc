//! The door keeper: who may connect, and what the rules in force let them do.
//!
//! Knows names, topics and filters; the sockets, queues and sessions are `mqtt5`'s.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::client_ids::ClientIds;
use super::passwords::Passwords;
use crate::acl::{Action, Policy};
use crate::grammar;
use crate::wire::filter;

/// What is allowed at the moment.
#[derive(Debug, Clone, Default)]
pub(super) enum Rules {
    #[default]
    Nothing,
    Policy(Policy),
    Everything,
}

impl Rules {
    fn allow(&self, user: &str, action: Action, topic: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Policy(policy) => {
                let decision = policy.decide(Some(user), action, topic);
                if !decision.is_allowed() {
                    tracing::debug!(user, %action, ?topic, "{decision}");
                }
                decision.is_allowed()
            }
            Self::Everything => match action {
                Action::Publish => filter::is_valid_topic(topic) && !is_the_brokers_own(topic),
                Action::Subscribe => filter::Subscription::parse(topic)
                    .is_some_and(|subscription| !is_the_brokers_own(subscription.filter)),
            },
        }
    }
}

fn is_the_brokers_own(topic: &str) -> bool {
    topic.split('/').next() == Some("$SYS")
}

/// A client that asks to be let in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visitor<'a> {
    pub(super) client_id: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a [u8]>,
    pub(super) will_topic: Option<&'a str>,
}

/// Why a client is not let in. Its text is for the log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it gave no user name; the user name is the identity")]
    Anonymous,
    #[error("its user name {0}")]
    UserName(grammar::NameFault),
    #[error("its password is wrong")]
    Password,
    #[error("its will is for a topic that it may not publish to")]
    Will,
    #[error("its client id is in use by another identity")]
    ClientId,
}

#[derive(Debug, Default)]
pub(super) struct Gate {
    passwords: Passwords,
    rules: RwLock<Rules>,
    client_ids: Mutex<ClientIds>,
}

impl Gate {
    pub(super) fn new(passwords: Passwords, rules: Rules) -> Self {
        Self {
            passwords,
            rules: RwLock::new(rules),
            client_ids: Mutex::default(),
        }
    }

    /// The identity of `visitor`, who is let in; its client id is held for it from now on.
    pub(super) fn admit<'a>(&self, visitor: Visitor<'a>, now: Instant) -> Result<&'a str, Refusal> {
        let user = visitor.user.ok_or(Refusal::Anonymous)?;
        grammar::caller(user).map_err(Refusal::UserName)?;
        if !self.passwords.accept(user, visitor.password) {
            return Err(Refusal::Password);
        }
        if let Some(topic) = visitor.will_topic
            && !self.allows(Some(user), Action::Publish, topic)
        {
            return Err(Refusal::Will);
        }
        if !self.client_ids().claim(visitor.client_id, user, now) {
            return Err(Refusal::ClientId);
        }
        Ok(user)
    }

    pub(super) fn allows(&self, user: Option<&str>, action: Action, topic: &str) -> bool {
        // The rules are cloned out (a clone shares its data), so that no decision holds up a change of policy.
        let rules = self
            .rules
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        user.is_some_and(|user| rules.allow(user, action, topic))
    }

    pub(super) fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    pub(super) fn connected(&self, client_id: &str, user: &str, session_expiry: Duration) {
        self.client_ids().connected(client_id, user, session_expiry);
    }

    pub(super) fn disconnected(&self, client_id: &str, now: Instant) {
        self.client_ids().disconnected(client_id, now);
    }

    /// Whether the identity that holds `client_id` may still have `filter`.
    pub(super) fn still_allows(&self, client_id: &str, filter: &str) -> bool {
        let user = self.client_ids().user(client_id).map(str::to_owned);
        self.allows(user.as_deref(), Action::Subscribe, filter)
    }

    fn client_ids(&self) -> MutexGuard<'_, ClientIds> {
        self.client_ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scout() -> Visitor<'static> {
        Visitor {
            client_id: "one",
            user: Some("scout"),
            password: None,
            will_topic: None,
        }
    }

    fn gate() -> Gate {
        let mut passwords = Passwords::default();
        passwords.pin("analyst", b"secret");
        Gate::new(passwords, Rules::Everything)
    }

    #[test]
    fn the_user_name_is_the_identity() {
        assert_eq!(gate().admit(scout(), Instant::now()), Ok("scout"));
    }

    #[test]
    fn anonymous_clients_are_refused() {
        let anonymous = Visitor {
            user: None,
            ..scout()
        };
        assert_eq!(
            gate().admit(anonymous, Instant::now()),
            Err(Refusal::Anonymous)
        );
    }

    #[test]
    fn a_user_name_that_is_no_caller_is_refused() {
        for name in ["", "a b", "a/b", "+", "#", "@group", "scout-sub", "a\nb"] {
            let visitor = Visitor {
                user: Some(name),
                ..scout()
            };
            assert!(
                matches!(
                    gate().admit(visitor, Instant::now()),
                    Err(Refusal::UserName(_))
                ),
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_pinned_password_is_asked_for() {
        let analyst = Visitor {
            user: Some("analyst"),
            ..scout()
        };
        assert_eq!(
            gate().admit(analyst, Instant::now()),
            Err(Refusal::Password)
        );
        let right = Visitor {
            password: Some(b"secret"),
            ..analyst
        };
        assert_eq!(gate().admit(right, Instant::now()), Ok("analyst"));
    }

    #[test]
    fn a_will_is_a_publish() {
        let gate = Gate::new(Passwords::default(), Rules::Nothing);
        let visitor = Visitor {
            will_topic: Some("a"),
            ..scout()
        };
        assert_eq!(gate.admit(visitor, Instant::now()), Err(Refusal::Will));
    }

    #[test]
    fn a_client_id_in_use_is_refused_to_another_identity() {
        let (gate, now) = (gate(), Instant::now());
        assert_eq!(gate.admit(scout(), now), Ok("scout"));
        let mallory = Visitor {
            user: Some("mallory"),
            ..scout()
        };
        assert_eq!(gate.admit(mallory, now), Err(Refusal::ClientId));
    }

    #[test]
    fn nothing_of_the_brokers_own_is_for_anyone() {
        let gate = gate();
        for filter in ["$SYS/#", "$SYS", "$share/g/$SYS/broker/version"] {
            assert!(
                !gate.allows(Some("scout"), Action::Subscribe, filter),
                "{filter}"
            );
        }
        assert!(gate.allows(Some("scout"), Action::Subscribe, "$share/g/a/#"));
    }

    #[test]
    fn nobody_is_nobody_even_where_everything_is_allowed() {
        assert!(!gate().allows(None, Action::Publish, "a"));
    }
}
