//! What becomes of a call: it runs once however often it comes, waits its turn, is stopped by its caller and by
//! nobody else, and is answered whatever happens.

mod cancels;
mod limits;
mod notices;
mod repeats;
mod responses;
mod strangers;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use mcp_mqtt::acl::{Policy, Profile};
use mcp_mqtt::server::{Limits, RunningServer};
use mcp_mqtt::tool::{Registry, Tool, ToolBuilder, ToolContext, ToolError};
use mcp_mqtt_tests::raw::QoS;
use mcp_mqtt_tests::{Properties, RawClient};
use serde_json::{Map, Value, json};

use crate::tools::{Seen, tools};
use crate::world::{Broker, Kind, SERVER, namespace, scope};

/// A server and its caller scout, who sends and reads bare messages.
struct Stage {
    broker: Broker,
    seen: Arc<Seen>,
    server: RunningServer,
    scout: RawClient,
    guarded: bool,
}

impl Stage {
    /// With the policy in force, and then without.
    async fn both(kind: Kind, limits: Limits) -> Result<[Self; 2]> {
        let guarded = Self::under(kind, Profile::Reference, limits.clone()).await?;
        Ok([guarded, Self::open(kind, limits).await?])
    }

    /// With the policy of this profile in force.
    async fn under(kind: Kind, profile: Profile, limits: Limits) -> Result<Self> {
        let mut scope = scope();
        scope.profile = profile;
        let policy = Policy::derive(&scope, &registry()?.0)?;
        Self::on(
            Broker::enforcing(kind, &policy, &scope).await?,
            limits,
            true,
        )
        .await
    }

    /// On this broker.
    async fn on(broker: Broker, limits: Limits, guarded: bool) -> Result<Self> {
        let (registry, seen) = registry()?;
        let server = broker.server(registry)?.limits(limits).build()?;
        let server = server.start().await?;
        let scout = broker.raw("scout").await?;
        scout.subscribe(&namespace().inbox("scout")).await?;
        Ok(Self {
            broker,
            seen,
            server,
            scout,
            guarded,
        })
    }

    /// On an open broker.
    async fn open(kind: Kind, limits: Limits) -> Result<Self> {
        Self::on(Broker::open(kind).await?, limits, false).await
    }

    async fn call(&self, call: &Call) -> Result<()> {
        call.send(&self.scout, "scout").await
    }

    /// A call of which only one may run, so that what comes behind it waits.
    async fn hold(&self, id: &str) -> Result<()> {
        self.call(&Call::new("hold", id)).await?;
        Seen::one("a call that is held", &self.seen.begun).await
    }

    /// The next message in scout's inbox, and by what correlation data it comes.
    async fn answer(&self) -> Result<(String, Value)> {
        answer(&self.scout).await
    }

    /// The answer to a call that is made now and is in order; what came before is none to anything else.
    async fn good_call(&self, id: &str) -> Result<()> {
        self.call(&Call::greet(id)).await?;
        let (correlation, json) = self.answer().await?;
        ensure!(
            correlation == id && json["result"] == "Hello, Ann!",
            "{correlation}: {json}"
        );
        Ok(())
    }

    async fn cancel(&self, call: &Call) -> Result<()> {
        cancel(&self.scout, "scout", call).await
    }
}

/// A call as bare clients send it. Its id is its correlation data, too.
#[derive(Clone)]
struct Call {
    tool: &'static str,
    id: String,
    arguments: Value,
    bound: bool,
    properties: Vec<(&'static str, String)>,
}

impl Call {
    fn new(tool: &'static str, id: impl Into<String>) -> Self {
        Self {
            tool,
            id: id.into(),
            arguments: json!({}),
            bound: true,
            properties: Vec::new(),
        }
    }

    fn greet(id: impl Into<String>) -> Self {
        Self {
            arguments: json!({"name": "Ann"}),
            ..Self::new("greet", id)
        }
    }

    /// On the topic that everybody may call on.
    fn plain(self) -> Self {
        Self {
            bound: false,
            ..self
        }
    }

    fn property(mut self, key: &'static str, value: impl ToString) -> Self {
        self.properties.push((key, value.to_string()));
        self
    }

    async fn send(&self, client: &RawClient, caller: &str) -> Result<()> {
        let topic = match self.bound {
            true => namespace().bound_call(self.tool, caller),
            false => namespace().call(self.tool),
        };
        let payload = json!({"call_id": self.id, "client": caller, "arguments": self.arguments});
        let user = self.properties.iter();
        let properties = Properties {
            response_topic: Some(namespace().inbox(caller)),
            correlation_data: Some(self.id.clone().into()),
            user_properties: user
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
            ..Properties::default()
        };
        let sent = client.publish_with(&topic, payload.to_string(), false, properties);
        sent.await?;
        Ok(())
    }
}

/// The next message in an inbox, and by what correlation data it comes.
async fn answer(client: &RawClient) -> Result<(String, Value)> {
    let message = client.message().await?;
    let correlation = message.properties.correlation_data.clone();
    let correlation = String::from_utf8(correlation.context("no correlation data")?.to_vec())?;
    Ok((correlation, message.json()?))
}

async fn cancel(client: &RawClient, caller: &str, call: &Call) -> Result<()> {
    let properties = Properties {
        correlation_data: Some(call.id.clone().into()),
        ..Properties::default()
    };
    let topic = namespace().cancel(SERVER, caller);
    let payload = json!({"call_id": call.id, "tool": call.tool}).to_string();
    client
        .send(QoS::AtMostOnce, &topic, payload, properties)
        .await
}

/// The tools of the other tests, one that runs alone, and one for verified callers.
fn registry() -> Result<(Registry, Arc<Seen>)> {
    let (registry, seen, _) = tools()?;
    let alone = {
        let seen = Arc::clone(&seen);
        tool("alone").concurrency(1).raw_handler(move |_, _| {
            let seen = Arc::clone(&seen);
            async move {
                seen.begun.add_permits(1);
                seen.gate.acquire().await?.forget();
                Ok::<_, ToolError>(json!("alone"))
            }
        })
    };
    let vouched = tool("vouched").require_verified().raw_handler(
        |_: Map<String, Value>, ctx: ToolContext| async move {
            Ok::<_, ToolError>(json!(ctx.caller().name()))
        },
    );
    let registry = registry.add(alone.build()?)?.add(vouched.build()?)?;
    Ok((registry, seen))
}

fn tool(name: &str) -> ToolBuilder {
    Tool::builder(name)
        .description("A test.")
        .allowed_callers(["scout", "analyst"])
        .input_schema(json!({"type": "object"}))
}
