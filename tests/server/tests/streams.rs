//! The server's standing streams and broken answers, over a plain socket.

mod peer;

use std::sync::Arc;
use std::time::Duration;

use mcp_test_server::Server;
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::offer::Offer;
use peer::{Session, ask, id_of, message_of};
use serde_json::json;

const SOON: Duration = Duration::from_secs(30);
const CHANGED: &str = "notifications/tools/list_changed";
const UPDATED: &str = "notifications/resources/updated";

fn serve(offer: Offer) -> (Server, Arc<Mcp>) {
    let mcp = Arc::new(Mcp::new(Config::of(offer)));
    let shared = mcp.clone();
    (Server::start(move |request| shared.handle(request)), mcp)
}

#[test]
fn session_has_one_notification_stream_that_can_be_resumed() {
    let (server, mcp) = serve(Offer { event_ids: true, retry: Some(20), ..Offer::default() });
    let session = Session::begin(&server, "2025-11-25");
    let mut stream = session.get(None);
    assert!(stream.chunk().unwrap().contains("retry: 20"));
    assert_eq!(session.get(None).status, 409);
    assert_eq!(mcp.notify(CHANGED, json!({})), 1);
    let event = stream.chunk().unwrap();
    assert_eq!(message_of(&event)["method"], CHANGED);
    let id = id_of(&event).unwrap().to_owned();
    mcp.close_streams();
    assert!(stream.is_cut());
    assert_eq!(mcp.notify(UPDATED, json!({"uri": "test://text"})), 0, "nobody listens");
    let mut stream = session.get(Some(&id));
    assert_eq!(stream.event()["params"]["uri"], "test://text");
    mcp.end_streams();
    assert!(stream.chunk().unwrap().contains("retry"));
    assert_eq!(stream.chunk(), None);
    assert_eq!(mcp.violations(), [""; 0]);
}

#[test]
fn stream_ends_when_the_client_disconnects() {
    let (server, mcp) = serve(Offer::default());
    let session = Session::begin(&server, "2025-11-25");
    let stream = session.get(None);
    assert!(mcp.await_listeners(1, SOON));
    drop(stream);
    assert!(mcp.await_listeners(0, SOON));
    assert_eq!(session.get(None).status, 200);
    let connection = server.log().requests().last().unwrap().connection;
    assert!(server.log().await_closed(connection, SOON));
}

#[test]
fn server_without_streams_answers_405() {
    let (server, _) = serve(Offer { listens: false, ..Offer::default() });
    let session = Session::begin(&server, "2025-11-25");
    assert_eq!(session.get(None).status, 405);
    let mut reply = ask(&server, 1, "subscriptions/listen", json!({"notifications": {}}));
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (404, &json!(-32601)));
}

#[test]
fn listen_accepts_a_subset_and_ends_in_three_ways() {
    let grants = Some(vec!["toolsListChanged", "resourceSubscriptions"]);
    let (server, mcp) = serve(Offer { grants, ..Offer::default() });
    let asked = json!({"notifications": {"toolsListChanged": true, "promptsListChanged": true,
        "resourceSubscriptions": ["test://text"]}});
    let open = |id| {
        let mut stream = ask(&server, id, "subscriptions/listen", asked.clone());
        let first = stream.event();
        assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
        assert_eq!(first["params"]["notifications"]["promptsListChanged"], json!(null));
        assert_eq!(first["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], id);
        stream
    };
    let mut stream = open(5);
    assert_eq!(mcp.notify("notifications/prompts/list_changed", json!({})), 0);
    assert_eq!(mcp.notify(UPDATED, json!({"uri": "test://blob"})), 0);
    assert_eq!(mcp.notify(UPDATED, json!({"uri": "test://text"})), 1);
    assert_eq!(stream.event()["params"]["uri"], "test://text");
    mcp.end_streams();
    assert_eq!(stream.event()["result"]["resultType"], "complete");
    assert_eq!(stream.chunk(), None);
    let mut stream = open(6);
    mcp.cancel_streams();
    assert_eq!(stream.event()["params"]["requestId"], 6);
    let mut stream = open(7);
    mcp.close_streams();
    assert!(stream.is_cut());
}

#[test]
fn broken_stream_is_resumed_after_the_last_event() {
    let (server, mcp) = serve(Offer::default());
    let session = Session::begin(&server, "2025-11-25");
    let arguments = json!({"segments": [2, 0, 1], "retry": 30, "clean": false});
    let mut reply = session.call(2, "breaks", arguments);
    let prime = reply.chunk().unwrap();
    assert!(prime.contains("retry: 30") && prime.contains("data: \n"));
    let first = reply.chunk().unwrap();
    let second = reply.chunk().unwrap();
    assert!(reply.is_cut());
    let mut nothing = session.get(id_of(&second));
    assert!(nothing.is_cut());
    // The second one was lost on the way.
    let mut reply = session.get(id_of(&first));
    assert_eq!(reply.chunk().unwrap(), second);
    assert_eq!(reply.event()["params"]["data"], 3);
    assert_eq!(reply.event()["result"]["content"][0]["text"], "after 3");
    assert_eq!(reply.chunk(), None);
    assert_eq!(mcp.violations(), [""; 0]);
    let mut refused = session.call(3, "breaks", json!({"refuse": 405}));
    let id = id_of(&refused.chunk().unwrap()).unwrap().to_owned();
    assert_eq!(session.get(Some(&id)).status, 405);
}

#[test]
fn input_request_comes_on_the_notification_stream() {
    let (server, mcp) = serve(Offer::default());
    let session = Session::begin(&server, "2025-11-25");
    let mut stream = session.get(None);
    let rounds = json!([{"a": {"method": "roots/list"}}]);
    let arguments = json!({"rounds": rounds, "on": "get", "integers": true});
    let mut reply = session.call(2, "ask", arguments.clone());
    let question = stream.event();
    assert_eq!(question["id"], 1);
    session.post(&json!({"jsonrpc": "2.0", "id": 1, "result": {"roots": []}}));
    assert!(reply.event()["result"]["content"][0]["text"].as_str().unwrap().contains("roots"));
    mcp.end_streams();
    let mut alone = session.call(3, "ask", arguments);
    assert!(alone.event().to_string().contains("nobody listens"));
}

#[test]
fn lost_session_closes_its_streams() {
    let (server, mcp) = serve(Offer::default());
    let session = Session::begin(&server, "2025-11-25");
    session.ask(2, "resources/subscribe", json!({"uri": "test://text"}));
    assert!(mcp.session().unwrap().subscriptions.contains("test://text"));
    let mut stream = session.get(None);
    mcp.forget_sessions();
    assert!(stream.is_cut());
    assert_eq!(session.get(None).status, 404);
    assert_eq!(session.ask(3, "ping", json!({})).status, 404);
}
