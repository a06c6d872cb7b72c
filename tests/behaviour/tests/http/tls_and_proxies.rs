//! TLS, client certificates, proxies and Unix sockets.

use std::io::ErrorKind::WouldBlock;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Cancel, Client, is_fast, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::{Action, HeldPort, Server};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

/// An authority, what it signed, and the files of it.
pub struct Authority {
    pub issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let folder =
            std::env::temp_dir().join(format!("mcp-routes-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { issuer, folder }
    }

    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn ca_file(&self) -> String {
        self.file("ca.pem", &self.issuer.pem())
    }

    fn sign(
        &self,
        name: &str,
        is_expired: bool,
    ) -> (String, String, CertificateDer<'static>, Vec<u8>) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if is_expired {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let der = certificate.der().clone();
        (certificate.pem(), key.serialize_pem(), der, key.serialize_der())
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub fn tls_config(
    authority: &Authority,
    name: &str,
    is_expired: bool,
    clients: Option<Arc<dyn ClientCertVerifier>>,
) -> Arc<rustls::ServerConfig> {
    let (_, _, certificate, key) = authority.sign(name, is_expired);
    config_of(vec![certificate], key, clients)
}

pub fn config_of(
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
) -> Arc<rustls::ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(verifier),
    };
    Arc::new(builder.with_single_cert(chain, key).unwrap())
}

/// A server behind TLS: one thread a connection, each request answered as
/// `server/discover` is.
fn serve_tls(
    authority: &Authority,
    name: &str,
    is_expired: bool,
    clients: Option<&Authority>,
) -> u16 {
    let clients = clients.map(|clients| {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(clients.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap()
    });
    serve(tls_config(authority, name, is_expired, clients))
}

pub fn serve(config: Arc<rustls::ServerConfig>) -> u16 {
    serve_with(config, pong)
}

pub fn serve_with(
    config: Arc<rustls::ServerConfig>,
    answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
) -> u16 {
    let answer = Arc::new(answer);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, answer) = (config.clone(), answer.clone());
            std::thread::spawn(move || {
                let connection = rustls::ServerConnection::new(config).unwrap();
                let mut stream = rustls::StreamOwned::new(connection, stream);
                let mut input = Vec::new();
                let mut chunk = [0; 4096];
                loop {
                    match stream.read(&mut chunk) {
                        Ok(count) if count > 0 => input.extend_from_slice(&chunk[..count]),
                        _ => return,
                    }
                    while let Some((request, length)) = Request::parse(&input) {
                        input.drain(..length);
                        let answer = answer(&request);
                        // A record for every few bytes, with pauses: what asks
                        // for it must be able to wait in the middle.
                        let step = if request.path() == "/slow" { 16 } else { answer.len() };
                        for piece in answer.chunks(step) {
                            if stream.write_all(piece).is_err() || stream.flush().is_err() {
                                return;
                            }
                            if step < answer.len() {
                                std::thread::sleep(Duration::from_millis(1));
                            }
                        }
                    }
                }
            });
        }
    });
    port
}

fn pong(request: &Request) -> Vec<u8> {
    let hello = serde_json::json!({"supportedVersions": ["2026-07-28"], "capabilities": {}});
    http::result(request, hello)
}

/// A proxy that knows CONNECT, and sends every tunnel to one port.
fn proxy(target: u16, answer: &'static str) -> (u16, Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = seen.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if reader.read_line(&mut head).unwrap_or(0) == 0 {
                    break;
                }
            }
            log.lock().unwrap().push(head);
            let mut stream = stream;
            let _ = stream.write_all(answer.as_bytes());
            if !answer.contains(" 200 ") {
                continue;
            }
            let server = TcpStream::connect(("127.0.0.1", target)).unwrap();
            let (mut a, mut b) = (stream.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut a, &mut b);
                let _ = b.shutdown(std::net::Shutdown::Write);
            });
            let (mut a, mut b) = (server, stream);
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut a, &mut b);
                let _ = b.shutdown(std::net::Shutdown::Write);
            });
        }
    });
    (port, seen)
}

