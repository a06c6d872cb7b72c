//! What TLS trusts and shows: certificates and keys from PEM files.

use std::fs;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use ureq::tls::{Certificate, ClientCert, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::base::error::{Error, Result, Status};

/// The settings of a client, each checked when it was made.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsSettings {
    /// Trusted besides those of the system.
    pub(crate) extra: Vec<Certificate<'static>>,
    pub(crate) client: Option<ClientCertificate>,
}

/// A certificate chain and its key, which fit.
#[derive(Clone)]
pub(crate) struct ClientCertificate(ClientCert);

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ClientCertificate")
    }
}

impl ClientCertificate {
    /// Reads both files and checks that they belong together.
    pub(crate) fn load(certificate_path: &str, key_path: &str) -> Result<Self> {
        let chain = certificates(certificate_path)?;
        let keys = items(key_path)?;
        let key = keys
            .into_iter()
            .find_map(|item| match item {
                PemItem::PrivateKey(key) => Some(key),
                _ => None,
            })
            .ok_or_else(|| wrong(key_path, "holds no private key in PEM"))?;
        let der_chain = chain.iter().map(|one| CertificateDer::from(one.der().to_vec())).collect();
        let der_key = PrivateKeyDer::try_from(key.der().to_vec())
            .map_err(|_| wrong(key_path, "holds a key of a kind that is not known"))?;
        // Checked here, because further down an unfit key is a panic.
        CertifiedKey::from_der(der_chain, der_key, &ring::default_provider()).map_err(|error| {
            wrong(
                key_path,
                &format!("does not fit the certificate in \"{certificate_path}\": {error}"),
            )
        })?;
        Ok(Self(ClientCert::new_with_certs(&chain, key)))
    }
}

impl TlsSettings {
    /// The configuration to connect with. Reads the system's certificates.
    pub(crate) fn config(&self) -> Result<TlsConfig> {
        let system = rustls_native_certs::load_native_certs();
        let mut roots: Vec<Certificate<'static>> = system
            .certs
            .iter()
            .map(|certificate| Certificate::from_der(certificate).to_owned())
            .collect();
        roots.extend(self.extra.iter().cloned());
        if roots.is_empty() {
            return Err(Error::new(
                Status::Tls,
                "this machine has no trusted certificates: install them (the package \
                 ca-certificates on most systems), or see mcp_client_set_ca_file()",
            ));
        }
        let roots = RootCerts::Specific(Arc::new(roots));
        let client = self.client.as_ref().map(|certificate| certificate.0.clone());
        Ok(TlsConfig::builder()
            .root_certs(roots)
            .client_cert(client)
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .build())
    }
}

/// The certificates of a PEM file, at least one, each of which parses.
pub(crate) fn certificates(path: &str) -> Result<Vec<Certificate<'static>>> {
    let found: Vec<Certificate<'static>> = items(path)?
        .into_iter()
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(wrong(path, "holds no certificate in PEM"));
    }
    let mut store = rustls::RootCertStore::empty();
    for certificate in &found {
        store.add(CertificateDer::from(certificate.der())).map_err(|error| {
            wrong(path, &format!("holds a certificate that is broken: {error}"))
        })?;
    }
    Ok(found)
}

fn items(path: &str) -> Result<Vec<PemItem<'static>>> {
    let pem = fs::read(path).map_err(|error| {
        wrong(path, &format!("cannot be read: {}", crate::transport::socket::plain(&error)))
    })?;
    parse_pem(&pem)
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| wrong(path, "is not valid PEM"))
}

fn wrong(path: &str, what: &str) -> Error {
    Error::new(Status::Tls, format!("the file \"{path}\" {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let message = |path: &str| certificates(path).unwrap_err().message().to_owned();
        assert!(message("/nonexistent.pem").contains("cannot be read"));
        assert!(
            message(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).contains("no certificate")
        );
    }
}
