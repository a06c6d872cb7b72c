//! TLS settings: trusted certificates, client certificates, PEM files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring as provider;
pub(crate) use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Status, io_reason};
use crate::platform::{self, PerProcess, certificates_in, system_certificates};
use crate::transport::server_verifier::ServerVerifier;

/// The TLS settings of a client, already checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsSettings {
    /// Certificates that are trusted besides those of the system.
    pub(crate) extra: Vec<CertificateDer<'static>>,
    pub(crate) client: Option<ClientCertificate>,
    pub(crate) system: SystemStore,
}

/// The place of the system's trusted certificates: OpenSSL's environment
/// variables, or the usual places of the system.
#[derive(Clone, Debug, Default)]
pub(crate) struct SystemStore {
    file: Option<PathBuf>,
    folders: Vec<PathBuf>,
}

impl SystemStore {
    pub(crate) fn of(environment: &Environment) -> Self {
        let folders = environment.set("SSL_CERT_DIR").map(std::env::split_paths);
        Self {
            file: environment.set("SSL_CERT_FILE").map(PathBuf::from),
            folders: folders.into_iter().flatten().filter(|path| path != Path::new("")).collect(),
        }
    }

    /// Whether the user has chosen the place.
    fn is_chosen(&self) -> bool {
        self.file.is_some() || !self.folders.is_empty()
    }

    fn load(&self) -> Vec<CertificateDer<'static>> {
        if !self.is_chosen() {
            return system_certificates();
        }
        certificates_in(self.file.as_deref(), self.folders.iter().map(PathBuf::as_path))
    }
}

/// A certificate chain and its key, which belong together.
#[derive(Clone)]
pub(crate) struct ClientCertificate(Arc<CertifiedKey>);

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ClientCertificate")
    }
}

impl ClientCertificate {
    /// Reads both files and checks that key and certificate belong together.
    pub(crate) fn load(certificate_path: &str, key_path: &str) -> Result<Self> {
        let chain = certificates(certificate_path)?;
        let mut text = read(key_path)?;
        let pair = Self::of(chain, &file(certificate_path), &text, &file(key_path));
        platform::wipe(&mut text);
        pair
    }

    /// The same for texts of the application.
    pub(crate) fn parse(certificate_pem: &[u8], key_pem: &[u8]) -> Result<Self> {
        let chain = certificates_of(certificate_pem, "certificate_pem")?;
        Self::of(chain, "certificate_pem", key_pem, "key_pem")
    }

    fn of(
        chain: Vec<CertificateDer<'static>>,
        certificate_source: &str,
        text: &[u8],
        key_source: &str,
    ) -> Result<Self> {
        let key = PrivateKeyDer::from_pem_slice(text);
        let (is_empty, is_der) = (text.is_empty(), is_der(text));
        // The second was written before PKCS#8, and is no PEM for the reader.
        let is_encrypted = [&b" ENCRYPTED"[..], b"Proc-Type: 4,ENCRYPTED"]
            .iter()
            .any(|mark| memchr::memmem::find(text, mark).is_some());
        let key = key.map_err(|error| match error {
            _ if is_encrypted => wrong(
                key_source,
                "has a private key that is encrypted with a password: write it without one, with \
                 openssl pkey",
            ),
            pem::Error::NoItemsFound => no_item(key_source, is_empty, is_der, "private key"),
            _ => wrong(key_source, "is not valid PEM"),
        })?;
        let pair = CertifiedKey::from_der(chain, key, &provider::default_provider());
        let pair = pair.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => wrong(
                key_source,
                &format!("does not belong to the certificate in {certificate_source}"),
            ),
            rustls::Error::InvalidCertificate(_) => wrong(certificate_source, MALFORMED),
            _ => wrong(key_source, "has a private key of a kind that the library does not know"),
        })?;
        Ok(Self(Arc::new(pair)))
    }
}

/// A TLS configuration that clients use.
struct SharedConfig {
    /// The digest of the settings, and of the settings with all certificates.
    settings: Digest,
    whole: Digest,
    /// When the system's certificates were read for it last.
    since: Instant,
    config: Weak<ClientConfig>,
}

type Digest = [u8; 32];

/// The configurations that the clients of this process share: the system's
/// certificates take a few hundred KB, and milliseconds to read.
static SHARED: PerProcess<Mutex<Vec<SharedConfig>>> = PerProcess::new();

