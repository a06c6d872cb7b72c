//! Verifies the certificate of a server.
//!
//! A certificate that the user has put into a file of trusted certificates is
//! accepted as the certificate of a server, whoever signed it, also if it says
//! that it is an authority. `openssl req -x509` makes such certificates, and
//! curl, Python and Node accept them. Name and dates are still checked.

use std::sync::Arc;

use rustls::CertificateError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// The verifier of rustls, and the certificates that need no issuer.
#[derive(Debug)]
pub(crate) struct ServerVerifier {
    by_issuer: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

impl ServerVerifier {
    /// `trusted`: certificates that the user has chosen, never those of the
    /// system.
    pub(crate) fn new(
        by_issuer: Arc<WebPkiServerVerifier>,
        trusted: Vec<CertificateDer<'static>>,
    ) -> Self {
        Self { by_issuer, trusted }
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verify = |intermediates| {
            self.by_issuer.verify_server_cert(certificate, intermediates, name, ocsp_response, now)
        };
        let verified = verify(intermediates);
        if verified.is_ok() || !self.trusted.iter().any(|one| one == certificate) {
            return verified;
        }
        // Without the chain, the error is one of this certificate. The dates are
        // checked first, so an error of its issuer means that they are right.
        match verify(&[]) {
            Err(Error::InvalidCertificate(error)) if is_of_issuer(&error) => {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_issuer.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_issuer.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_issuer.supported_verify_schemes()
    }
}

/// Whether an error concerns the issuer of a certificate, or that a certificate
/// is an authority, and not the certificate itself.
fn is_of_issuer(error: &CertificateError) -> bool {
    #[allow(deprecated, reason = "older verifiers return it")]
    match error {
        CertificateError::UnknownIssuer
        | CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithm
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => true,
        // The error of webpki has no name in rustls. It is found after the dates
        // were checked.
        CertificateError::Other(other) => other.to_string() == "CaUsedAsEndEntity",
        _ => false,
    }
}
