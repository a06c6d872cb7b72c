//! The server over HTTP+SSE, over a plain socket.

mod peer;

use std::sync::Arc;
use std::time::Duration;

use mcp_test_server::Server;
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::sse::{Endpoint, Shape, Sse};
use peer::{Reply, message_of, send_to};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);
const CHANGED: &str = "notifications/tools/list_changed";

fn serve(config: Config, shape: Shape) -> (Server, Arc<Sse>) {
    let sse = Arc::new(Sse::new(config, shape));
    let shared = sse.clone();
    (Server::start(move |request| shared.handle(request)), sse)
}

fn serve_shape(shape: Shape) -> (Server, Arc<Sse>) {
    serve(Config::handshake(Offer::default()), shape)
}

fn endpoint_of(event: &str) -> &str {
    assert!(event.starts_with("event: endpoint\r\n"), "{event}");
    event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap()
}

struct Client<'a> {
    server: &'a Server,
    stream: Reply,
    target: String,
}

impl<'a> Client<'a> {
    fn new(server: &'a Server) -> Self {
        let mut stream = send_to(server, "GET", "/sse", &[], "");
        assert_eq!(stream.status, 200);
        let target = endpoint_of(&stream.chunk().unwrap()).to_owned();
        Self { server, stream, target }
    }

    fn begin(server: &'a Server, version: &str) -> Self {
        let mut client = Self::new(server);
        let params = json!({"protocolVersion": version, "capabilities": {},
            "clientInfo": {"name": "socket", "version": "1"}});
        client.ask(1, "initialize", params);
        assert_eq!(client.event()["result"]["protocolVersion"], version);
        client.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        client
    }

    fn send(&self, body: &str) -> Reply {
        send_to(self.server, "POST", &self.target, &[], body)
    }

    fn post(&self, message: &Value) {
        let mut reply = self.send(&message.to_string());
        assert_eq!((reply.status, reply.body()), (202, b"Accepted".to_vec()));
    }

    fn ask(&self, id: u64, method: &str, params: Value) {
        self.post(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
    }

    fn call(&self, id: u64, tool: &str, arguments: Value) {
        self.ask(id, "tools/call", json!({"name": tool, "arguments": arguments}));
    }

    fn event(&mut self) -> Value {
        message_of(&self.stream.chunk().expect("an event"))
    }

    fn text(&mut self) -> String {
        self.event()["result"]["content"][0]["text"].as_str().unwrap().to_owned()
    }
}

#[test]
fn responses_of_all_handshake_revisions_come_on_the_stream() {
    for version in ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
        let (server, sse) = serve_shape(Shape::default());
        let mut client = Client::begin(&server, version);
        client.ask(2, "ping", json!({}));
        assert_eq!(client.event(), json!({"jsonrpc": "2.0", "id": 2, "result": {}}));
        client.call(3, "echo", json!({"a": 1}));
        assert_eq!(client.text(), "{\"a\":1}");
        assert_eq!(sse.mcp.violations(), [""; 0]);
    }
}

#[test]
fn every_call_is_answered_on_the_stream() {
    let (server, sse) = serve_shape(Shape::default());
    let mut client = Client::begin(&server, "2025-11-25");
    client.ask(
        2,
        "tools/call",
        json!({"name": "slow", "arguments": {"steps": 1, "pause": 1},
        "_meta": {"progressToken": 2}}),
    );
    assert_eq!(client.event()["params"]["progressToken"], 2);
    client.event();
    assert_eq!(client.text(), "slow");
    let rounds = json!([{"a": {"method": "elicitation/create", "params": {"message": "?"}}}]);
    client.call(3, "ask", json!({"rounds": rounds}));
    let id = client.event()["id"].clone();
    client.post(&json!({"jsonrpc": "2.0", "id": id, "result": {"action": "decline"}}));
    assert_eq!(client.text(), "[{\"a\":{\"action\":\"decline\"}}]");
    assert_eq!(sse.mcp.notify(CHANGED, json!({})), 1);
    assert_eq!(client.event()["method"], CHANGED);
    client.ask(4, "resources/subscribe", json!({"uri": "test://text"}));
    assert_eq!(client.event()["result"], json!({}));
    assert!(sse.mcp.session().unwrap().subscriptions.contains("test://text"));
    assert_eq!((sse.mcp.ping(), sse.mcp.unanswered()), (1, 1));
    let ping = client.event();
    client.post(&json!({"jsonrpc": "2.0", "id": ping["id"], "result": {}}));
    assert_eq!(sse.mcp.unanswered(), 0);
    assert_eq!(sse.mcp.violations(), [""; 0]);
}

