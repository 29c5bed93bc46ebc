//! `mqtts://` on Mosquitto, with certificates made for each test.

use std::error::Error;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::mosquitto::Mosquitto;
use super::*;

struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// Certificate and key, as PEM, for a host or a person.
    fn issue(&self, host: &[&str], person: &str) -> (String, String) {
        let names: Vec<String> = host.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, person);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// For 127.0.0.1 but not for `localhost`; `scout` may also come with a certificate.
fn broker(more: &str) -> Mosquitto {
    let authority = Authority::new();
    let (certificate, key) = authority.issue(&["127.0.0.1"], "broker");
    let (scout, scout_key) = authority.issue(&[], "scout");
    Mosquitto::with(
        &format!("cafile {{dir}}/ca\ncertfile {{dir}}/cert\nkeyfile {{dir}}/key\n{more}"),
        &[
            ("ca", &authority.certificate),
            ("cert", &certificate),
            ("key", &key),
            ("scout", &scout),
            ("scout-key", &scout_key),
            ("stranger", &Authority::new().certificate),
            ("empty", ""),
        ],
    )
}

fn options(broker: &Mosquitto, host: &str, ca: &str) -> ConnectOptions {
    let url = format!("mqtts://{host}:{}", broker.port);
    ConnectOptions {
        ca_file: Some(broker.path(ca)),
        ..ConnectOptions::new(url.parse().unwrap())
    }
}

#[tokio::test]
async fn a_broker_whose_certificate_the_ca_vouches_for_is_connected_to() {
    let broker = broker("");
    let peer = Peer::connected(options(&broker, "127.0.0.1", "ca")).await;
    assert_eq!(
        peer.publish(publish("a", "")).await,
        Ok(Published::NoSubscriber)
    );
}

#[tokio::test]
async fn a_broker_with_another_ca_or_another_name_is_not() {
    let broker = broker("");
    for (host, ca, cause) in [
        ("127.0.0.1", "stranger", "invalid peer certificate"),
        ("localhost", "ca", "not valid for name"),
    ] {
        let mut peer = Peer::open(options(&broker, host, ca), None);
        let (error, retry_in) = peer.lost().await;
        assert!(matches!(error, ConnectionError::Tls { .. }), "{error:?}");
        assert!(retry_in.is_some());
        assert!(
            crate::error::chain(&error).contains(cause),
            "{}",
            crate::error::chain(&error)
        );
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let broker =
        broker("require_certificate true\nuse_identity_as_username true\nallow_anonymous false\n");
    let mut with = options(&broker, "127.0.0.1", "ca");
    with.cert_file = Some(broker.path("scout"));
    with.key_file = Some(broker.path("scout-key"));
    Peer::connected(with).await;
    let mut without = Peer::open(options(&broker, "127.0.0.1", "ca"), None);
    let (error, _) = without.lost().await;
    assert!(matches!(error, ConnectionError::Tls { .. }), "{error:?}");
}

#[test]
fn every_faulty_file_is_named() {
    let broker = broker("");
    let mut options = options(&broker, "127.0.0.1", "empty");
    options.cert_file = Some(PathBuf::from("/no/such/file"));
    options.key_file = Some(broker.path("scout"));
    let error = options.check().unwrap_err();
    let text = error.to_string();
    assert_eq!(error.faults.len(), 3, "{text}");
    assert!(
        text.contains("empty is no PEM file with certificates: it holds none"),
        "{text}"
    );
    assert!(text.contains("cannot read /no/such/file"), "{text}");
    assert!(
        text.contains("scout is no PEM file with a private key"),
        "{text}"
    );
}

#[test]
fn a_key_of_another_certificate_is_a_fault() {
    let broker = broker("");
    let mut options = options(&broker, "127.0.0.1", "ca");
    options.cert_file = Some(broker.path("scout"));
    options.key_file = Some(broker.path("key"));
    let error = options.check().unwrap_err();
    assert!(
        matches!(error.faults[..], [OptionsFault::Certificate { .. }]),
        "{error}"
    );
}

#[tokio::test]
async fn a_plain_connection_to_a_tls_port_says_what_to_check() {
    let broker = broker("");
    let mut peer = Peer::open(super::options(broker.port), None);
    let (error, _) = peer.lost().await;
    assert!(
        matches!(error, ConnectionError::NotMqtt { .. }),
        "{error:?} {:?}",
        error.source()
    );
}