/// How long the system's certificates are not read again.
const KEPT: Duration = Duration::from_secs(60);

impl TlsSettings {
    /// The settings for the connection to a proxy. The client certificate is
    /// for the server alone.
    pub(crate) fn for_proxy(&self) -> Self {
        Self { client: None, ..self.clone() }
    }

    /// The configuration to connect with. Clients with the same settings share
    /// one while the system's certificates are the same.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>> {
        let settings = self.digest(&[]);
        let recent = lock().iter().find_map(|one| {
            let is_it = one.settings == settings && one.since.elapsed() < KEPT;
            if is_it { one.config.upgrade() } else { None }
        });
        if let Some(config) = recent {
            return Ok(config);
        }
        let system = self.system.load();
        let whole = self.digest(&system);
        let since = Instant::now();
        // Locked while one is made, so that it is made only once.
        let mut all = lock();
        all.retain(|one| one.config.strong_count() > 0);
        for one in all.iter_mut().filter(|one| one.whole == whole) {
            if let Some(config) = one.config.upgrade() {
                one.since = since;
                return Ok(config);
            }
        }
        let config = Arc::new(self.build(system)?);
        all.push(SharedConfig { settings, whole, since, config: Arc::downgrade(&config) });
        Ok(config)
    }

    fn build(&self, system: Vec<CertificateDer<'static>>) -> Result<ClientConfig> {
        let internal = |error: String| Error::new(Status::Internal, error);
        // What the user has chosen is trusted without an issuer as well.
        let mut chosen = self.extra.clone();
        if self.system.is_chosen() {
            chosen.extend(system.iter().cloned());
        }
        let mut roots = RootCertStore::empty();
        // Some systems have certificates that rustls cannot parse.
        roots.add_parsable_certificates(system);
        roots.add_parsable_certificates(self.extra.iter().cloned());
        if roots.is_empty() {
            return Err(Error::new(
                Status::Tls,
                "this machine has no trusted certificates: install them (the package \
                 ca-certificates on most systems), or see mcp_client_set_ca_file()",
            ));
        }
        let provider = Arc::new(provider::default_provider());
        let roots = Arc::new(roots);
        let by_issuer = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .map_err(|error| internal(error.to_string()))?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| internal(error.to_string()))?;
        let builder = if chosen.is_empty() {
            builder.with_webpki_verifier(by_issuer)
        } else {
            let verifier = Arc::new(ServerVerifier::new(by_issuer, chosen));
            builder.dangerous().with_custom_certificate_verifier(verifier)
        };
        Ok(match &self.client {
            None => builder.with_no_client_auth(),
            Some(ClientCertificate(pair)) => {
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(pair.clone())))
            }
        })
    }

    /// A digest of the settings and of the system's certificates.
    fn digest(&self, system: &[CertificateDer<'_>]) -> Digest {
        let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
        let mut add = |bytes: &[u8]| {
            digest.update(&bytes.len().to_be_bytes());
            digest.update(bytes);
        };
        // The place of the system's certificates.
        let paths = self.system.file.iter().chain(&self.system.folders);
        let count = usize::from(self.system.file.is_some());
        add(&count.to_be_bytes());
        add(&self.system.folders.len().to_be_bytes());
        paths.for_each(|path| add(path.as_os_str().as_encoded_bytes()));
        let shown = self.client.iter().map(|client| client.0.cert.as_slice());
        for list in shown.chain([self.extra.as_slice(), system]) {
            add(&list.len().to_be_bytes());
            list.iter().for_each(|certificate| add(certificate));
        }
        let mut out = Digest::default();
        for (to, from) in out.iter_mut().zip(digest.finish().as_ref()) {
            *to = *from;
        }
        out
    }
}

fn lock() -> MutexGuard<'static, Vec<SharedConfig>> {
    SHARED.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// The certificates of a PEM file: at least one, and each one parses.
pub(crate) fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>> {
    certificates_of(&read(path)?, &file(path))
}

/// The certificates in a PEM text. `source` names it in errors.
pub(crate) fn certificates_of(text: &[u8], source: &str) -> Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_slice_iter(text)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|_| wrong(source, "is not valid PEM"))?;
    if found.is_empty() {
        return Err(no_item(source, text.is_empty(), is_der(text), "certificate"));
    }
    let mut store = RootCertStore::empty();
    for certificate in &found {
        store.add(certificate.clone()).map_err(|_| wrong(source, MALFORMED))?;
    }
    Ok(found)
}