#[test]
fn responses_come_in_the_configured_order() {
    let (server, _) = serve_shape(Shape::default());
    let mut client = Client::begin(&server, "2025-11-25");
    for (id, arguments) in [
        (2, json!({"label": "a", "after_label": "b"})),
        (3, json!({"label": "b", "after_label": "c"})),
        (4, json!({"label": "c"})),
    ] {
        client.call(id, "echo", arguments);
    }
    let ids = [client.event(), client.event(), client.event()].map(|one| one["id"].clone());
    assert_eq!(ids, [4, 3, 2]);
}

#[test]
fn cancelled_call_gets_no_response() {
    let (server, _) = serve_shape(Shape::default());
    let mut client = Client::begin(&server, "2025-11-25");
    client.call(2, "slow", json!({"steps": 1, "pause": 400}));
    client.post(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": 2}}));
    client.call(3, "slow", json!({"steps": 1, "pause": 500}));
    assert_eq!(client.event()["id"], 3);
}

#[test]
fn refusals_are_those_of_stock_servers() {
    let token = Some("right".to_owned());
    let (server, sse) = serve(Config { token, ..Config::default() }, Shape::default());
    let wrong = [("authorization", "Bearer wrong")];
    let right = [("authorization", "Bearer right")];
    let status = |method: &str, target: &str, headers: &[(&str, &str)], body: &str| {
        send_to(&server, method, target, headers, body).status
    };
    assert_eq!(status("GET", "/sse", &[], ""), 401);
    assert_eq!(status("GET", "/sse", &wrong, ""), 401);
    let mut stream = send_to(&server, "GET", "/sse", &right, "");
    let target = endpoint_of(&stream.chunk().unwrap()).to_owned();
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(status("POST", &target, &wrong, ping), 401);
    assert_eq!(status("POST", &target, &right, ping), 202);
    assert_eq!(status("POST", &target, &right, "{"), 400);
    assert_eq!(status("POST", "/messages/", &right, ping), 400);
    assert_eq!(status("POST", "/messages/?session_id=00", &right, ping), 404);
    let reply = send_to(&server, "POST", "/sse", &right, ping);
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(status("POST", "/mcp", &right, ping), 404);
    assert_eq!(sse.mcp.violations(), ["POST: no JSON"]);
}

#[test]
fn endpoint_has_the_configured_form() {
    let said = |endpoint: Endpoint| {
        let (server, _) = serve_shape(Shape { endpoint, ..Shape::default() });
        let mut stream = send_to(&server, "GET", "/a/sse", &[], "");
        (endpoint_of(&stream.chunk().unwrap()).to_owned(), server.address().to_string())
    };
    assert!(said(Endpoint::Relative).0.starts_with("/a/messages/?session_id="));
    let (absolute, address) = said(Endpoint::Absolute);
    assert!(absolute.starts_with(&format!("http://{address}/a/messages/")));
    assert!(said(Endpoint::OtherHost).0.starts_with("http://localhost:"));
    assert!(said(Endpoint::UserInfo).0.starts_with("http://user:word@127.0.0.1:"));
    let (text, address) = said(Endpoint::Text("{origin}{base}/x?{session}".into()));
    assert!(text.starts_with(&format!("http://{address}/a/x?0000")), "{text}");
    let (server, _) = serve_shape(Shape { endpoint: Endpoint::Ends, ..Shape::default() });
    assert_eq!(send_to(&server, "GET", "/sse", &[], "").chunk(), None);
}

#[test]
fn server_options_change_while_it_runs() {
    let (server, sse) = serve_shape(Shape::default());
    let mut client = Client::begin(&server, "2025-11-25");
    sse.refuse_posts_of("tools/call", 1, 503);
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}).to_string();
    let call = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call"}).to_string();
    assert_eq!(client.send(&ping).status, 202);
    client.event();
    assert_eq!(client.send(&call).status, 503);
    sse.forget_sessions();
    assert_eq!(client.send(&ping).status, 404);
    assert_eq!(sse.streams(), 1);
    sse.break_streams();
    assert!(client.stream.is_cut());
    sse.refuse_gets(2, 500);
    assert_eq!(send_to(&server, "GET", "/sse", &[], "").status, 500);
    assert_eq!(send_to(&server, "GET", "/sse", &[], "").status, 500);
    let hold = sse.hold_endpoints();
    let mut stream = send_to(&server, "GET", "/sse", &[], "");
    assert!(sse.await_streams(1, SOON));
    hold.open();
    endpoint_of(&stream.chunk().unwrap());
    drop(stream);
    assert!(sse.await_streams(0, SOON));
    assert_eq!(sse.mcp.violations(), [""; 0]);
}

