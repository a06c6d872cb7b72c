//! Certificates of servers that the user trusts by themselves, and the words for
//! those that are refused.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use behaviour::constants::*;
use behaviour::{Client, Failure, tests};
use mcp_test_server::{Action, Server, http};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::CertificateDer;
use serde_json::json;

use crate::tls_and_proxies::{Authority, config_of, serve};

/// A certificate as a server uses it, and as a file.
struct Made {
    der: CertificateDer<'static>,
    pem: String,
    key: Vec<u8>,
}

/// The certificate that `openssl req -x509` makes: signed by itself, for two
/// names of this machine.
fn usual() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.subject_alt_names.push(SanType::IpAddress("127.0.0.1".parse().unwrap()));
    params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn self_signed(params: CertificateParams) -> Made {
    let key = KeyPair::generate().unwrap();
    let made = params.self_signed(&key).unwrap();
    Made { der: made.der().clone(), pem: made.pem(), key: key.serialize_der() }
}

fn signed_by(params: CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Made {
    let key = KeyPair::generate().unwrap();
    let made = params.signed_by(&key, issuer).unwrap();
    Made { der: made.der().clone(), pem: made.pem(), key: key.serialize_der() }
}

fn file(text: impl AsRef<[u8]>) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::SeqCst);
    let name = format!("mcp-certificate-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Pings a server that sends this chain, with a file of trusted certificates.
fn ping(host: &str, chain: &[&Made], trusted: Option<&str>) -> Result<(), Failure> {
    let der = chain.iter().map(|made| made.der.clone()).collect();
    let port = serve(config_of(der, chain[0].key.clone(), None));
    let client = Client::of(&format!("https://{host}:{port}/mcp"));
    let path = trusted.map(file);
    if let Some(path) = &path {
        client.set_ca_file(path).unwrap();
    }
    let outcome = client.ping();
    path.map(std::fs::remove_file);
    if let Err(failure) = &outcome {
        assert_eq!(failure.status, MCP_E_TLS, "{}", failure.message);
        assert!(!failure.may_have_run);
        has_no_type_name(&failure.message);
    }
    outcome
}

fn has_no_type_name(message: &str) {
    for name in ["UsedAs", "UnknownIssuer", "Error", "Context", "InvalidContent", "Other(", "Some("]
    {
        assert!(!message.contains(name), "{message}");
    }
}

#[track_caller]
fn refused(host: &str, chain: &[&Made], trusted: Option<&str>, words: &[&str]) {
    let failure = ping(host, chain, trusted).unwrap_err();
    for words in words {
        assert!(failure.message.contains(words), "{words}: {}", failure.message);
    }
}

/// The answer of a server that sends bytes at once and closes.
fn after_bytes(scheme: &str, bytes: &'static [u8]) -> Failure {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten().take(4) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(bytes);
        }
    });
    let failure = Client::of(&format!("{scheme}://127.0.0.1:{port}/")).ping().unwrap_err();
    has_no_type_name(&failure.message);
    failure
}