/// A proxy that speaks TLS itself: each tunnel ends at one port. It asks for a
/// client certificate and takes none as well, and counts those that it got.
fn proxy_over_tls(authority: &Authority, target: u16) -> (u16, Arc<AtomicUsize>) {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.issuer.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = verifier.allow_unauthenticated().build().unwrap();
    let config = tls_config(authority, "localhost", false, Some(verifier));
    let shown = Arc::new(AtomicUsize::new(0));
    let count = shown.clone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, count) = (config.clone(), count.clone());
            std::thread::spawn(move || {
                let connection = rustls::ServerConnection::new(config).unwrap();
                let mut client = rustls::StreamOwned::new(connection, stream);
                let mut head = Vec::new();
                let mut chunk = [0; 4096];
                while !head.ends_with(b"\r\n\r\n") {
                    match client.read(&mut chunk) {
                        Ok(count) if count > 0 => head.extend_from_slice(&chunk[..count]),
                        _ => return,
                    }
                }
                let certificates = client.conn.peer_certificates().unwrap_or_default();
                count.fetch_add(certificates.len(), Ordering::SeqCst);
                client.write_all(TUNNEL.as_bytes()).unwrap();
                let mut server = TcpStream::connect(("127.0.0.1", target)).unwrap();
                // By turns: neither side may keep the other waiting.
                client.sock.set_nonblocking(true).unwrap();
                server.set_nonblocking(true).unwrap();
                let mut pass = |from: &mut dyn Read, to: &mut dyn Write, other: bool| match from
                    .read(&mut chunk)
                {
                    Ok(0) => None,
                    Ok(count) => {
                        let mut rest = &chunk[..count];
                        while !rest.is_empty() {
                            match to.write(rest) {
                                Ok(count) => rest = &rest[count..],
                                Err(error) if error.kind() == WouldBlock => {}
                                Err(_) => return None,
                            }
                        }
                        while to.flush().is_err_and(|error| error.kind() == WouldBlock) {}
                        Some(true)
                    }
                    Err(error) if error.kind() == WouldBlock => Some(other),
                    Err(_) => None,
                };
                loop {
                    let Some(up) = pass(&mut client, &mut server, false) else { return };
                    let Some(any) = pass(&mut server, &mut client, up) else { return };
                    if !any {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
            });
        }
    });
    (port, shown)
}

const TUNNEL: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

