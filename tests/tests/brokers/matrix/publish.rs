//! Who may publish where.

use std::collections::BTreeSet;

use anyhow::Result;
use futures_util::future::try_join_all;
use mcp_mqtt::acl::Action;
use mcp_mqtt_tests::Properties;
use mcp_mqtt_tests::raw::{Ack, QoS};

use super::table::Table;
use super::{Matrix, Person};
use crate::world::{WITNESS, received};

impl Matrix {
    /// Everybody publishes to every topic, at QoS 1 and at QoS 0, which has no acknowledgement.
    pub async fn publish(&self, table: &mut Table) -> Result<()> {
        self.witness.subscribe("#").await?;
        let topics = self.topics();
        let acks = try_join_all(self.people.iter().map(|person| tried(person, &topics))).await?;
        let seen: BTreeSet<(String, String)> = received(&self.witness, WITNESS, &self.witness)
            .await?
            .into_iter()
            .map(|message| {
                let text = String::from_utf8_lossy(&message.payload).into_owned();
                (text, message.topic)
            })
            .collect();
        self.witness.unsubscribe("#").await?;
        for (person, acks) in self.people.iter().zip(acks) {
            for (topic, ack) in topics.iter().zip(acks) {
                let decision = self.policy.decide(person.name, Action::Publish, topic);
                let allowed = decision.is_allowed();
                let arrived = |qos: &str| seen.contains(&(said(person, qos), topic.clone()));
                let observed = (ack, arrived("0"), arrived("1"));
                let agrees = match allowed {
                    true => matches!(
                        observed,
                        (Ack::Success | Ack::NoMatchingSubscribers, true, true)
                    ),
                    false => observed == (Ack::NotAuthorized, false, false),
                };
                let other = (!agrees).then(|| {
                    format!(
                        "{:?}, QoS 0 arrived: {}, QoS 1: {}",
                        observed.0, observed.1, observed.2
                    )
                });
                table.note(person.label(), format!("publish {topic}"), allowed, other);
            }
        }
        assert!(seen.iter().all(|(_, topic)| topics.contains(topic)));
        Ok(())
    }
}

/// What the broker answers to each publish at QoS 1; one at QoS 0 goes before it.
async fn tried(person: &Person, topics: &[String]) -> Result<Vec<Ack>> {
    let mut acks = Vec::new();
    for topic in topics {
        let (none, payload) = (Properties::default(), said(person, "0"));
        person
            .client
            .send(QoS::AtMostOnce, topic, payload, none)
            .await?;
        acks.push(person.client.publish(topic, said(person, "1")).await?);
    }
    Ok(acks)
}

fn said(person: &Person, qos: &str) -> String {
    format!("{} at {qos}", person.label())
}
