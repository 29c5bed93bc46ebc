//! The brokers that the tests of this binary run on, and who connects to them.
//!
//! Besides those whom a policy names there is a *witness*, who may read and write everything, and each
//! identity may read a topic of its own, its *mark*: a message there proves that what was sent before
//! it, and did not come, does not come.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use mcp_mqtt::ConnectOptions;
use mcp_mqtt::acl::{ExportOptions, Format, Policy, Scope};
use mcp_mqtt::client::Client;
use mcp_mqtt::server::{Server, ServerBuilder};
use mcp_mqtt::tool::Registry;
use mcp_mqtt::wire::Namespace;
use mcp_mqtt_tests::{Message, Mosquitto, RawClient, RawOptions};
use serde_json::{Value, json};

/// Two levels, so that nothing works by luck for one.
pub const NAMESPACE: &str = "plant/a";
/// The server's name.
pub const SERVER: &str = "hello";
/// The identity with which it connects.
pub const SERVICE: &str = "svc";
/// Who may read and write everything.
pub const WITNESS: &str = "witness";
/// Everybody who has a password; scout and analyst are the callers that tools name.
pub const PEOPLE: [&str; 7] = [
    "scout", "analyst", "mallory", "scout2", "Scout", SERVICE, WITNESS,
];

/// Which broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Embedded,
    /// Mosquitto with an `acl_file`.
    Mosquitto,
    /// Mosquitto with its dynamic-security plugin.
    Dynsec,
}

/// A broker that runs.
pub enum Broker {
    Embedded(mcp_mqtt::broker::Broker),
    Mosquitto(Box<Mosquitto>),
    Dynsec(Box<Mosquitto>),
}

/// Makes each named `async fn(Kind) -> Result<()>` of the module a test on either broker.
macro_rules! on_each_broker {
    ($($test:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() -> anyhow::Result<()> {
                super::$test(crate::world::Kind::Embedded).await
            })*
        }
        mod mosquitto {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() -> anyhow::Result<()> {
                super::$test(crate::world::Kind::Mosquitto).await
            })*
        }
    };
}
pub(crate) use on_each_broker;

/// The namespace, as topics are built from it.
pub fn namespace() -> Namespace {
    Namespace::new(NAMESPACE).expect("a namespace")
}

/// The scope of the server, with grants for the server itself.
pub fn scope() -> Scope {
    let mut scope = Scope::new(NAMESPACE, SERVER);
    scope.server_identity = Some(SERVICE.to_owned());
    scope
}

/// The topic that `who` alone may read, besides what the policy says.
pub fn mark(who: &str) -> String {
    format!("mark/{who}")
}

impl Broker {
    /// A broker that lets everybody do everything.
    pub async fn open(kind: Kind) -> Result<Self> {
        Ok(match kind {
            Kind::Embedded => {
                let broker = mcp_mqtt::broker::Broker::builder().unrestricted();
                Self::Embedded(broker.start().await?)
            }
            Kind::Mosquitto => Self::Mosquitto(Box::new(Mosquitto::open()?)),
            Kind::Dynsec => bail!("with the plugin nothing is open"),
        })
    }

    /// An open broker that takes packets of so many bytes at most.
    pub async fn small(kind: Kind, bytes: u32) -> Result<Self> {
        Ok(match kind {
            Kind::Embedded => {
                let broker = mcp_mqtt::broker::Broker::builder().unrestricted();
                Self::Embedded(broker.max_packet_size(bytes).start().await?)
            }
            Kind::Mosquitto => {
                let limit = format!("max_packet_size {bytes}");
                Self::Mosquitto(Box::new(Mosquitto::builder().setting(&limit).start()?))
            }
            Kind::Dynsec => bail!("with the plugin nothing is open"),
        })
    }

    /// A broker that enforces `policy`: the embedded one by its value, Mosquitto by its export, which
    /// admits anonymous clients here, so that the export has to keep them out.
    pub async fn enforcing(kind: Kind, policy: &Policy, scope: &Scope) -> Result<Self> {
        let export = |format| policy.export(format, &ExportOptions::of(scope));
        Ok(match kind {
            Kind::Embedded => {
                let mut text: Value = serde_json::from_str(&export(Format::Json)?.text)?;
                let rules = text["rules"].as_array_mut().context("no rules")?;
                rules.extend(witnessed());
                let policy = Policy::from_json(&text.to_string())?;
                let broker = mcp_mqtt::broker::Broker::builder().policy(policy);
                Self::Embedded(broker.start().await?)
            }
            Kind::Mosquitto => {
                let rules = export(Format::Mosquitto)?.text
                    + &format!("\npattern read {}\n", mark("%u"))
                    + &format!("user {WITNESS}\ntopic readwrite #\n");
                let broker = Mosquitto::builder()
                    .users(PEOPLE)
                    .acl(&rules)
                    .setting("allow_anonymous true");
                Self::Mosquitto(Box::new(broker.start()?))
            }
            Kind::Dynsec => {
                let state = with_witness(&export(Format::MosquittoDynsec)?.text)?;
                let broker = Mosquitto::builder()
                    .users(PEOPLE)
                    .dynamic_security(&state)
                    .setting("allow_anonymous true");
                Self::Dynsec(Box::new(broker.start()?))
            }
        })
    }