tests! {
    trusted_certificate_is_accepted {
        let authority = Authority::new("one");
        let port = serve_tls(&authority, "localhost", false, None);
        let client = Client::of(&format!("https://localhost:{port}/mcp"));
        client.set_ca_file(&authority.ca_file()).unwrap();
        for _ in 0..5 {
            client.ping().unwrap();
        }
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..10).for_each(|_| client.ping().unwrap()));
            }
        });
    }

    started_requests_run_side_by_side_over_tls {
        let authority = Authority::new("one");
        let port = serve_tls(&authority, "localhost", false, None);
        let client = Client::of(&format!("https://localhost:{port}/slow"));
        client.set_ca_file(&authority.ca_file()).unwrap();
        let large = serde_json::json!({"name": "x", "arguments": {"text": "y".repeat(1 << 20)}});
        let requests: Vec<_> = (0..16)
            .map(|number| {
                let params = large.to_string();
                let params = (number % 4 == 0).then_some(params.as_str());
                let request = client.request("tools/call", params).unwrap();
                request.start().unwrap();
                request
            })
            .collect();
        for request in &requests {
            assert_eq!(request.wait(30_000), 0);
            assert!(request.take_result().unwrap().json().contains("2026-07-28"));
        }
        // The same connections serve calls that block.
        client.ping().unwrap();
    }

    hung_tls_handshake_delays_no_other_call {
        let authority = Authority::new("one");
        let port = serve_tls(&authority, "localhost", false, None);
        // The system accepts for it, and nobody ever says a word.
        let hung = TcpListener::bind("127.0.0.1:0").unwrap();
        let hung = hung.local_addr().map(|address| (address.port(), hung)).unwrap();
        let client = |port: u16| {
            let client = Client::of(&format!("https://localhost:{port}/mcp"));
            client.set_ca_file(&authority.ca_file()).unwrap();
            client
        };
        let start = |client: &Client| {
            let request = client.request("tools/call", None).unwrap();
            request.start().unwrap();
            request
        };
        let waiting: Vec<_> = (0..12)
            .map(|_| client(hung.0))
            .map(|client| (start(&client), client))
            .collect();
        let begin = Instant::now();
        let other = client(port);
        assert_eq!(start(&other).wait(30_000), 0);
        assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
        // Whoever hangs can be given up at once, or by its time.
        let cancelled = client(hung.0);
        let cancels = || {
            let (request, cancel) = (cancelled.request("tools/call", None).unwrap(), Cancel::new());
            request.set_cancel(&cancel);
            request.start().unwrap();
            std::thread::sleep(Duration::from_millis(20));
            let begin = Instant::now();
            cancel.fire();
            assert_eq!(request.wait(30_000), MCP_E_CANCELLED);
            begin.elapsed()
        };
        is_fast(Duration::from_millis(50), cancels).unwrap_or_else(|took| panic!("{took:?}"));
        let begin = Instant::now();
        let late = cancelled.request("tools/call", None).unwrap();
        late.set_timeout(300);
        late.start().unwrap();
        assert_eq!(late.wait(30_000), MCP_E_TIMEOUT);
        drop(waiting);
        assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
    }

    started_request_goes_through_a_tunnel {
        let authority = Authority::new("one");
        let port = serve_tls(&authority, "mcp.example", false, None);
        let (proxy, seen) = proxy(port, TUNNEL);
        let client = Client::of("https://mcp.example/mcp");
        client.set_ca_file(&authority.ca_file()).unwrap();
        client.set_proxy(&format!("http://user:s3cret@127.0.0.1:{proxy}")).unwrap();
        let request = client.request("tools/call", None).unwrap();
        request.start().unwrap();
        assert_eq!(request.wait(30_000), 0);
        assert_eq!(seen.lock().unwrap().len(), 1);
    }

    tunnel_through_an_https_proxy_uses_tls {
        let (authority, other) = (Authority::new("one"), Authority::new("two"));
        let port = serve_tls(&authority, "mcp.example", false, None);
        let (proxy, _) = proxy_over_tls(&authority, port);
        for (trusted, is_trusted) in [(&authority, true), (&other, false)] {
            let client = Client::of("https://mcp.example/mcp");
            client.set_ca_file(&trusted.ca_file()).unwrap();
            client.set_proxy(&format!("https://localhost:{proxy}")).unwrap();
            if !is_trusted {
                let failure = client.ping().unwrap_err();
                assert_eq!(failure.status, MCP_E_PROXY);
                assert!(failure.message.contains("ca_file"), "{}", failure.message);
                continue;
            }
            client.ping().unwrap();
            let large = serde_json::json!({"name": "x", "arguments": {"a": "y".repeat(1 << 20)}});
            let request = client.request("tools/call", Some(&large.to_string())).unwrap();
            request.start().unwrap();
            assert_eq!(request.wait(30_000), 0);
            client.ping().unwrap();
        }
    }

    certificates_and_key_may_be_in_memory {
        // As OpenSSL wrote it before PKCS#8.
        const OLD_ENCRYPTED: &str = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
            DEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        let authority = Authority::new("one");
        let port = serve_tls(&authority, "localhost", false, Some(&authority));
        let client = Client::of(&format!("https://localhost:{port}/mcp"));
        let trusted = std::fs::read(authority.ca_file()).unwrap();
        let (certificate, key, ..) = authority.sign("client", false);
        let (_, other, ..) = authority.sign("other", false);
        client.set_ca_data(Some(&trusted)).unwrap();
        let of = |certificate: &str, key: &str| {
            client.set_certificate_data(Some(certificate.as_bytes()), Some(key.as_bytes()))
        };
        for (failure, status, words) in [
            (client.set_ca_data(Some(b"x")), MCP_E_TLS, "pem has no certificate"),
            (client.set_ca_data(Some(b"")), MCP_E_TLS, "pem is empty"),
            (of(&certificate, &other), MCP_E_TLS, "key_pem does not belong to the certificate in certificate_pem"),
            (of(&certificate, "x"), MCP_E_TLS, "key_pem has no private key"),
            (of(&certificate, OLD_ENCRYPTED), MCP_E_TLS, "key_pem has a private key that is encrypted"),
            (of(&key, &key), MCP_E_TLS, "certificate_pem has no certificate"),
            (client.set_certificate_data(Some(b"x"), None), MCP_E_INVALID_ARGUMENT, "key_pem is NULL"),
            (client.set_certificate_data(None, Some(b"x")), MCP_E_INVALID_ARGUMENT,
             "certificate_pem is NULL"),
        ] {
            let failure = failure.unwrap_err();
            assert_eq!(failure.status, status, "{}", failure.message);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
        of(&certificate, &key).unwrap();
        client.ping().unwrap();
        assert_eq!(client.set_ca_data(None).unwrap_err().status, MCP_E_STATE);
        assert_eq!(client.set_certificate_data(None, None).unwrap_err().status, MCP_E_STATE);
        let program = Client::stdio(&["prog"]);
        assert_eq!(program.set_ca_data(Some(&trusted)).unwrap_err().status, MCP_E_UNSUPPORTED);
        let failure = program.set_certificate_data(None, None).unwrap_err();
        assert_eq!(failure.status, MCP_E_UNSUPPORTED);
        let none = std::ptr::null_mut();
        let null = std::ptr::null();
        let statuses = unsafe {
            [behaviour::raw::mcp_client_set_ca_data(none, null, 0),
             behaviour::raw::mcp_client_set_certificate_data(none, null, 0, null, 0)]
        };
        assert_eq!(statuses, [MCP_E_INVALID_ARGUMENT; 2]);
    }

    client_certificate_is_not_sent_to_the_proxy {
        let authority = Authority::new("one");
        for clients in [Some(&authority), None] {
            let port = serve_tls(&authority, "mcp.example", false, clients);
            let (proxy, shown) = proxy_over_tls(&authority, port);
            let client = Client::of("https://mcp.example/mcp");
            client.set_ca_file(&authority.ca_file()).unwrap();
            client.set_proxy(&format!("https://localhost:{proxy}")).unwrap();
            let (certificate, key, ..) = authority.sign("client", false);
            let certificate = authority.file("client.pem", &certificate);
            client.set_certificate(&certificate, &authority.file("client.key", &key)).unwrap();
            client.ping().unwrap();
            let request = client.request("ping", None).unwrap();
            request.start().unwrap();
            assert_eq!(request.wait(30_000), 0);
            assert_eq!(shown.load(Ordering::SeqCst), 0);
        }
    }

    untrusted_certificate_is_an_error_with_the_reason {
        let (authority, other) = (Authority::new("one"), Authority::new("two"));
        for (name, is_expired, trusted, words) in [
            ("localhost", false, &other, "mcp_client_set_ca_file()"),
            ("example.com", false, &authority, "not valid for name"),
            ("localhost", true, &authority, "expired"),
        ] {
            let port = serve_tls(&authority, name, is_expired, None);
            let client = Client::new(&format!("https://localhost:{port}/mcp"), Some("t0ken")).unwrap();
            client.set_ca_file(&trusted.ca_file()).unwrap();
            let failure = client.ping().unwrap_err();
            assert_eq!(failure.status, MCP_E_TLS);
            assert!(failure.message.contains(words), "{words}: {}", failure.message);
            assert!(!failure.message.contains("Error") && !failure.message.contains("Issuer"));
            assert!(!failure.may_have_run);
            // A client that was refused can still be told whom to trust.
            if words.contains("ca_file") {
                client.set_ca_file(&authority.ca_file()).unwrap();
                client.ping().unwrap();
            }
        }
    }

    client_certificate_is_sent_on_request {
        let (authority, clients) = (Authority::new("one"), Authority::new("two"));
        let port = serve_tls(&authority, "localhost", false, Some(&clients));
        let client = Client::of(&format!("https://localhost:{port}/mcp"));
        client.set_ca_file(&authority.ca_file()).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_TLS, "{}", failure.message);
        let (certificate, key, ..) = clients.sign("client", false);
        let certificate = clients.file("client.pem", &certificate);
        client.set_certificate(&certificate, &clients.file("client.key", &key)).unwrap();
        client.ping().unwrap();
    }

    unusable_certificate_file_is_refused_by_its_setter {
        let authority = Authority::new("one");
        let client = Client::of("https://localhost/mcp");
        let (certificate, key, ..) = authority.sign("a", false);
        let (_, other_key, ..) = authority.sign("b", false);
        let certificate = authority.file("a.pem", &certificate);
        let key = authority.file("a.key", &key);
        let other_key = authority.file("b.key", &other_key);
        let empty = authority.file("empty", "");
        for failure in [
            client.set_ca_file("/nonexistent"),
            client.set_ca_file(&empty),
            client.set_ca_file(&key),
            client.set_certificate(&certificate, &other_key),
            client.set_certificate(&certificate, &certificate),
            client.set_certificate(&empty, &key),
        ] {
            let failure = failure.unwrap_err();
            assert_eq!(failure.status, MCP_E_TLS, "{}", failure.message);
            assert!(!failure.message.contains("PRIVATE"));
        }
        client.set_certificate(&certificate, &key).unwrap();
    }

    server_without_tls_at_an_https_url_is_named_in_the_error {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        });
        let failure = Client::of(&format!("https://127.0.0.1:{port}/")).ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_TLS);
        assert!(failure.message.contains("does the server speak TLS?"), "{}", failure.message);
    }

    proxy_tunnel_is_used_for_other_hosts {
        let authority = Authority::new("one");
        let port = serve_tls(&authority, "mcp.example", false, None);
        let (proxy, seen) = proxy(port, TUNNEL);
        let client = Client::new("https://mcp.example/mcp", Some("t0ken")).unwrap();
        client.set_ca_file(&authority.ca_file()).unwrap();
        client.set_proxy(&format!("http://user:s3cret@127.0.0.1:{proxy}")).unwrap();
        client.ping().unwrap();
        client.ping().unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 1);
        assert!(seen[0].starts_with("CONNECT mcp.example:443 HTTP/1.1\r\n"), "{}", seen[0]);
        assert!(seen[0].contains("Proxy-Authorization: Basic dXNlcjpzM2NyZXQ="));
        assert!(!seen[0].contains("t0ken"), "the token is for the server alone");
    }

    proxy_tunnel_is_used_for_plain_http {
        let server = Server::start(|request| vec![Action::Send(pong(request))]);
        let (proxy, seen) = proxy(server.address().port(), TUNNEL);
        let client = Client::of("http://mcp.example:8000/mcp");
        client.set_proxy(&format!("http://127.0.0.1:{proxy}")).unwrap();
        client.ping().unwrap();
        assert!(seen.lock().unwrap()[0].starts_with("CONNECT mcp.example:8000 "));
        assert_eq!(server.log().requests()[0].header("host"), Some("mcp.example:8000"));
    }

    proxy_refusal_is_a_proxy_error {
        for (answer, words) in [
            ("HTTP/1.1 403 Forbidden\r\n\r\n", "403"),
            ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "user name"),
        ] {
            let (port, _) = proxy(1, answer);
            let client = Client::of("https://mcp.example/mcp");
            client.set_proxy(&format!("http://user:s3cret@127.0.0.1:{port}")).unwrap();
            let failure = client.ping().unwrap_err();
            assert_eq!(failure.status, MCP_E_PROXY, "{}", failure.message);
            assert!(failure.message.contains(words), "{}", failure.message);
            assert!(!failure.message.contains("s3cret"));
        }
        let port = HeldPort::new().unwrap();
        let client = Client::of("https://mcp.example/mcp");
        client.set_proxy(&format!("http://127.0.0.1:{}", port.number())).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_PROXY);
    }

    proxy_is_not_used_for_loopback {
        let server = Server::start({
            let mcp = Mcp::new(Config::default());
            move |request| mcp.handle(request)
        });
        let (port, seen) = proxy(1, TUNNEL);
        let client = Client::of(&server.url("/mcp"));
        client.set_proxy(&format!("http://127.0.0.1:{port}")).unwrap();
        client.ping().unwrap();
        assert_eq!(seen.lock().unwrap().len(), 0);
        for wrong in ["socks9://h", "://", "http://"] {
            let client = Client::of(&server.url("/mcp"));
            assert_eq!(client.set_proxy(wrong).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
        }
    }

    unix_socket_replaces_host_and_port {
        let path = std::env::temp_dir().join(format!("mcp-unix-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let mcp = Mcp::new(Config { token: Some("t".into()), ..Config::default() });
        let handler = Arc::new(move |request: &Request| mcp.handle(request));
        let server = Server::start_on(0, Some(path.clone()), handler).unwrap();
        // A token over plain http: the socket is on this machine.
        let client = Client::new("http://mcp.example/mcp", Some("t")).unwrap();
        let set = unsafe {
            let path = behaviour::c(path.to_str().unwrap());
            behaviour::raw::mcp_client_set_unix_socket(client.0, path.as_ptr())
        };
        assert_eq!(set, 0);
        client.ping().unwrap();
        assert_eq!(server.log().requests()[0].header("host"), Some("mcp.example"));
        drop(server);
        let _ = std::fs::remove_file(&path);
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_CONNECT, "{}", failure.message);
    }
}
