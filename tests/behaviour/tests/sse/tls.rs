//! HTTP with SSE over TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use behaviour::constants::*;
use behaviour::{Client, EventLog, SOON, SseServer, tests};
use mcp_test_server::sse::Endpoint;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

/// TLS in front of a plain server.
struct Front {
    port: u16,
    ca: PathBuf,
}

impl Front {
    fn before(legacy: &SseServer) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = Arc::new(builder.with_single_cert(vec![certificate], key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ca = std::env::temp_dir().join(format!("mcp-sse-{}-{port}.pem", std::process::id()));
        std::fs::write(&ca, issuer.pem()).unwrap();
        let server = legacy.server.address();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let config = config.clone();
                std::thread::spawn(move || {
                    let plain = TcpStream::connect(server).unwrap();
                    let connection = ServerConnection::new(config).unwrap();
                    let _ = relay(StreamOwned::new(connection, stream), plain);
                });
            }
        });
        Self { port, ca }
    }

    fn client(&self, token: Option<&str>) -> Client {
        let client = Client::new(&format!("https://127.0.0.1:{}/sse", self.port), token).unwrap();
        client.set_ca_file(self.ca.to_str().unwrap()).unwrap();
        client.set_timeout(40_000);
        client
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca);
    }
}

/// Both ways in turn, until one side ends.
fn relay(
    mut tls: StreamOwned<ServerConnection, TcpStream>,
    mut plain: TcpStream,
) -> std::io::Result<()> {
    let pause = Some(Duration::from_millis(1));
    tls.sock.set_read_timeout(pause)?;
    plain.set_read_timeout(pause)?;
    let mut chunk = [0; 16 * 1024];
    let is_late =
        |kind| matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted);
    loop {
        match tls.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => plain.write_all(&chunk[..count])?,
            Err(error) if is_late(error.kind()) => {}
            Err(error) => return Err(error),
        }
        match plain.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                tls.write_all(&chunk[..count])?;
                tls.flush()?;
            }
            Err(error) if is_late(error.kind()) => {}
            Err(error) => return Err(error),
        }
    }
}

tests! {
    all_requests_use_tls {
        let legacy = SseServer::guarded("test-token");
        let front = Front::before(&legacy);
        let client = Arc::new(front.client(Some("test-token")));
        let heard = EventLog::by(&client);
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        heard.awaits(&client, MCP_EVENT_LISTENING, 1);
        let threads: Vec<_> = (0..8).map(|number| {
            let client = client.clone();
            std::thread::spawn(move || for round in 0..5 {
                let value = json!({"value": [number, round]});
                assert_eq!(client.call("echo", value.clone()).unwrap().text(), value.to_string());
            })
        }).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        let image = client.call("image", json!({"size": 300_000})).unwrap();
        assert!(image.json().len() > 400_000);
        legacy.sse.mcp.notify("notifications/tools/list_changed", json!({}));
        heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
        let request = client.tool_request("echo", json!({})).unwrap();
        request.start().unwrap();
        assert_eq!(request.wait(30_000), 0);
        assert_eq!(client.transport(), MCP_TRANSPORT_SSE);
        assert_eq!(legacy.count_http("GET"), 1);
        legacy.has_no_complaint();
    }

    broken_stream_is_reopened_over_tls {
        let legacy = SseServer::full();
        let front = Front::before(&legacy);
        let client = front.client(None);
        for _ in 0..3 {
            client.call("echo", json!({})).unwrap();
            let failure = client.call("drops", json!({})).unwrap_err();
            assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true));
        }
        client.ping().unwrap();
        assert_eq!(legacy.count_http("GET"), 4);
    }

    endpoint_without_tls_is_refused {
        let legacy = SseServer::with(Endpoint::Absolute);
        let front = Front::before(&legacy);
        let client = front.client(Some("test-token"));
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_REDIRECT, "{}", failure.message);
        assert_eq!((legacy.log().count(), legacy.count_http("POST")), (1, 0));
    }

    closed_client_closes_its_tls_stream {
        let legacy = SseServer::full();
        let front = Front::before(&legacy);
        let client = front.client(None);
        client.ping().unwrap();
        client.close();
        assert!(legacy.sse.await_streams(0, SOON));
    }
}
