//! Errors over HTTP: their details, and the secrets that they must not show.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use behaviour::constants::*;
use behaviour::{Client, Failure, HTTP_ERRORS, is_http_error, tests};
use mcp_test_server::http;
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::{Action, Server};
use serde_json::json;

/// A server that answers its first request with a status and headers, and
/// behaves after that.
fn refuses_once(status: u16, headers: &'static [(&str, &str)], body: &'static str) -> Failure {
    let first = AtomicU16::new(status);
    let mcp = Mcp::new(Config::default());
    let server = Server::start(move |request| match first.swap(0, Ordering::SeqCst) {
        0 => mcp.handle(request),
        status => vec![Action::Send(http::reply(status, headers, body.as_bytes()))],
    });
    let client = Client::new(&server.url("/mcp"), Some("test-token")).unwrap();
    client.pin("2026-07-28").unwrap();
    let failure = client.ping().unwrap_err();
    assert_eq!(server.log().count(), 1, "one try");
    client.ping().expect("usable after the error");
    failure
}

/// The date of HTTP (RFC 9110, 5.6.7) in so many seconds.
fn date_in(seconds: u64) -> String {
    let time = SystemTime::now() + Duration::from_secs(seconds);
    let time = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as libc::time_t;
    let mut out = [0u8; 64];
    let length = unsafe {
        let mut parts = std::mem::zeroed();
        libc::gmtime_r(&time, &mut parts);
        libc::strftime(
            out.as_mut_ptr().cast(),
            out.len(),
            c"%a, %d %b %Y %H:%M:%S GMT".as_ptr(),
            &parts,
        )
    };
    String::from_utf8(out[..length].to_vec()).unwrap()
}

