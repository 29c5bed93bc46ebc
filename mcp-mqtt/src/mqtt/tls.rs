//! TLS by rustls with ring, named explicitly: the process default may be unset or another library's.

use std::path::Path;
use std::sync::Arc;

use rumqttc::TlsConfiguration;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::options::{ConnectOptions, OptionsFault};

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The configuration, or `None` with at least one fault noted.
pub(super) fn configuration(
    options: &ConnectOptions,
    faults: &mut Vec<OptionsFault>,
) -> Option<TlsConfiguration> {
    let roots = match &options.ca_file {
        Some(path) => roots_from(path),
        None => system_roots(),
    };
    let roots = roots.map_err(|fault| faults.push(fault)).ok();
    let identity = match (&options.cert_file, &options.key_file) {
        (Some(certificate), Some(key)) => Some(identity(certificate, key, faults)),
        _ => None,
    };
    let built = match identity {
        None => build(roots?, None),
        Some(identity) => build(roots?, Some(identity?)),
    };
    match built {
        Ok(config) => Some(TlsConfiguration::Rustls(Arc::new(config))),
        Err(error) => {
            faults.push(OptionsFault::Certificate {
                reason: error.to_string(),
            });
            None
        }
    }
}

fn build(roots: RootCertStore, identity: Option<Identity>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => builder.with_client_auth_cert(chain, key),
    }
}

fn system_roots() -> Result<RootCertStore, OptionsFault> {
    let mut roots = RootCertStore::empty();
    // A system's store may hold some that rustls cannot read; the others still count.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        Err(OptionsFault::NoTrustedCertificates)
    } else {
        Ok(roots)
    }
}

fn roots_from(path: &Path) -> Result<RootCertStore, OptionsFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| pem_fault(path, "certificates", error.to_string()))?;
    }
    Ok(roots)
}

/// Both files are read even if the first is faulty: the second may be, too.
fn identity(certificate: &Path, key: &Path, faults: &mut Vec<OptionsFault>) -> Option<Identity> {
    let chain = certificates(certificate);
    let key =
        PrivateKeyDer::from_pem_file(key).map_err(|error| read_fault(key, "a private key", error));
    let chain = chain.map_err(|fault| faults.push(fault)).ok();
    let key = key.map_err(|fault| faults.push(fault)).ok();
    chain.zip(key)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, OptionsFault> {
    let read = |error| read_fault(path, "certificates", error);
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(read)?
        .collect::<Result<_, _>>()
        .map_err(read)?;
    if certificates.is_empty() {
        return Err(pem_fault(path, "certificates", "it holds none".to_owned()));
    }
    Ok(certificates)
}

fn read_fault(path: &Path, expected: &'static str, error: pem::Error) -> OptionsFault {
    match error {
        pem::Error::Io(source) => OptionsFault::File {
            path: path.to_owned(),
            source,
        },
        pem::Error::NoItemsFound => pem_fault(path, expected, "it holds none".to_owned()),
        error => pem_fault(path, expected, error.to_string()),
    }
}

fn pem_fault(path: &Path, expected: &'static str, reason: String) -> OptionsFault {
    OptionsFault::Pem {
        path: path.to_owned(),
        expected,
        reason,
    }
}
