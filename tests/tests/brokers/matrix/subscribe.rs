//! Who may receive what. A SUBACK proves nothing: what counts is what arrives, and that the SUBACK tells
//! the truth where it can.

use std::collections::BTreeSet;

use anyhow::Result;
use futures_util::future::try_join_all;
use mcp_mqtt::acl::Action;
use mcp_mqtt::wire::filter::{Subscription, matches};
use mcp_mqtt_tests::raw::Grant;
use mcp_mqtt_tests::{Message, Properties};

use super::table::Table;
use super::{Matrix, Person};
use crate::world::{Kind, received};

impl Matrix {
    /// Everybody subscribes to every filter; then the witness writes to every topic that it matches.
    pub async fn subscribe(&self, table: &mut Table) -> Result<()> {
        let topics = self.topics();
        for topic in topics.iter().filter(|topic| topic.ends_with("/card")) {
            let none = Properties::default();
            self.witness
                .publish_with(topic, "retained", true, none)
                .await?;
        }
        for filter in self.filters() {
            self.compare(&self.people, &filter, &topics, table).await?;
        }
        for filter in self.shared_filters() {
            // One after the other, so that no member of the group takes it from another.
            for person in self.people.chunks(1) {
                self.compare(person, &filter, &topics, table).await?;
            }
        }
        Ok(())
    }

    async fn compare(
        &self,
        people: &[Person],
        filter: &str,
        topics: &[String],
        table: &mut Table,
    ) -> Result<()> {
        let subscribe = people.iter().map(|person| person.client.subscribe(filter));
        let answers = try_join_all(subscribe).await?;
        let bare = Subscription::parse(filter).map_or(filter, |parsed| parsed.filter);
        let matched: Vec<&String> = topics.iter().filter(|topic| matches(bare, topic)).collect();
        for topic in &matched {
            self.witness.publish(topic, "live").await?;
        }
        for (person, answer) in people.iter().zip(answers) {
            let got: BTreeSet<String> = self
                .received(person)
                .await?
                .into_iter()
                .map(|message| message.topic)
                .collect();
            let expected: BTreeSet<String> = matched
                .iter()
                .filter(|topic| self.delivers(person.name, filter, topic))
                .map(|topic| (*topic).clone())
                .collect();
            let leaked: Vec<_> = got.difference(&expected).collect();
            let missing: Vec<_> = expected.difference(&got).collect();
            let decision = self.policy.decide(person.name, Action::Subscribe, filter);
            let acknowledged = match self.kind {
                // An `acl_file` refuses no subscription.
                Kind::Mosquitto => true,
                Kind::Embedded | Kind::Dynsec => {
                    matches!(answer, Grant::Success(_)) == decision.is_allowed()
                }
            };
            let other = (got != expected || !acknowledged)
                .then(|| format!("{answer:?}, leaked {leaked:?}, withheld {missing:?}"));
            let what = format!("subscribe {filter}");
            table.note(person.label(), what, decision.is_allowed(), other);
        }
        try_join_all(
            people
                .iter()
                .map(|person| person.client.unsubscribe(filter)),
        )
        .await?;
        Ok(())
    }

    /// Whether a message on `topic` reaches `who` by `filter`, if the broker does what the policy says.
    ///
    /// The embedded broker and the plugin grant a filter as a whole or not at all. Mosquitto's `acl_file` knows no
    /// filters: there every message is judged by its topic, so that a filter wider than the grants
    /// delivers what the grants cover.
    fn delivers(&self, who: Option<&str>, filter: &str, topic: &str) -> bool {
        let may = |filter| {
            self.policy
                .decide(who, Action::Subscribe, filter)
                .is_allowed()
        };
        match self.kind {
            Kind::Embedded | Kind::Dynsec => may(filter),
            Kind::Mosquitto => {
                let readable = self.policy.rules().iter().any(|rule| {
                    let own = rule.filter.replace("{$self}", who.unwrap_or("{$self}"));
                    rule.action == Action::Subscribe
                        && who.is_some_and(|who| rule.who.include(who))
                        && matches(&own, topic)
                });
                assert!(readable || !may(topic), "{who:?} may read {topic}");
                readable
            }
        }
    }

    async fn received(&self, person: &Person) -> Result<Vec<Message>> {
        match person.name {
            Some(name) => received(&self.witness, name, &person.client).await,
            // Nobody anonymous may read a mark; on Mosquitto, where they are let in, no mark is needed.
            None => person.client.arrived().await,
        }
    }
}
