//! Negotiation of the revision, and how many requests it takes.

use std::sync::Arc;

use behaviour::constants::*;
use behaviour::{Client, is_http_error, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::mcp::{Config, HANDSHAKE, Mcp, STATELESS};
use mcp_test_server::{Action, Server};
use serde_json::json;

fn start(config: Config) -> (Server, Arc<Mcp>) {
    let mcp = Arc::new(Mcp::new(config));
    let shared = mcp.clone();
    (Server::start(move |request| shared.handle(request)), mcp)
}

fn methods(server: &Server) -> Vec<String> {
    let name = |request: &Request| match request.method.as_str() {
        "POST" => request.rpc_method(),
        other => other.to_owned(),
    };
    server.log().requests().iter().map(name).collect()
}

/// A server with this response to the probe and a correct handshake.
fn answers_the_probe(reply: Vec<u8>) -> Server {
    let mcp = Mcp::new(Config { is_stateless: false, ..Config::default() });
    Server::start(move |request| {
        if request.rpc_method() == "server/discover" {
            return vec![Action::Send(reply.clone())];
        }
        mcp.handle(request)
    })
}

fn rpc_error(status: u16, id: serde_json::Value, code: i32, data: serde_json::Value) -> Vec<u8> {
    let error = json!({"code": code, "message": "no", "data": data});
    http::json(status, &json!({"jsonrpc": "2.0", "id": id, "error": error}))
}

tests! {
    first_ping_of_a_stateless_server_is_one_request {
        let (server, mcp) = start(Config { handshake: vec![], ..Config::default() });
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap();
        assert_eq!(methods(&server), ["server/discover"]);
        client.ping().unwrap();
        assert_eq!(methods(&server), ["server/discover"; 2]);
        assert_eq!(client.connect().unwrap().protocol_version().unwrap(), STATELESS);
        assert_eq!(server.log().count(), 2);
        drop(client);
        assert_eq!(server.log().count(), 2, "no session to end");
        assert_eq!(mcp.violations(), [""; 0]);
        assert_eq!(server.log().connections(), 1);
    }

    first_ping_in_the_session_era_probes_initializes_and_pings {
        let (server, mcp) = start(Config { is_stateless: false, ..Config::default() });
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap();
        client.ping().unwrap();
        drop(client);
        assert_eq!(methods(&server), ["server/discover", "initialize",
            "notifications/initialized", "ping", "ping", "DELETE"]);
        assert_eq!(mcp.violations(), [""; 0]);
        assert_eq!(mcp.sessions(), 0, "the session was ended");
        assert_eq!(server.log().connections(), 1);
        let requests = server.log().requests();
        assert_eq!(requests[3].header("mcp-session-id"), Some("session-1"));
        assert_eq!(requests[3].header("mcp-protocol-version"), Some("2025-11-25"));
        assert_eq!(requests[5].header("mcp-session-id"), Some("session-1"));
        assert_eq!(requests[5].header("mcp-protocol-version"), Some("2025-11-25"));
    }

    every_handshake_version_works_with_json_and_streams {
        for version in HANDSHAKE {
            for streams in [false, true] {
                for has_sessions in [true, false] {
                    let (server, mcp) = start(Config {
                        is_stateless: false, handshake: vec![version], streams, has_sessions,
                        ..Config::default()
                    });
                    let client = Client::of(&server.url("/mcp"));
                    client.ping().unwrap();
                    let who = client.connect().unwrap();
                    assert_eq!(who.protocol_version().unwrap(), version);
                    assert_eq!(who.server_name().unwrap(), "test server");
                    drop(client);
                    assert_eq!(mcp.violations(), [""; 0]);
                    assert_eq!(server.log().connections(), 1);
                }
            }
        }
    }

    pinned_version_is_the_only_one_tried {
        for version in HANDSHAKE {
            let (server, mcp) = start(Config::default());
            let client = Client::of(&server.url("/mcp"));
            client.pin(version).unwrap();
            client.ping().unwrap();
            assert_eq!(client.connect().unwrap().protocol_version().unwrap(), version);
            assert_eq!(methods(&server)[0], "initialize");
            assert_eq!(mcp.violations(), [""; 0]);
        }
        let (server, _) = start(Config { is_stateless: false, ..Config::default() });
        let client = Client::of(&server.url("/mcp"));
        client.pin(STATELESS).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_VERSION);
        assert_eq!(methods(&server), ["server/discover"]);

        let (server, _) = start(Config {
            is_stateless: false, handshake: vec!["2025-03-26"], ..Config::default()
        });
        let client = Client::of(&server.url("/mcp"));
        client.pin("2025-11-25").unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_VERSION);
        assert!(failure.message.contains("2025-03-26"), "{}", failure.message);
        assert_eq!(methods(&server), ["initialize", "DELETE"], "the session is given back");
    }

    version_cannot_be_pinned_once_connected {
        let (server, _) = start(Config::default());
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap();
        assert_eq!(client.pin("2025-11-25").unwrap_err().status, MCP_E_STATE);
        client.ping().unwrap();
    }

    inconclusive_probe_response_leads_to_initialize {
        for reply in [
            rpc_error(400, json!("server-error"), -32600, json!(null)),
            rpc_error(400, json!(null), -32000, json!(null)),
            rpc_error(404, json!(1), -32601, json!("server/discover")),
            rpc_error(200, json!(1), -32602, json!("")),
            rpc_error(200, json!(1), -32601, json!(null)),
            rpc_error(400, json!(1), -32022, json!({"supported": ["2025-11-25"]})),
            http::reply(400, &[], b"no"),
            http::reply(404, &[], b"Not Found"),
            http::reply(406, &[], b""),
            http::reply(415, &[], b""),
            http::reply(500, &[], b""),
            http::reply(202, &[], b""),
            http::reply(200, &[("content-type", "text/html")], b"<html>"),
        ] {
            let shown = String::from_utf8_lossy(&reply).into_owned();
            let server = answers_the_probe(reply);
            let client = Client::of(&server.url("/mcp"));
            client.ping().unwrap_or_else(|failure| panic!("{shown}: {}", failure.message));
            let seen = methods(&server);
            assert_eq!(seen, ["server/discover", "initialize", "notifications/initialized",
                "ping"], "{shown}");
        }
    }

    stateless_server_gets_no_initialize {
        // Only the stateless era has the codes -32020 and -32021.
        for code in [-32020, -32021] {
            let server = Server::start(move |request| vec![Action::Send(http::json(400,
                &json!({"jsonrpc": "2.0", "id": request.id(),
                    "error": {"code": code, "message": "no"}})))]);
            let failure = Client::of(&server.url("/mcp")).ping().unwrap_err();
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, code), "{}", failure.message);
            assert_eq!(server.log().count(), 1);
        }
    }

    server_that_lists_no_stateless_version_gets_initialize {
        for versions in [json!(["2025-11-25"]), json!([]), json!(null), json!(["1999-01-01"])] {
            let mcp = Mcp::new(Config { is_stateless: false, ..Config::default() });
            let server = Server::start(move |request| match request.rpc_method().as_str() {
                "server/discover" => {
                    let result = json!({"supportedVersions": versions, "capabilities": {}});
                    vec![Action::Send(http::result(request, result))]
                }
                _ => mcp.handle(request),
            });
            let client = Client::of(&server.url("/mcp"));
            client.ping().unwrap();
            assert_eq!(client.connect().unwrap().protocol_version().unwrap(), "2025-11-25");
        }
    }

    version_named_in_an_initialize_error_is_tried_once {
        let mcp = Mcp::new(Config {
            is_stateless: false, handshake: vec!["2025-03-26"], ..Config::default()
        });
        let server = Server::start(move |request| {
            let asked = request.json()["params"]["protocolVersion"].clone();
            if request.rpc_method() == "initialize" && asked != "2025-03-26" {
                return vec![Action::Send(http::json(400, &json!({"jsonrpc": "2.0",
                    "id": request.id(), "error": {"code": -32602, "message": "no",
                    "data": {"supported": ["2025-03-26"]}}})))];
            }
            mcp.handle(request)
        });
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap();
        assert_eq!(client.connect().unwrap().protocol_version().unwrap(), "2025-03-26");
    }

    http_error_that_says_nothing_of_the_version_is_final_after_one_request {
        for code in [401, 407, 429] {
            let server = Server::start(move |_| vec![Action::Send(http::reply(code, &[], b""))]);
            let client = Client::new(&server.url("/mcp"), Some("t")).unwrap();
            is_http_error(&client.ping().unwrap_err(), code);
            assert_eq!(server.log().count(), 1, "{code}");
        }
        for challenge in ["Bearer error=\"invalid_token\"", "Bearer scope=\"x\"",
                          "Bearer resource_metadata=\"http://127.0.0.1:1/x\""] {
            let server = Server::start(move |_| {
                let headers = [("www-authenticate", challenge)];
                vec![Action::Send(http::reply(403, &headers, b""))]
            });
            let client = Client::new(&server.url("/mcp"), Some("t")).unwrap();
            assert_eq!(client.ping().unwrap_err().status, MCP_E_FORBIDDEN, "{challenge}");
            assert_eq!(server.log().count(), 1, "{challenge}");
        }
        // A gateway may refuse what it does not know.
        for code in [403, 502, 503, 504] {
            let server = Server::start(move |_| vec![Action::Send(http::reply(code, &[], b""))]);
            let client = Client::new(&server.url("/mcp"), Some("t")).unwrap();
            is_http_error(&client.ping().unwrap_err(), code);
            assert_eq!(methods(&server), ["server/discover", "initialize"], "{code}");
        }
        let server = Server::start(move |_| {
            let headers = [("location", "http://127.0.0.1:1/")];
            vec![Action::Send(http::reply(302, &headers, b""))]
        });
        let failure = Client::new(&server.url("/mcp"), Some("t")).unwrap().ping().unwrap_err();
        assert_eq!((failure.status, failure.http_status), (MCP_E_REDIRECT, 302));
        assert_eq!(server.log().count(), 1);
    }

    server_without_a_common_version_is_a_version_error {
        let server = Server::start(|request| {
            vec![Action::Send(rpc_error(400, request.id(), -32022,
                json!({"supported": ["2031-01-01"]})))]
        });
        let failure = Client::of(&server.url("/mcp")).ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_VERSION);
        assert!(failure.message.contains("2031-01-01") && failure.message.contains("2026-07-28"));

        let server = Server::start(|request| match request.rpc_method().as_str() {
            "initialize" => vec![Action::Send(http::result(request,
                json!({"protocolVersion": "1999-01-01", "capabilities": {}})))],
            _ => vec![Action::Send(http::reply(400, &[], b""))],
        });
        assert_eq!(Client::of(&server.url("/mcp")).ping().unwrap_err().status, MCP_E_VERSION);
    }

    older_transport_and_wrong_path_have_different_errors {
        let server = Server::start(|_| vec![Action::Send(http::reply(405, &[], b""))]);
        let failure = Client::of(&server.url("/sse")).ping().unwrap_err();
        assert_eq!((failure.status, failure.http_status), (MCP_E_TRANSPORT, 405));
        assert_eq!(server.log().count(), 3, "a GET and two POSTs");
        let server = Server::start(|_| vec![Action::Send(http::reply(404, &[], b"Not Found"))]);
        let failure = Client::of(&server.url("/nope")).ping().unwrap_err();
        assert_eq!((failure.status, failure.http_status), (MCP_E_ENDPOINT, 404));
    }

    session_id_is_taken_from_initialize_only {
        // The Python SDK gives one with each refused probe.
        let (server, mcp) = start(Config {
            is_stateless: false, has_sessions: false, mints_orphans: true, ..Config::default()
        });
        Client::of(&server.url("/mcp")).ping().unwrap();
        assert!(server.log().requests().iter().all(|r| r.header("mcp-session-id").is_none()));
        assert_eq!(mcp.violations(), [""; 0]);
    }

    invalid_session_id_is_refused {
        for id in ["a b", "a\tb", "\u{e9}"] {
            let server = Server::start(move |request| match request.rpc_method().as_str() {
                "initialize" => {
                    let message = json!({"jsonrpc": "2.0", "id": request.id(), "result":
                        {"protocolVersion": "2025-11-25", "capabilities": {}}});
                    let headers = [("content-type", "application/json"), ("mcp-session-id", id)];
                    vec![Action::Send(http::reply(200, &headers, message.to_string().as_bytes()))]
                }
                _ => vec![Action::Send(http::reply(400, &[], b""))],
            });
            let failure = Client::of(&server.url("/mcp")).ping().unwrap_err();
            assert_eq!(failure.status, MCP_E_PROTOCOL, "{id:?}: {}", failure.message);
        }
    }

    client_info_is_sent_to_the_server {
        let (server, _) = start(Config::default());
        let client = Client::of(&server.url("/mcp"));
        let set = unsafe {
            behaviour::raw::mcp_client_set_info(client.0, c"My Editor".as_ptr(), c"2.1".as_ptr())
        };
        assert_eq!(set, 0);
        client.ping().unwrap();
        let request = &server.log().requests()[0];
        let meta = &request.json()["params"]["_meta"];
        let info = &meta["io.modelcontextprotocol/clientInfo"];
        assert_eq!(*info, json!({"name": "My Editor", "version": "2.1"}));
        assert!(request.header("user-agent").unwrap().starts_with("My-Editor/2.1 libmcpclient/"));
    }

    connect_gives_server_info_in_both_eras {
        use behaviour::{raw, text};
        for is_stateless in [true, false] {
            let (server, _) = start(Config { is_stateless, ..Config::default() });
            let who = Client::of(&server.url("/mcp")).connect().unwrap();
            unsafe {
                assert_eq!(text(raw::mcp_result_server_name(who.0)).unwrap(), "test server");
                assert_eq!(text(raw::mcp_result_server_version(who.0)).unwrap(), "1.2.3");
                assert_eq!(text(raw::mcp_result_instructions(who.0)).unwrap(), "Be kind.");
                assert_eq!(raw::mcp_result_has_capability(who.0, c"tools".as_ptr()), 1);
                assert_eq!(raw::mcp_result_has_capability(who.0, c"prompts".as_ptr()), 0);
            }
            assert_eq!(who.value()["capabilities"]["tools"]["listChanged"], !is_stateless);
        }
    }

    custom_method_gets_its_result_or_error {
        for is_stateless in [true, false] {
            let (server, mcp) = start(Config { is_stateless, ..Config::default() });
            let client = Client::of(&server.url("/mcp"));
            let call = client.request("tools/call", Some(r#"{"name":"x"}"#)).unwrap();
            assert!(call.perform().unwrap().json().contains("done"));
            let failure = client.request("x/none", None).unwrap().perform().unwrap_err();
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32601));
            assert_eq!(failure.data.as_deref(), Some("\"x/none\""));
            assert_eq!(mcp.violations(), [""; 0]);
        }
    }

    input_required_without_a_handler_is_an_error {
        let mcp = Mcp::new(Config::default());
        let server = Server::start(move |request| match request.rpc_method().as_str() {
            "tools/call" => vec![Action::Send(http::result(request,
                json!({"resultType": "input_required", "requestState": "x", "inputRequests": {"who": {
                    "method": "elicitation/create", "params": {"message": "?"}}}})))],
            _ => mcp.handle(request),
        });
        let client = Client::of(&server.url("/mcp"));
        let call = client.request("tools/call", Some(r#"{"name":"x"}"#)).unwrap();
        assert_eq!(call.perform().unwrap_err().status, MCP_E_INPUT_REQUIRED);
        client.ping().unwrap();
    }
}
