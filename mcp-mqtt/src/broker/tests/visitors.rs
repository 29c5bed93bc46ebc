//! Who gets in.

use super::peer::{
    BAD_USER_NAME_OR_PASSWORD, CLIENT_ID_NOT_VALID, Hello, NOT_AUTHORIZED, Peer, hello,
};
use super::{SCOUTS_INBOX, broker, builder};

async fn refusal(broker: &crate::broker::Broker, hello: Hello<'_>) -> Option<u8> {
    Peer::try_connect(broker.address(), hello).await.err()
}

#[tokio::test]
async fn an_anonymous_client_is_refused() {
    let broker = broker().await;
    assert_eq!(
        refusal(&broker, Hello::default()).await,
        Some(NOT_AUTHORIZED)
    );
}

#[tokio::test]
async fn a_user_name_that_is_no_caller_is_refused() {
    let broker = broker().await;
    for name in ["", "a/b", "#", "+", "@all", "scout-sub", "a b"] {
        let reason = refusal(&broker, hello(name)).await;
        assert_eq!(reason, Some(BAD_USER_NAME_OR_PASSWORD), "{name:?}");
    }
}

#[tokio::test]
async fn an_identity_with_a_password_must_give_it() {
    let broker = builder().user("hello", "secret").start().await.unwrap();
    let with = |password| Hello {
        password,
        ..hello("hello")
    };
    for wrong in [None, Some(""), Some("Secret"), Some("secret ")] {
        let reason = refusal(&broker, with(wrong)).await;
        assert_eq!(reason, Some(BAD_USER_NAME_OR_PASSWORD), "{wrong:?}");
    }
    assert_eq!(refusal(&broker, with(Some("secret"))).await, None);
    assert_eq!(refusal(&broker, hello("scout")).await, None);
}

#[tokio::test]
async fn a_client_id_in_use_stays_with_its_identity() {
    let broker = broker().await;
    let one = |user| Hello {
        client_id: "one",
        ..hello(user)
    };
    let mut scout = Peer::connect(broker.address(), one("scout")).await;
    assert_eq!(
        refusal(&broker, one("mallory")).await,
        Some(CLIENT_ID_NOT_VALID)
    );
    // Still there, and nobody took its place.
    assert_eq!(
        scout.subscribe(SCOUTS_INBOX).await,
        super::peer::GRANTED_QOS_1
    );
}

#[tokio::test]
async fn a_session_stays_with_its_identity_while_nobody_is_connected() {
    let broker = broker().await;
    let one = |user| Hello {
        client_id: "one",
        session_expiry: 60,
        ..hello(user)
    };
    let mut scout = Peer::connect(broker.address(), one("scout")).await;
    scout.subscribe(SCOUTS_INBOX).await;
    scout.disconnect().await;
    for session_expiry in [0, 60] {
        let mallory = Hello {
            session_expiry,
            ..one("mallory")
        };
        assert_eq!(refusal(&broker, mallory).await, Some(CLIENT_ID_NOT_VALID));
    }

    let mut hello = Peer::connect(broker.address(), hello("hello")).await;
    hello.publish(SCOUTS_INBOX, "while you were away").await;
    let mut scout = Peer::connect(broker.address(), one("scout")).await;
    assert_eq!(scout.message().await.payload, b"while you were away");
}

#[tokio::test]
async fn client_ids_with_a_slash_are_refused() {
    let broker = broker().await;
    let slash = Hello {
        client_id: "a/b",
        ..hello("scout")
    };
    assert_eq!(refusal(&broker, slash).await, Some(CLIENT_ID_NOT_VALID));
}