const MALFORMED: &str = "has a malformed certificate";

/// The error for a file without a certificate or a key.
fn no_item(source: &str, is_empty: bool, is_der: bool, item: &str) -> Error {
    if is_empty {
        return wrong(source, &format!("is empty and has no {item}"));
    }
    if is_der {
        let what = format!(
            "is DER, and the library reads PEM: convert it, for example with openssl {} -inform der",
            if item == "certificate" { "x509" } else { "pkey" }
        );
        return wrong(source, &what);
    }
    wrong(source, &format!("has no {item} in PEM format"))
}

/// Whether a text begins like a certificate or a key in DER: a sequence.
fn is_der(text: &[u8]) -> bool {
    match text {
        [0x30, 0x81..=0x84, ..] => true,
        [0x30, length, rest @ ..] => usize::from(*length) == rest.len(),
        _ => false,
    }
}

fn read(path: &str) -> Result<Vec<u8>> {
    fs::read(path)
        .map_err(|error| wrong(&file(path), &format!("cannot be read: {}", io_reason(&error))))
}

/// A file in messages.
fn file(path: &str) -> String {
    format!("the file \"{path}\"")
}

fn wrong(source: &str, what: &str) -> Error {
    Error::new(Status::Tls, format!("{source} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_what_is_wrong_with_a_file() {
        let message = |path: &str| certificates(path).unwrap_err().message().to_owned();
        assert!(message("/nonexistent.pem").contains("cannot be read"));
        assert!(
            message(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).contains("no certificate")
        );
    }

    #[test]
    fn knows_der() {
        for der in [&[0x30, 0x82, 1, 2][..], &[0x30, 2, 5, 0]] {
            assert!(is_der(der), "{der:?}");
        }
        for other in [&b""[..], b"0", b"0123", b"-----BEGIN CERTIFICATE-----"] {
            assert!(!is_der(other), "{other:?}");
        }
    }

    #[test]
    fn distinguishes_settings() {
        let none = TlsSettings::default();
        let certificate = CertificateDer::from(vec![1, 2]);
        let extra = vec![certificate.clone()];
        let some = TlsSettings { extra, ..TlsSettings::default() };
        assert_eq!(none.digest(&[]), TlsSettings::default().digest(&[]));
        assert_ne!(none.digest(&[]), some.digest(&[]));
        assert_ne!(none.digest(&[certificate]), some.digest(&[]));
        let of = |variables| SystemStore::of(&Environment::of(variables));
        let file = TlsSettings { system: of(&[("SSL_CERT_FILE", "/a")]), ..none.clone() };
        let folder = TlsSettings { system: of(&[("SSL_CERT_DIR", "/a")]), ..none.clone() };
        assert_ne!(file.digest(&[]), folder.digest(&[]));
        assert_ne!(file.digest(&[]), none.digest(&[]));
    }

    #[test]
    fn reads_the_places_of_the_environment_and_else_of_the_system() {
        let of = |variables: &[(&str, &str)]| SystemStore::of(&Environment::of(variables)).load();
        let folder = std::env::temp_dir().join(format!("mcp-store-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let system = of(&[]);
        let is_named = |name| std::env::var_os(name).is_some();
        if !is_named("SSL_CERT_FILE") && !is_named("SSL_CERT_DIR") {
            assert_eq!(system, rustls_native_certs::load_native_certs().certs);
        }
        for empty in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            assert_eq!(of(&[(empty, "")]), system);
        }
        let nothing = folder.to_str().unwrap();
        assert!(of(&[("SSL_CERT_DIR", nothing)]).is_empty());
        assert!(of(&[("SSL_CERT_FILE", "/nonexistent")]).is_empty());
        if let Some(first) = system.first() {
            let mut base64 =
                base64::Engine::encode(&base64::engine::general_purpose::STANDARD, first);
            base64.insert(base64.len() / 2, '\n');
            let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
            fs::write(folder.join("one.pem"), pem).unwrap();
            let twice = format!("/nonexistent::{nothing}:{nothing}");
            assert_eq!(of(&[("SSL_CERT_DIR", &twice)]), std::slice::from_ref(first));
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
