//! The certificates that the system trusts.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls_native_certs::load_certs_from_paths;

// `load_native_certs` reads the environment, which must not be read here. On
// Apple's systems it does not, and there the certificates are not in files.
#[cfg(target_vendor = "apple")]
pub(crate) fn system_certificates() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

#[cfg(not(target_vendor = "apple"))]
pub(crate) fn system_certificates() -> Vec<CertificateDer<'static>> {
    let there = |paths: &'static [&str]| paths.iter().map(Path::new).filter(|path| path.exists());
    certificates_in(there(&BUNDLES).next(), there(&FOLDERS))
}

/// The files that hold all certificates of a system. The first one that exists
/// counts.
#[cfg(not(target_vendor = "apple"))]
const BUNDLES: [&str; 9] = [
    "/etc/ssl/certs/ca-certificates.crt", // Debian, Arch, Gentoo
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",   // their older releases
    "/etc/ssl/ca-bundle.pem",             // SUSE
    "/etc/ssl/cert.pem",                  // Alpine, OpenBSD
    "/usr/local/etc/ssl/cert.pem",        // FreeBSD
    "/etc/openssl/certs/ca-certificates.crt", // NetBSD
    "/usr/local/share/certs/ca-root-nss.crt", // DragonFly
    "/data/data/com.termux/files/usr/etc/tls/cert.pem", // Android
];
#[cfg(not(target_vendor = "apple"))]
const FOLDERS: [&str; 4] =
    ["/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/local/share/certs", "/etc/openssl/certs"];

/// The certificates in a file and in folders. What cannot be read is skipped.
pub(crate) fn certificates_in<'a>(
    file: Option<&Path>,
    folders: impl Iterator<Item = &'a Path>,
) -> Vec<CertificateDer<'static>> {
    let mut folders = folders.fuse();
    // The file and the first folder are read together, so that nothing that
    // is in both is kept twice.
    let mut all = load_certs_from_paths(file, folders.next()).certs;
    for folder in folders {
        for certificate in load_certs_from_paths(None, Some(folder)).certs {
            if !all.contains(&certificate) {
                all.push(certificate);
            }
        }
    }
    all
}