    /// The same, stopped: nobody listens on its port.
    pub async fn stop(self) -> Result<Stopped> {
        Ok(match self {
            Self::Embedded(broker) => {
                let address = broker.address();
                broker.stop().await;
                Stopped::Embedded(address)
            }
            Self::Mosquitto(mut broker) | Self::Dynsec(mut broker) => {
                broker.stop()?;
                Stopped::Mosquitto(broker)
            }
        })
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Embedded(_) => Kind::Embedded,
            Self::Mosquitto(_) => Kind::Mosquitto,
            Self::Dynsec(_) => Kind::Dynsec,
        }
    }

    pub fn port(&self) -> u16 {
        match self {
            Self::Embedded(broker) => broker.address().port(),
            Self::Mosquitto(broker) | Self::Dynsec(broker) => broker.port(),
        }
    }

    /// How `name` connects.
    pub fn options(&self, name: &str) -> Result<ConnectOptions> {
        let url = format!("mqtt://{name}:{name}@127.0.0.1:{}", self.port());
        Ok(ConnectOptions::new(url.parse()?))
    }

    /// Our client, calling as `name`.
    pub async fn client(&self, name: &str) -> Result<Client> {
        let client = Client::builder(name).namespace(NAMESPACE);
        Ok(client.broker(self.options(name)?).connect().await?)
    }

    /// A bare client of `name`.
    pub async fn raw(&self, name: &str) -> Result<RawClient> {
        RawOptions::new(self.port())
            .user(name, name)
            .connect()
            .await
    }

    /// A server of these tools, to be configured further and started.
    pub fn server(&self, registry: Registry) -> Result<ServerBuilder> {
        Ok(Server::builder()
            .name(SERVER)
            .namespace(NAMESPACE)
            .registry(registry)
            .broker(self.options(SERVICE)?))
    }
}

/// An open broker that was stopped.
pub enum Stopped {
    Embedded(SocketAddr),
    Mosquitto(Box<Mosquitto>),
}

impl Stopped {
    /// Starts it again on its port, with nothing remembered.
    pub async fn start_again(self) -> Result<Broker> {
        Ok(match self {
            Self::Embedded(address) => {
                let broker = mcp_mqtt::broker::Broker::builder().unrestricted();
                Broker::Embedded(broker.listen(address).start().await?)
            }
            Self::Mosquitto(mut broker) => {
                broker.start_again()?;
                Broker::Mosquitto(broker)
            }
        })
    }
}

/// What `client` of `who` has got of all that was acknowledged before, without marks. Each mark is
/// another one, because a wildcard may deliver it twice.
pub async fn received(witness: &RawClient, who: &str, client: &RawClient) -> Result<Vec<Message>> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
    witness.publish(&mark(who), number.clone()).await?;
    let mut messages = Vec::new();
    loop {
        let message = client.message().await?;
        match message.topic.starts_with("mark/") {
            true if message.payload == number => return Ok(messages),
            true => {}
            false => messages.push(message),
        }
    }
}

/// Rules of the witness and the marks, in ACL v2.
fn witnessed() -> [Value; 3] {
    let rule =
        |topic: &str, action| json!({"topic": topic, "action": action, "binding": "agent_id"});
    let mut witness = ["pub", "sub"].map(|action| rule("#", action));
    for rule in &mut witness {
        rule["agents"] = json!([WITNESS]);
    }
    let [publish, subscribe] = witness;
    [publish, subscribe, rule(&mark("{$self}"), "sub")]
}

/// A state of the dynamic-security plugin and besides it the witness, the marks, and whoever has a
/// password and no grants.
fn with_witness(state: &str) -> Result<String> {
    let mut state: Value = serde_json::from_str(state)?;
    let roles = state["roles"].as_array_mut().context("no roles")?;
    for who in PEOPLE {
        let mark = mark(who);
        let may = |kind, topic: &str| json!({"acltype": kind, "topic": topic, "allow": true});
        let mut acls = vec![
            may("subscribeLiteral", &mark),
            may("publishClientReceive", &mark),
        ];
        if who == WITNESS {
            let all = [
                "publishClientSend",
                "publishClientReceive",
                "subscribePattern",
            ];
            acls.extend(all.map(|kind| may(kind, "#")));
        }
        roles.push(json!({"rolename": mark, "acls": acls}));
    }
    let clients = state["clients"].as_array_mut().context("no clients")?;
    for who in PEOPLE {
        if !clients.iter().any(|client| client["username"] == who) {
            clients.push(json!({"username": who, "roles": []}));
        }
    }
    for client in clients {
        let name = client["username"].as_str().context("no name")?;
        let mark = json!({"rolename": mark(name)});
        let roles = client["roles"].as_array_mut().context("no roles")?;
        roles.push(mark);
    }
    Ok(state.to_string())
}