tests! {
    self_signed_certificate_in_the_ca_file_is_accepted {
        for is_ca in [IsCa::Ca(BasicConstraints::Unconstrained), IsCa::NoCa, IsCa::ExplicitNoCa,
                      IsCa::Ca(BasicConstraints::Constrained(0))] {
            let mut params = usual();
            params.is_ca = is_ca;
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            let made = self_signed(params);
            for host in ["127.0.0.1", "localhost"] {
                ping(host, &[&made], Some(&made.pem)).unwrap();
                // Between others in the file.
                let others = [self_signed(usual()).pem, made.pem.clone(), self_signed(usual()).pem];
                ping(host, &[&made], Some(&others.concat())).unwrap();
            }
            let words = ["unknown issuer", "mcp_client_set_ca_file()"];
            refused("localhost", &[&made], None, &words);
            // Another certificate with the same names and subject.
            refused("localhost", &[&made], Some(&self_signed(usual()).pem), &words);
        }
    }

    leaf_in_the_ca_file_is_accepted_without_its_issuer {
        let authority = Authority::new("one");
        let mut params = usual();
        params.is_ca = IsCa::NoCa;
        let leaf = signed_by(params.clone(), &authority.issuer);
        ping("localhost", &[&leaf], Some(&leaf.pem)).unwrap();
        ping("localhost", &[&leaf], Some(&authority.issuer.pem())).unwrap();
        refused("localhost", &[&leaf], None, &["unknown issuer"]);
        // Another leaf of the same authority is not the one in the file.
        let other = signed_by(params.clone(), &authority.issuer);
        refused("localhost", &[&other], Some(&leaf.pem), &["unknown issuer"]);
        // Whatever the server sends after it: here an expired authority.
        let mut old = CertificateParams::new(vec![]).unwrap();
        old.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        old.distinguished_name.push(DnType::CommonName, "old");
        old.not_before = rcgen::date_time_ymd(2020, 1, 1);
        old.not_after = rcgen::date_time_ymd(2021, 1, 1);
        let key = KeyPair::generate().unwrap();
        let made = old.self_signed(&key).unwrap();
        let old_issuer = Made { der: made.der().clone(), pem: made.pem(), key: key.serialize_der() };
        let leaf = signed_by(params, &Issuer::new(old, key));
        ping("localhost", &[&leaf, &old_issuer], Some(&leaf.pem)).unwrap();
    }

    trusted_certificate_is_checked_for_name_and_dates {
        for is_ca in [IsCa::Ca(BasicConstraints::Unconstrained), IsCa::NoCa] {
            let mut params = usual();
            params.is_ca = is_ca;
            params.subject_alt_names = vec![SanType::DnsName("example.com".try_into().unwrap())];
            let made = self_signed(params);
            for host in ["localhost", "127.0.0.1"] {
                refused(host, &[&made], Some(&made.pem),
                    &["wrong name", &format!("\"{host}\""), "it is for \"example.com\""]);
            }
            let mut params = usual();
            params.is_ca = is_ca;
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
            let made = self_signed(params);
            refused("localhost", &[&made], Some(&made.pem), &["expired", "01 Jan 2021", "clock"]);
            let mut params = usual();
            params.is_ca = is_ca;
            params.not_before = rcgen::date_time_ymd(2090, 1, 1);
            params.not_after = rcgen::date_time_ymd(2091, 1, 1);
            let made = self_signed(params);
            refused("localhost", &[&made], Some(&made.pem), &["not valid yet", "01 Jan 2090", "clock"]);
            // Only a common name.
            let mut params = usual();
            params.is_ca = is_ca;
            params.subject_alt_names.clear();
            let made = self_signed(params);
            refused("127.0.0.1", &[&made], Some(&made.pem), &["wrong name", "subjectAltName"]);
        }
        let mut params = usual();
        params.is_ca = IsCa::NoCa;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let made = self_signed(params);
        refused("localhost", &[&made], Some(&made.pem), &["serverAuth"]);
    }

    certificate_of_an_authority_is_no_trusted_server {
        // The server shows the authority's own certificate, which is public; only
        // its file makes it trusted.
        let (authority, other) = (Authority::new("one"), Authority::new("two"));
        let made = signed_by(usual(), &authority.issuer);
        ping("localhost", &[&made], Some(&made.pem)).unwrap();
        for trusted in [Some(authority.issuer.pem()), Some(other.issuer.pem()), None] {
            refused("localhost", &[&made], trusted.as_deref(), &["unknown issuer", "CA:TRUE"]);
        }
    }

    certificate_in_the_file_of_the_environment_is_accepted {
        // The environment is read when a client is made, so another process
        // pings: this one again, for the test below.
        let made = self_signed(usual());
        let port = serve(config_of(vec![made.der.clone()], made.key.clone(), None));
        let own = file(&made.pem);
        let other = file(&self_signed(usual()).pem);
        for (path, is_accepted) in [(&own, true), (&other, false)] {
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "certificates::pings_with_the_environment", "--nocapture"])
                .env("SSL_CERT_FILE", path)
                .env("MCP_TEST_TLS_PORT", port.to_string())
                .env("MCP_TEST_TLS_OK", is_accepted.to_string())
                .status()
                .unwrap();
            assert!(status.success(), "{is_accepted}");
        }
        for path in [own, other] {
            std::fs::remove_file(path).unwrap();
        }
    }

    pings_with_the_environment {
        let Ok(port) = std::env::var("MCP_TEST_TLS_PORT") else { return };
        let outcome = Client::of(&format!("https://localhost:{port}/mcp")).ping();
        assert_eq!(outcome.is_ok().to_string(), std::env::var("MCP_TEST_TLS_OK").unwrap());
        if let Err(failure) = outcome {
            assert!(failure.message.contains("unknown issuer"), "{}", failure.message);
        }
    }

    server_that_speaks_no_tls_is_named {
        for bytes in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9.2\r\n", b"<html>"] {
            let failure = after_bytes("https", bytes);
            assert_eq!(failure.status, MCP_E_TLS);
            assert!(failure.message.contains("answered without TLS"), "{}", failure.message);
            assert!(failure.message.contains("http://"), "{}", failure.message);
        }
        let failure = after_bytes("https", b"");
        assert!(failure.message.contains("does it speak TLS?"), "{}", failure.message);
        // The other way round: TLS answers plain http with an alert.
        let failure = after_bytes("http", b"\x15\x03\x01\x00\x02\x02\x0a");
        assert_eq!(failure.status, MCP_E_PROTOCOL);
        assert!(failure.message.contains("https://"), "{}", failure.message);
    }

    alert_of_the_server_is_named_as_the_rfc_does {
        for (alert, words) in [
            (&b"\x15\x03\x03\x00\x02\x02\x28"[..], "handshake_failure"),
            (b"\x15\x03\x03\x00\x02\x02\x46", "protocol_version"),
            (b"\x15\x03\x03\x00\x02\x02\x70", "unrecognized_name"),
            (b"\x15\x03\x03\x00\x02\x02\xfe", "alert 254"),
        ] {
            let failure = after_bytes("https", alert);
            assert_eq!(failure.status, MCP_E_TLS);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }

    files_that_cannot_be_used_are_explained {
        let made = self_signed(usual());
        let pkcs8 = KeyPair::generate().unwrap();
        let message = |outcome: Result<(), Failure>| {
            let failure = outcome.unwrap_err();
            assert_eq!(failure.status, MCP_E_TLS, "{}", failure.message);
            has_no_type_name(&failure.message);
            failure.message
        };
        let client = Client::of("https://localhost/mcp");
        for (bytes, words) in [
            (b"".to_vec(), "is empty"),
            (made.der.to_vec(), "is DER"),
            (pkcs8.serialize_pem().into_bytes(), "no certificate in PEM format"),
            (b"-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n".to_vec(), "valid PEM"),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(), "malformed"),
        ] {
            let path = file(bytes);
            let found = message(client.set_ca_file(&path));
            assert!(found.contains(words) && found.contains(&path), "{words}: {found}");
        }
        let certificate = file(&made.pem);
        for (bytes, words) in [
            (b"".to_vec(), "is empty"),
            (pkcs8.serialize_der(), "is DER"),
            (pkcs8.serialize_pem().into_bytes(), "does not belong to the certificate"),
            (made.pem.clone().into_bytes(), "no private key in PEM format"),
            (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
                .to_vec(), "password"),
            (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec(), "kind"),
        ] {
            let found = message(client.set_certificate(&certificate, &file(bytes)));
            assert!(found.contains(words), "{words}: {found}");
        }
        let folder = std::env::temp_dir();
        let found = message(client.set_ca_file(folder.to_str().unwrap()));
        assert!(found.contains("cannot be read"), "{found}");
    }

    plain_server_at_an_http_url_needs_no_certificate {
        let server = Server::start(|request| {
            let hello = json!({"supportedVersions": ["2026-07-28"], "capabilities": {}});
            vec![Action::Send(http::result(request, hello))]
        });
        Client::of(&server.url("/mcp")).ping().unwrap();
    }
}