tests! {
    http_error_has_its_status {
        for (code, _) in HTTP_ERRORS {
            let failure = refuses_once(code, &[], "");
            is_http_error(&failure, code);
            assert!(failure.message.contains(&code.to_string()), "{}", failure.message);
        }
    }

    challenge_parameters_are_readable {
        let failure = refuses_once(401, &[
            ("www-authenticate", "Basic realm=\"other\""),
            ("www-authenticate", "Bearer realm=\"r\", error=\"invalid_token\", \
                error_description=\"it \\\"expired\\\"\", scope=\"a b\", \
                resource_metadata=\"https://example.com/meta\""),
        ], "");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(failure.challenge, [
            pair("realm", "r"), pair("error", "invalid_token"),
            pair("error_description", "it \"expired\""), pair("scope", "a b"),
            pair("resource_metadata", "https://example.com/meta"),
        ]);
        assert!(failure.message.contains("invalid_token"));
        assert!(failure.message.contains("mcp_client_set_token()"));
    }

    error_names_the_missing_scope {
        let failure = refuses_once(403, &[
            ("www-authenticate", "Bearer error=\"insufficient_scope\", scope=\"files:write\""),
        ], "");
        assert_eq!(failure.status, MCP_E_FORBIDDEN);
        assert!(failure.message.contains("files:write"), "{}", failure.message);
    }

    retry_after_is_read_as_seconds_and_as_a_date {
        let huge = 1_000_000_000..=i64::MAX;
        for (value, expected) in [
            (Some("7".to_owned()), 7000..=7000),
            (Some("0".to_owned()), 0..=0),
            (Some(date_in(60)), 57_000..=61_000),
            (Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()), 0..=0),
            // Malformed or absent.
            (Some("soon".to_owned()), -1..=-1),
            (Some("-1".to_owned()), -1..=-1),
            (Some("1.5".to_owned()), -1..=-1),
            (Some("".to_owned()), -1..=-1),
            (Some("0x10".to_owned()), -1..=-1),
            (None, -1..=-1),
            // More than the getter can give.
            (Some("4000000".to_owned()), huge.clone()),
            (Some("99999999999999999999".to_owned()), huge),
        ] {
            for status in [429, 503] {
                let header = value.clone();
                let server = Server::start(move |_| {
                    let headers: Vec<_> =
                        header.iter().map(|value| ("retry-after", value.as_str())).collect();
                    vec![Action::Send(http::reply(status, &headers, b""))]
                });
                let found = Client::of(&server.url("/mcp")).ping().unwrap_err().retry_after;
                // -1 is allowed for a value beyond the range of the getter.
                let is_unknown = found == -1 && *expected.start() > 61_000;
                assert!(expected.contains(&found) || is_unknown, "{value:?}: {found}");
            }
        }
    }

    error_body_is_quoted_shortened_on_one_line {
        let failure = refuses_once(500, &[("content-type", "text/plain")],
            "database\r\n\x1b[31mon fire");
        assert!(failure.message.contains("database [31mon fire"), "{}", failure.message);
        let long: &'static str = Box::leak("x".repeat(500_000).into_boxed_str());
        assert!(refuses_once(500, &[], long).message.len() < 600);
    }

    json_rpc_error_with_any_http_status_and_id_belongs_to_the_request {
        for id in [json!(null), json!("server-error"), json!(1)] {
            let body = json!({"jsonrpc": "2.0", "id": id, "error":
                {"code": -32600, "message": "no way", "data": {"why": [1]}}});
            let body: &'static str = Box::leak(body.to_string().into_boxed_str());
            let failure = refuses_once(409, &[("content-type", "application/json")], body);
            // The version is pinned, and every server of it answers.
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_VERSION, -32600));
            assert_eq!(failure.data.as_deref(), Some("{\"why\":[1]}"));
            assert_eq!(failure.http_status, 409);
        }
    }

    json_rpc_error_keeps_code_message_and_data {
        let server = Server::start({
            let handler = mcp_test_server::scenario::handler(None);
            move |request| handler(request)
        });
        let client = Client::of(&server.url("/rpc-error"));
        let failure = client.ping().unwrap_err();
        assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32603));
        assert_eq!(failure.data.as_deref(), Some("{\"why\":\"a test\"}"));
        assert!(failure.message.contains("broken"));
        client.connect().unwrap();
    }

    reflected_secret_is_redacted {
        let reflect = |request: &http::Request| {
            let sent = format!("{} {}", request.header("authorization").unwrap_or_default(),
                request.header("x-api-key").unwrap_or_default());
            (sent.clone(), json!({"jsonrpc": "2.0", "id": request.id(), "error":
                {"code": -1, "message": sent, "data": {"sent": sent}}}))
        };
        for status in [200, 400, 401, 403, 500] {
            let server = Server::start(move |request| {
                let (sent, error) = reflect(request);
                let challenge =
                    format!("Bearer error=\"{sent}\", error_description=\"{sent}\", scope=\"{sent}\"");
                let headers = [("www-authenticate", challenge.as_str()),
                    ("content-type", "application/json")];
                vec![Action::Send(http::reply(status, &headers, error.to_string().as_bytes()))]
            });
            let client = Client::new(&server.url("/mcp"), Some("s3cr3t-token")).unwrap();
            client.set_header("X-API-Key", Some("s3cr3t-key")).unwrap();
            let failure = client.ping().unwrap_err();
            assert!(!failure.everything().contains("s3cr3t"), "{status}: {failure:?}");
            assert!(failure.everything().contains("[masked]"), "{status}: {failure:?}");
        }
    }

    refused_access_blames_the_credential_only_if_one_was_sent {
        let server = Server::start(|_| {
            let body = br#"{"error":"Invalid Host header"}"#;
            vec![Action::Send(http::reply(403, &[("content-type", "application/json")], body))]
        });
        for transport in [MCP_TRANSPORT_STREAMABLE_HTTP, MCP_TRANSPORT_SSE] {
            for (token, header, query, is_sent) in [
                (None, None, "", false), (None, Some("X-Trace"), "", false), (None, None, "?a=b", false),
                (Some("t0ken-t0ken"), None, "", true), (None, Some("X-API-Key"), "", true),
                (None, Some("Authorization"), "", true), (None, None, "?api_key=abcdefgh", true),
            ] {
                let client = Client::new(&server.url(&format!("/mcp{query}")), token).unwrap();
                client.set_transport(transport).unwrap();
                if let Some(name) = header {
                    client.set_header(name, Some("some-value")).unwrap();
                }
                let failure = client.ping().unwrap_err();
                let text = &failure.message;
                assert_eq!(text.contains("no credential was sent"), !is_sent, "{text}");
                assert_eq!(text.contains("the credential is not allowed"), is_sent, "{text}");
                assert!(text.contains("403") && text.contains("Invalid Host header"), "{text}");
            }
        }
    }

    trace_shows_traffic_without_secrets {
        let server = Server::start({
            let mcp = Mcp::new(Config {
                is_stateless: false, token: Some("s3cr3t-token".into()), ..Config::default()
            });
            move |request| mcp.handle(request)
        });
        let path = std::env::temp_dir().join(format!("mcp-trace-{}", std::process::id()));
        let file = std::fs::File::create(&path).unwrap();
        let client = Client::new(&server.url("/mcp?key=s3cr3t"), Some("s3cr3t-token")).unwrap();
        client.set_header("X-API-Key", Some("s3cr3t-key")).unwrap();
        let fd = file.as_raw_fd();
        assert_eq!(unsafe { behaviour::raw::mcp_client_set_trace_fd(client.0, fd) }, 0);
        drop(file); // It was duplicated.
        client.ping().unwrap();
        drop(client);
        let trace = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        for part in ["> POST /mcp HTTP/1.1", "> Authorization: [masked]", "\"method\":\"ping\"",
                     "< HTTP/1.1 200 OK", "< content-type: application/json",
                     "< Mcp-Session-Id: [masked]", "> DELETE /mcp", "> Mcp-Session-Id: [masked]"] {
            assert!(trace.contains(part), "{part}:\n{trace}");
        }
        assert!(!trace.contains("s3cr3t") && !trace.contains("session-1"), "{trace}");
    }

    redirect_to_the_same_origin_is_followed_with_method_and_body {
        for status in [307, 308] {
            let mcp = Mcp::new(Config::default());
            let server = Server::start(move |request| match request.path() {
                "/mcp/" => {
                    let target = format!("http://{}/mcp", request.header("host").unwrap());
                    vec![Action::Send(http::reply(status, &[("location", &target)], b""))]
                }
                _ => mcp.handle(request),
            });
            let client = Client::new(&server.url("/mcp/"), Some("test-token")).unwrap();
            client.ping().unwrap();
            let requests = server.log().requests();
            assert_eq!(requests.len(), 2);
            assert_eq!(requests[0].body, requests[1].body);
            assert_eq!(requests[1].header("authorization"), Some("Bearer test-token"));
            assert_eq!(server.log().connections(), 1);
        }
    }

    redirect_to_another_origin_is_an_error_and_sends_nothing {
        for status in [301, 302, 303, 307, 308] {
            let other = Server::start(|_| vec![Action::Close]);
            let target = other.url("/secret-path?secret-query");
            let server = Server::start(move |_| {
                vec![Action::Send(http::reply(status, &[("location", &target)], b""))]
            });
            let client = Client::new(&server.url("/mcp"), Some("test-token")).unwrap();
            let failure = client.ping().unwrap_err();
            assert_eq!((failure.status, failure.http_status), (MCP_E_REDIRECT, i32::from(status)));
            assert!(failure.message.contains(&other.url("")), "names the origin");
            assert!(!failure.message.contains("secret"), "and nothing more");
            assert_eq!(other.log().connections(), 0);
        }
    }

    redirect_that_changes_the_request_or_loops_is_an_error {
        for status in [301, 302, 303] {
            let headers = [("location", "/other")];
            let failure = refuses_once(status, Box::leak(Box::new(headers)), "");
            assert_eq!(failure.status, MCP_E_REDIRECT);
        }
        let server = Server::start(|_| {
            vec![Action::Send(http::reply(307, &[("location", "/mcp")], b""))]
        });
        assert_eq!(Client::of(&server.url("/mcp")).ping().unwrap_err().status, MCP_E_REDIRECT);
        assert!(server.log().count() <= 12, "for each of two requests");
    }

    token_handler_is_called_first_and_again_after_a_401 {
        let server = Server::start({
            let mcp = Mcp::new(Config { token: Some("new".into()), ..Config::default() });
            move |request| mcp.handle(request)
        });
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let client = Client::of(&server.url("/mcp"));
        client.set_token_handler(move |refused| {
            let number = count.fetch_add(1, Ordering::SeqCst);
            assert_eq!(refused, number > 0);
            Some(if refused { "new" } else { "old" }.to_owned())
        }).unwrap();
        client.ping().unwrap();
        client.ping().unwrap();
        assert_eq!((asked.load(Ordering::SeqCst), server.log().count()), (2, 3));
    }

    second_401_is_an_error_and_the_same_token_is_sent_once {
        let server = Server::start(|_| vec![Action::Send(http::reply(401, &[], b""))]);
        let client = Client::of(&server.url("/mcp"));
        let number = AtomicUsize::new(0);
        client.set_token_handler(move |_| {
            Some(format!("t{}", number.fetch_add(1, Ordering::SeqCst)))
        }).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_UNAUTHORIZED);
        assert_eq!(server.log().count(), 2);
        client.set_token_handler(|_| Some("same".to_owned())).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_UNAUTHORIZED);
        assert_eq!(server.log().count(), 3, "the same token is tried once");
    }

    failing_token_handler_fails_the_call {
        let server = Server::start(|_| vec![Action::Close]);
        let client = Client::of(&server.url("/mcp"));
        client.set_token_handler(|_| None).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_UNAUTHORIZED);
        client.set_token_handler(|_| Some("Bearer s3cret".into())).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_UNAUTHORIZED);
        assert!(failure.message.contains("has the prefix"), "{}", failure.message);
        assert!(!failure.message.contains("s3cret"));
        assert_eq!(server.log().count(), 0);
    }

    user_data_is_freed_once_when_it_is_replaced_and_with_the_client {
        struct Flag(Arc<AtomicUsize>);
        impl Drop for Flag {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let freed = Arc::new(AtomicUsize::new(0));
        let client = Client::of("http://127.0.0.1:9/");
        for expected in 0..3 {
            let flag = Flag(freed.clone());
            client.set_token_handler(move |_| { let _ = &flag; None }).unwrap();
            assert_eq!(freed.load(Ordering::SeqCst), expected);
        }
        drop(client);
        assert_eq!(freed.load(Ordering::SeqCst), 3);
        // A setter that fails has freed it as well.
        let client = Client::of("http://127.0.0.1:9/");
        client.set_header("Authorization", Some("x")).unwrap();
        let flag = Flag(freed.clone());
        assert!(client.set_token_handler(move |_| { let _ = &flag; None }).is_err());
        assert_eq!(freed.load(Ordering::SeqCst), 4);
    }

    api_key_header_replaces_a_token {
        let server = Server::start({
            let key = Some(("X-API-Key".to_owned(), "test-key".to_owned()));
            let mcp = Mcp::new(Config { key, ..Config::default() });
            move |request| mcp.handle(request)
        });
        let client = Client::of(&server.url("/mcp"));
        assert_eq!(client.ping().unwrap_err().status, MCP_E_UNAUTHORIZED);
        client.set_header("x-api-key", Some("test-key")).unwrap();
        client.ping().unwrap();
        client.set_header("X-API-KEY", None).unwrap();
        assert_eq!(client.ping().unwrap_err().http_status, 401);
        client.set_token(Some("t")).unwrap();
    }

    connection_errors_have_their_statuses {
        let closed = Server::start(|_| vec![Action::Close]);
        let url = closed.url("/mcp");
        drop(closed);
        let failure = Client::of(&url).ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_CONNECT);
        assert!(failure.message.contains("refused") && !failure.may_have_run);
        // Names that end in .invalid never resolve (RFC 6761).
        let failure = Client::of("https://name.invalid/mcp").ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_RESOLVE, "{}", failure.message);
        assert!(failure.message.contains("name.invalid"));
    }
}