#[test]
fn violations_of_a_client_are_noted() {
    let (server, sse) = serve_shape(Shape::default());
    let client = Client::new(&server);
    client.ask(1, "tools/list", json!({}));
    let headers = [("mcp-session-id", "x"), ("authorization", "Bearer more")];
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}).to_string();
    let target = format!("{}&more=1", client.target);
    send_to(&server, "POST", &target, &headers, &ping);
    let second = Client::new(&server);
    let expected = ["tools/list: before initialize", "Mcp-Session-Id over", "POST to /messages"];
    let noted = sse.mcp.violations();
    for text in expected {
        assert!(noted.iter().any(|one| one.contains(text)), "{text}: {noted:?}");
    }
    let is_noted = || sse.mcp.violations().iter().any(|one| one.contains("a second stream"));
    assert!(mcp_test_server::await_true(SOON, is_noted));
    drop(second);
}

#[test]
fn each_kind_of_server_has_a_path() {
    let handler = mcp_test_server::scenario::handler(Some("right".into()));
    let server = Server::start_on(0, None, handler).unwrap();
    let get = |path: &str| send_to(&server, "GET", path, &[("authorization", "Bearer right")], "");
    let relative =
        ["/sse", "/v/2024-11-05/sse", "/full-sse/sse", "/forget-sse/sse", "/late-sse/sse"];
    for path in relative.iter().chain(&["/early-sse/sse", "/legacy/mcp", "/legacy-404/mcp"]) {
        let mut stream = get(path);
        let event = stream.chunk().unwrap();
        let base = path.rsplit_once('/').unwrap().0;
        assert!(endpoint_of(&event).starts_with(&format!("{base}/messages/?")), "{event}");
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let headers = [("authorization", "Bearer right")];
        let reply = send_to(&server, "POST", endpoint_of(&event), &headers, ping);
        assert_eq!(reply.status, 202);
        assert_eq!(stream.event()["id"], 1);
    }
    for name in ["absolute", "other-host", "other-port", "other-scheme", "userinfo", "not-url"] {
        let event = get(&format!("/{name}-sse/sse")).chunk().unwrap();
        assert!(endpoint_of(&event).starts_with("http"), "{event}");
    }
    assert_eq!(send_to(&server, "GET", "/sse", &[], "").status, 401);
    let refused = |path: &str| {
        send_to(&server, "POST", path, &[("authorization", "Bearer right")], "{}").status
    };
    assert_eq!(["/legacy/mcp", "/legacy-400/mcp", "/legacy-404/mcp"].map(refused), [405, 400, 404]);
}

#[test]
fn response_may_come_before_the_accepted_status() {
    let accepts_after = Duration::from_secs(3);
    let (server, _) = serve_shape(Shape { accepts_after, ..Shape::default() });
    let mut client = Client::new(&server);
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    std::thread::scope(|scope| {
        let target = client.target.clone();
        let server = &server;
        let post = scope.spawn(move || send_to(server, "POST", &target, &[], &ping).status);
        assert_eq!(client.event()["id"], 1);
        assert!(!post.is_finished());
        assert_eq!(post.join().unwrap(), 202);
    });
}

#[test]
fn stream_breaks_in_the_middle_of_a_call() {
    let (server, sse) = serve_shape(Shape::default());
    let mut client = Client::begin(&server, "2025-11-25");
    client.call(2, "breaks", json!({"segments": [1, 1]}));
    assert_eq!(client.event()["method"], "notifications/message");
    assert!(client.stream.is_cut());
    let ping = json!({"jsonrpc": "2.0", "id": 3, "method": "ping"}).to_string();
    assert_eq!(client.send(&ping).status, 404);
    let mut client = Client::begin(&server, "2025-11-25");
    client.call(2, "drops", json!({}));
    assert!(client.stream.is_cut());
    let (server, forgetful) =
        serve(Config { forgets_every: Some(2), ..Config::default() }, Shape::default());
    let mut client = Client::begin(&server, "2025-11-25");
    assert_eq!(client.send(&ping).status, 202);
    client.event();
    assert_eq!(client.send(&ping).status, 404);
    assert!(client.stream.is_cut());
    assert_eq!((sse.mcp.violations(), forgetful.mcp.violations()), (vec![], vec![]));
}

#[test]
fn comments_keep_the_stream_alive() {
    let comments = Some(Duration::from_millis(5));
    let (server, _) = serve_shape(Shape { comments, ..Shape::default() });
    let mut client = Client::new(&server);
    assert!(client.stream.chunk().unwrap().starts_with(": ping"));
}
