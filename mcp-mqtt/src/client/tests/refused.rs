//! A broker that refuses subscriptions, as Mosquitto does with its dynamic-security plugin only.

use super::*;
use crate::mqtt::ConnectOptions;

/// PBKDF2 of `secret`.
const PASSWORD: &str =
    "lDaierti12IRh/NhZHiYOfSi8xzJ8+F47MEK2K2aKGHOinN57iFRrP96yZGkDeWxaqDuvjELRKcT//NrFVNZEQ==";
const SALT: &str = "bWNwLW1xdHQtdHN0";

/// Everybody may do everything, but for the subscriptions that the user's role refuses.
fn broker() -> Mosquitto {
    let refuse = |filters: &[&str]| {
        let acl =
            |topic: &&str| json!({"acltype": "subscribeLiteral", "topic": topic, "allow": false});
        filters.iter().map(acl).collect::<Value>()
    };
    let user = |name: &str| {
        json!({"username": name, "password": PASSWORD, "salt": SALT, "iterations": 101,
            "roles": [{"rolename": name}]})
    };
    let config = json!({
        "defaultACLAccess": {"publishClientSend": true, "publishClientReceive": true,
            "subscribe": true, "unsubscribe": true},
        "clients": [user("server"), user("deaf"), user("blind"), user("old")],
        "roles": [
            {"rolename": "server", "acls": []},
            {"rolename": "deaf", "acls": refuse(&["demo/mcp/clients/deaf/responses"])},
            {"rolename": "blind", "acls": refuse(&["demo/mcp/tools/+/card", "demo/mcp/tools/greet/card"])},
            {"rolename": "old", "acls": refuse(&["demo/mcp/servers/+/card", "demo/mcp/servers/hello/card"])},
        ],
    });
    let plugin = std::fs::read_dir("/usr/lib")
        .unwrap()
        .filter_map(|dir| Some(dir.ok()?.path().join("mosquitto_dynamic_security.so")))
        .find(|path| path.exists())
        .expect("mosquitto's dynamic-security plugin is installed with it");
    Mosquitto::with(
        &format!(
            "plugin {}\nplugin_opt_config_file {{dir}}/dynsec.json",
            plugin.display()
        ),
        &[("dynsec.json", &config.to_string())],
    )
}

fn as_user(broker: &Mosquitto, name: &str) -> ConnectOptions {
    let url = format!("mqtt://{name}:secret@127.0.0.1:{}", broker.port);
    ConnectOptions::new(url.parse().unwrap())
}

async fn client(broker: &Mosquitto, caller: &str) -> Result<Client, ConnectError> {
    soon(
        describe(broker, caller)
            .broker(as_user(broker, caller))
            .connect(),
    )
    .await
}

async fn server(broker: &Mosquitto) -> Script {
    let filters = ["tools/greet/call/#"];
    let script = Script::start_with(as_user(broker, "server"), &filters, |call| {
        call.ok(json!("hi"))
    });
    let script = script.await;
    script.announce("greet", ours()).await;
    script
}

#[tokio::test]
async fn a_refused_inbox_is_an_error_that_names_the_grant() {
    let broker = broker();
    let error = client(&broker, "deaf").await.unwrap_err();
    let ConnectError::Inbox { caller, topic, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (caller.as_str(), topic.as_str()),
        ("deaf", "demo/mcp/clients/deaf/responses")
    );
    assert!(error.to_string().contains("0x87"), "{error}");
}

#[tokio::test]
async fn a_tool_whose_card_is_refused_is_called_all_the_same() {
    let broker = broker();
    let server = server(&broker).await;
    let client = client(&broker, "blind").await.unwrap();
    assert_eq!(soon(client.call("greet", json!({}))).await.unwrap(), "hi");
    assert_eq!(server.topics(), ["tools/greet/call/blind"]);
}

#[tokio::test]
async fn refused_discovery_names_what_helps() {
    let broker = broker();
    let _server = server(&broker).await;
    let client = client(&broker, "blind").await.unwrap();
    let error = soon(client.tools()).await.unwrap_err();
    let DiscoveryError::Unauthorized { filter, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(filter, "demo/mcp/tools/+/card");
    assert!(error.to_string().contains("`tool_card`"), "{error}");
    assert_eq!(soon(client.servers()).await.unwrap().len(), 1);
    let error = soon(client.tool_card("greet")).await.unwrap_err();
    assert!(
        matches!(error, DiscoveryError::Unauthorized { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn without_the_cards_of_servers_those_of_tools_are_believed() {
    let broker = broker();
    let _server = server(&broker).await;
    let client = client(&broker, "old").await.unwrap();
    assert_eq!(soon(client.tools()).await.unwrap().len(), 1);
    assert_eq!(soon(client.call("greet", json!({}))).await.unwrap(), "hi");
    assert!(matches!(
        soon(client.servers()).await,
        Err(DiscoveryError::Unauthorized { .. })
    ));
}
