//! What a faulty text of the server does on each carrier, seen by the
//! application. One table: a row has a text and, for each carrier, the outcome.
//! The same bytes are sent on each carrier. The library's own table is
//! src/client/inbound/policy.rs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use behaviour::constants::*;
use behaviour::{Client, EventLog, SOON, case_within, replaced, tests};
use mcp_test_server::http::{self, Request, Stream};
use mcp_test_server::pipe::{Pipe, pipe};
use mcp_test_server::{Action, Server, await_true};
use serde_json::{Value, json};

/// How a text travels from the server to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    /// The text is the JSON body of the HTTP response to a request.
    Body,
    /// The text is the first message of a batch, which is such a body. The
    /// second message is the response.
    Batch,
    /// The text is an event before the response, on the stream of a request.
    ResponseStream,
    /// The text is a line before the response.
    Stdio,
    /// The text is an event before the response, over HTTP with SSE.
    Sse,
    /// The text is an event before the acknowledgment of
    /// `subscriptions/listen`.
    Opening,
    /// The text is an event before a notification on the GET stream.
    GetStream,
    /// The text is an event before a notification on an acknowledged
    /// `subscriptions/listen`.
    ListenStream,
    /// The same as `Opening`, over stdio.
    StdioOpening,
    /// The same as `ListenStream`, over stdio.
    StdioStream,
}

use Carrier::{
    Batch, Body, GetStream, ListenStream, Opening, ResponseStream, Sse, Stdio, StdioOpening,
    StdioStream,
};

const CARRIERS: [Carrier; 10] = [
    Body,
    Batch,
    ResponseStream,
    Stdio,
    Sse,
    Opening,
    GetStream,
    ListenStream,
    StdioOpening,
    StdioStream,
];

/// What the application sees. Unless the outcome says otherwise, the good
/// message after the text arrives and no counter changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The call, or mcp_listen(), fails with this status. The next call
    /// succeeds.
    Fails(i32),
    /// The text is taken as the response.
    Answers,
    /// The text is ignored.
    Ignored,
    /// The text is ignored, and this counter is one higher.
    Counted(i32),
    /// The text is taken like any other message: the application gets the
    /// notification, or the server gets a response to its request.
    Taken,
    /// The call fails with this status, and the connection ends. The next call
    /// opens another.
    EndsConnection(i32),
    /// The notification stream ends and is opened again.
    ReopensStream,
}

const MALFORMED: Outcome = Outcome::Fails(MCP_E_PROTOCOL);
const TOO_LARGE: Outcome = Outcome::Fails(MCP_E_TOO_LARGE);
const RPC_ERROR: Outcome = Outcome::Fails(MCP_E_RPC);
const ANSWERS: Outcome = Outcome::Answers;
/// The server ended the stream before it acknowledged it.
const ENDED: Outcome = Outcome::Fails(MCP_E_IO);
const IGNORED: Outcome = Outcome::Ignored;
const SKIPPED: Outcome = Outcome::Counted(MCP_COUNTER_MALFORMED);
const DROPPED: Outcome = Outcome::Counted(MCP_COUNTER_DROPPED_REPLIES);
const TAKEN: Outcome = Outcome::Taken;
const ENDS: Outcome = Outcome::EndsConnection(MCP_E_TOO_LARGE);
const REOPENS: Outcome = Outcome::ReopensStream;

/// Whether the revision has batches, for the carriers that have a choice.
/// `Batch` always has them; the carriers of `subscriptions/listen` use
/// 2026-07-28, which has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batches {
    /// 2025-11-25.
    No,
    /// 2025-03-26.
    Yes,
}

/// In a text, `$ID` is the id of the pending request, or of
/// `subscriptions/listen`. On the GET stream it is the id of a request that has
/// ended. 1 is the id of the first request. `$LONG` is longer than a message may be.
type Row = (&'static str, Batches, &'static [u8], [Outcome; 10]);

/// The outcomes are in the order of [`CARRIERS`].
#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("not UTF-8", Batches::No,
        b"{\"jsonrpc\":\"2.0\",\"method\":\"x\xff\"}",
        [MALFORMED, MALFORMED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED,
            SKIPPED, SKIPPED]),
    ("a response that is not UTF-8", Batches::No,
        b"{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"x\":\"\xe9\x97\"}}",
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("a response that is not UTF-8, the id at the end", Batches::No,
        b"{\"result\":{\"x\":\"\xe9\x97\"},\"id\":\"$ID\",\"jsonrpc\":\"2.0\"}",
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("not a message", Batches::No,
        b"Server listening",
        [MALFORMED, MALFORMED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED,
            SKIPPED, SKIPPED]),
    ("half a message", Batches::No,
        br#"{"jsonrpc":"2.0","id":$ID,"#,
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("half a response", Batches::No,
        br#"{"jsonrpc":"2.0","id":$ID,"result":{"x":""#,
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("half a response to another request", Batches::No,
        br#"{"jsonrpc":"2.0","id":99999,"result":{"x":""#,
        [MALFORMED, MALFORMED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED,
            SKIPPED, SKIPPED]),
    ("a response with NaN", Batches::No,
        br#"{"jsonrpc":"2.0","id":$ID,"result":{"x":NaN,"y":-Infinity}}"#,
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("a response with undefined, the id at the end", Batches::No,
        br#"{"result":{"x":undefined,"id":99999},"id":$ID}"#,
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("a response as Python writes a dictionary", Batches::No,
        br#"{'jsonrpc': '2.0', 'id': $ID, 'result': {'x': True}}"#,
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("a response with words after it", Batches::No,
        br#"{"jsonrpc":"2.0","id":$ID,"result":{}} done"#,
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("words before a response", Batches::No,
        br#"INFO {"jsonrpc":"2.0","id":$ID,"result":{}}"#,
        [MALFORMED, MALFORMED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED,
            SKIPPED, SKIPPED]),
    ("not JSON-RPC", Batches::No,
        br#"{"level":"info","text":"Server listening"}"#,
        [MALFORMED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED,
            SKIPPED, SKIPPED]),
    ("a log line with the id", Batches::No,
        br#"{"level":"info","id":$ID,"msg":"handling","error":null}"#,
        [MALFORMED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED,
            SKIPPED, SKIPPED]),
    ("a log line with the id that is not JSON", Batches::No,
        br#"{"level":"info","id":$ID,"took":NaN}"#,
        [MALFORMED, MALFORMED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED,
            SKIPPED, SKIPPED]),
    ("a request of JSON-RPC 1.0", Batches::No,
        br#"{"jsonrpc":"1.0","id":$ID,"method":"ping"}"#,
        [MALFORMED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED,
            SKIPPED, SKIPPED]),
    ("neither a result nor an error", Batches::No,
        br#"{"jsonrpc":"2.0","id":$ID,"result":null,"error":null}"#,
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("a response with a result and an error", Batches::No,
        br#"{"jsonrpc":"2.0","id":$ID,"result":{},"error":{"code":1,"message":"no"}}"#,
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("a response of JSON-RPC 1.0", Batches::No,
        br#"{"jsonrpc":"1.0","id":$ID,"result":{}}"#,
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("a malformed response to another request", Batches::No,
        br#"{"jsonrpc":"2.0","id":99999,"result":[]}"#,
        [MALFORMED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED,
            SKIPPED, SKIPPED]),
    ("an array of one response", Batches::No,
        br#"[{"jsonrpc":"2.0","id":$ID,"result":{}}]"#,
        [ANSWERS, MALFORMED, ANSWERS, ANSWERS, ANSWERS, ENDED, DROPPED, REOPENS,
            ENDED, REOPENS]),
    ("an array of one broken response", Batches::No,
        br#"[{"jsonrpc":"2.0","id":$ID,"result":{"x":NaN}}]"#,
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("an unexpected batch with a response", Batches::No,
        br#"[{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","id":$ID,"result":{}}]"#,
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("an unexpected batch without a response", Batches::No,
        br#"[{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","method":"x"}]"#,
        [MALFORMED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED,
            SKIPPED, SKIPPED]),
    ("a batch that is cut off", Batches::Yes,
        b"[{",
        [MALFORMED, MALFORMED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED,
            SKIPPED, SKIPPED]),
    ("a batch that is cut off after the response", Batches::Yes,
        br#"[{"jsonrpc":"2.0","id":$ID,"result":{}},"#,
        [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, SKIPPED, SKIPPED,
            MALFORMED, SKIPPED]),
    ("an empty batch", Batches::Yes,
        b"[]",
        [MALFORMED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED,
            SKIPPED, SKIPPED]),
    ("too long, a response to the request", Batches::No,
        br#"{"jsonrpc":"2.0","id":$ID,"result":{"text":"$LONG"}}"#,
        [TOO_LARGE, TOO_LARGE, TOO_LARGE, TOO_LARGE, ENDS, TOO_LARGE, REOPENS, REOPENS,
            TOO_LARGE, DROPPED]),
    ("too long, the id is a string", Batches::No,
        br#"{"jsonrpc":"2.0","id":"$ID","result":{"text":"$LONG"}}"#,
        [TOO_LARGE, TOO_LARGE, TOO_LARGE, TOO_LARGE, ENDS, TOO_LARGE, REOPENS, REOPENS,
            TOO_LARGE, DROPPED]),
    ("too long, the id at the end", Batches::No,
        br#"{"result":{"text":"$LONG"},"jsonrpc":"2.0","id":$ID}"#,
        [TOO_LARGE, TOO_LARGE, TOO_LARGE, TOO_LARGE, ENDS, TOO_LARGE, REOPENS, REOPENS,
            TOO_LARGE, DROPPED]),
    ("too long, a response to any request", Batches::No,
        br#"{"result":{"text":"$LONG"},"id":$ID,"jsonrpc":"2.0","extra":1}"#,
        [TOO_LARGE, TOO_LARGE, TOO_LARGE, TOO_LARGE, ENDS, TOO_LARGE, REOPENS, REOPENS,
            DROPPED, DROPPED]),
    ("too long, a response to another request", Batches::No,
        br#"{"jsonrpc":"2.0","id":99999,"result":{"text":"$LONG"}}"#,
        [TOO_LARGE, TOO_LARGE, TOO_LARGE, DROPPED, ENDS, TOO_LARGE, REOPENS, REOPENS,
            DROPPED, DROPPED]),
    ("too long, a notification", Batches::No,
        br#"{"jsonrpc":"2.0","method":"notifications/x","params":{"text":"$LONG"}}"#,
        [TOO_LARGE, TOO_LARGE, TOO_LARGE, SKIPPED, ENDS, TOO_LARGE, REOPENS, REOPENS,
            SKIPPED, SKIPPED]),
    ("a result whose id is a string", Batches::No,
        br#"{"jsonrpc":"2.0","id":"$ID","result":{}}"#,
        [ANSWERS, ANSWERS, ANSWERS, ANSWERS, ANSWERS, ENDED, DROPPED, REOPENS,
            ENDED, REOPENS]),
    ("a result whose id is a float", Batches::No,
        br#"{"jsonrpc":"2.0","id":$ID.0,"result":{}}"#,
        [ANSWERS, ANSWERS, ANSWERS, ANSWERS, ANSWERS, ENDED, DROPPED, REOPENS,
            ENDED, REOPENS]),
    ("a result beside null members", Batches::No,
        br#"{"jsonrpc":"2.0","id":$ID,"result":{},"error":null,"method":null,"params":null}"#,
        [ANSWERS, ANSWERS, ANSWERS, ANSWERS, ANSWERS, ENDED, DROPPED, REOPENS,
            ENDED, REOPENS]),
    ("an error whose id is a string", Batches::No,
        br#"{"jsonrpc":"2.0","id":"$ID","error":{"code":-32603,"message":"no"}}"#,
        [RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, DROPPED, REOPENS,
            RPC_ERROR, REOPENS]),
    ("an error that is text", Batches::No,
        br#"{"jsonrpc":"2.0","id":$ID,"result":null,"error":"no"}"#,
        [RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, DROPPED, REOPENS,
            RPC_ERROR, REOPENS]),
    ("an error without a code", Batches::No,
        br#"{"jsonrpc":"2.0","id":$ID,"error":{"message":"no"}}"#,
        [RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, DROPPED, REOPENS,
            RPC_ERROR, REOPENS]),
    ("an error after a byte order mark", Batches::No,
        "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":1}}".as_bytes(),
        [RPC_ERROR, MALFORMED, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, DROPPED, REOPENS,
            RPC_ERROR, REOPENS]),
    ("a result whose id is null", Batches::No,
        br#"{"jsonrpc":"2.0","id":null,"result":{}}"#,
        [MALFORMED, MALFORMED, MALFORMED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED,
            DROPPED, DROPPED]),
    ("a result without an id", Batches::No,
        br#"{"jsonrpc":"2.0","result":{}}"#,
        [MALFORMED, MALFORMED, MALFORMED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED,
            DROPPED, DROPPED]),
    ("a result of another request", Batches::No,
        br#"{"jsonrpc":"2.0","id":99999,"result":{}}"#,
        [MALFORMED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED,
            DROPPED, DROPPED]),
    ("a result whose id is another string", Batches::No,
        br#"{"jsonrpc":"2.0","id":"0$ID","result":{}}"#,
        [MALFORMED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED,
            DROPPED, DROPPED]),
    ("a result whose id is an array", Batches::No,
        br#"{"jsonrpc":"2.0","id":[$ID],"result":{}}"#,
        [MALFORMED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED,
            DROPPED, DROPPED]),
    ("a late error", Batches::No,
        br#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"no"}}"#,
        [MALFORMED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED,
            DROPPED, DROPPED]),
    ("a late error whose id is a string", Batches::No,
        br#"{"jsonrpc":"2.0","id":"1","error":{"code":-32603,"message":"no"}}"#,
        [MALFORMED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED,
            DROPPED, DROPPED]),
    ("an error with an id that was made up", Batches::No,
        br#"{"jsonrpc":"2.0","id":"other","error":{"code":-32603,"message":"no"}}"#,
        [RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, DROPPED, DROPPED,
            RPC_ERROR, DROPPED]),
    ("an error with the id of a request that was never made", Batches::No,
        br#"{"jsonrpc":"2.0","id":99999,"error":{"code":-32603,"message":"no"}}"#,
        [RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, DROPPED, DROPPED,
            RPC_ERROR, DROPPED]),
    ("an error whose id is an object", Batches::No,
        br#"{"jsonrpc":"2.0","id":{},"error":{"code":-32603,"message":"no"}}"#,
        [RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, DROPPED, DROPPED,
            RPC_ERROR, DROPPED]),
    ("an error without an id", Batches::No,
        br#"{"jsonrpc":"2.0","error":{"code":-32603,"message":"no"}}"#,
        [RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, DROPPED, DROPPED,
            RPC_ERROR, DROPPED]),
    ("an error whose id is null", Batches::No,
        br#"{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"no"}}"#,
        [RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, RPC_ERROR, DROPPED, DROPPED,
            RPC_ERROR, DROPPED]),
    // Revision 2026-07-28 has no requests of the server.
    ("a request", Batches::No,
        REQUEST,
        [MALFORMED, TAKEN, TAKEN, TAKEN, TAKEN, SKIPPED, TAKEN, SKIPPED,
            SKIPPED, SKIPPED]),
    ("a notification", Batches::No,
        br#"{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}"#,
        [MALFORMED, TAKEN, TAKEN, TAKEN, TAKEN, IGNORED, TAKEN, TAKEN,
            TAKEN, TAKEN]),
];

/// The longest message.
const LIMIT: usize = 20_000;
/// The limit of one case.
const DEADLINE: Duration = Duration::from_secs(90);
/// How long a response is looked for that must not come.
const BRIEF: Duration = Duration::from_millis(100);
const METHOD: &str = "x/case";
const LISTEN: &str = "subscriptions/listen";
const REQUEST: &[u8] = br#"{"jsonrpc":"2.0","id":"theirs","method":"ping"}"#;
/// The notification in the table, and the one that is the good message.
const KINDS: i32 = MCP_EVENT_RESOURCES_CHANGED | MCP_EVENT_TOOLS_CHANGED;

const COUNTERS: [i32; 4] = [
    MCP_COUNTER_MALFORMED,
    MCP_COUNTER_DROPPED_REPLIES,
    MCP_COUNTER_RECONNECTIONS,
    MCP_COUNTER_RESUMPTIONS,
];

/// What the application and the server have seen at the end of a case.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// Of the call, or of mcp_listen().
    status: i32,
    is_taken: bool,
    junk: i64,
    dropped_replies: i64,
    reconnections: i64,
    resumptions: i64,
}

impl Outcome {
    fn seen(self, carrier: Carrier) -> Seen {
        let count = |counter| i64::from(self == Self::Counted(counter));
        // The good response comes after its call has ended.
        let is_late = matches!((self, carrier), (Self::Fails(_) | Self::Answers, Stdio | Sse));
        Seen {
            status: match self {
                Self::Fails(status) | Self::EndsConnection(status) => status,
                _ => 0,
            },
            is_taken: self == Self::Taken,
            junk: count(MCP_COUNTER_MALFORMED),
            dropped_replies: count(MCP_COUNTER_DROPPED_REPLIES) + i64::from(is_late),
            reconnections: i64::from(matches!(self, Self::EndsConnection(_))),
            resumptions: i64::from(self == Self::ReopensStream),
        }
    }
}

/// A server that sends one text.
struct Script {
    carrier: Carrier,
    version: &'static str,
    text: &'static [u8],
    /// How many notification streams were opened.
    openings: AtomicUsize,
    /// The id of the last request.
    last_id: Mutex<Value>,
    /// The stream of HTTP with SSE.
    events: Mutex<Option<Pipe>>,
    /// Responses to requests of the server.
    answers: AtomicUsize,
}

impl Script {
    fn text(&self, id: &Value) -> Vec<u8> {
        let text = replaced(self.text, b"$ID", id.to_string().as_bytes());
        replaced(&text, b"$LONG", "x".repeat(2 * LIMIT).as_bytes())
    }

    /// The messages that go back for a message of the client, where each has a
    /// line or an event.
    fn messages(&self, message: &Value) -> Vec<Vec<u8>> {
        let id = &message["id"];
        let method = message["method"].as_str().unwrap_or_default();
        if method.is_empty() {
            self.answers.fetch_add(1, Ordering::SeqCst);
        }
        if method.is_empty() || id.is_null() {
            return Vec::new();
        }
        *self.last_id.lock().unwrap() = id.clone();
        if method == LISTEN {
            return self.notifications(id);
        }
        let changes = json!({"listChanged": true});
        let capabilities = json!({"tools": changes, "resources": changes});
        let result = match method {
            "initialize" => json!({"protocolVersion": self.version, "capabilities": capabilities,
                "serverInfo": {"name": "script", "version": "1"}}),
            "server/discover" => json!({"resultType": "complete", "capabilities": capabilities,
                "supportedVersions": [self.version]}),
            _ => json!({}),
        };
        let good = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string().into_bytes();
        if method == METHOD { vec![self.text(id), good] } else { vec![good] }
    }

    fn handle(&self, request: &Request) -> Vec<Action> {
        let message = request.json();
        match (request.method.as_str(), self.carrier) {
            ("GET", Sse) => {
                let (events, feed) = pipe();
                let endpoint = http::chunk(b"event: endpoint\r\ndata: /messages\r\n\r\n");
                *self.events.lock().unwrap() = Some(events);
                return vec![
                    Action::Send(http::stream_head(&[])),
                    Action::Send(endpoint),
                    Action::Feed(feed),
                ];
            }
            ("GET", GetStream) => return self.open(&self.last_id.lock().unwrap()),
            ("POST", Opening | ListenStream) if message["method"] == LISTEN => {
                return self.open(&message["id"]);
            }
            ("POST", _) => {}
            _ => return vec![Action::Send(http::reply(405, &[], b""))],
        }
        let mut messages = self.messages(&message);
        let accepted = vec![Action::Send(http::reply(202, &[], b""))];
        if self.carrier == Sse {
            for message in messages {
                self.events.lock().unwrap().as_ref().unwrap().send(http::event_of(&message));
            }
            return accepted;
        }
        let body = match (messages.len(), self.carrier) {
            (0, _) => return accepted,
            (1, _) | (_, Body) => messages.remove(0),
            (_, ResponseStream) => {
                let stream = Stream::new();
                let send = |stream: Stream, text: &Vec<u8>| stream.send(http::event_of(text));
                return messages.iter().fold(stream, send).end();
            }
            _ => [b"[".to_vec(), messages.join(&b","[..]), b"]".to_vec()].concat(),
        };
        vec![Action::Send(http::reply(200, &[("content-type", "application/json")], &body))]
    }

    /// The messages of a notification stream. The text is on the first one.
    fn notifications(&self, id: &Value) -> Vec<Vec<u8>> {
        let notification = |method: &str, mut params: Value| {
            params["_meta"] = json!({"io.modelcontextprotocol/subscriptionId": id});
            let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
            message.to_string().into_bytes()
        };
        let accepted = json!({"toolsListChanged": true, "resourcesListChanged": true});
        let acknowledged = || {
            let params = json!({"notifications": accepted});
            notification("notifications/subscriptions/acknowledged", params)
        };
        let is_first = self.openings.fetch_add(1, Ordering::SeqCst) == 0;
        let text = || is_first.then(|| self.text(id));
        let good = notification("notifications/tools/list_changed", json!({}));
        let (early, late) = match self.carrier {
            Opening | StdioOpening => (text(), None),
            _ => (None, text()),
        };
        let acknowledged = (self.carrier != GetStream).then(acknowledged);
        [early, acknowledged, late, Some(good)].into_iter().flatten().collect()
    }

    fn open(&self, id: &Value) -> Vec<Action> {
        let messages = self.notifications(id);
        let send = |stream: Stream, text: &Vec<u8>| stream.send(http::event_of(text));
        messages.iter().fold(Stream::new(), send).then(Action::Hang)
    }

    fn over_stdio(self: &Arc<Self>) -> Client {
        let script = self.clone();
        Client::of_lines(move |message| script.messages(message))
    }
}

/// Sends the text on a carrier, then the good message, and makes another call.
fn observe(carrier: Carrier, batches: Batches, text: &'static [u8], expected: Outcome) -> Seen {
    let version = match (carrier, batches) {
        (Opening | ListenStream | StdioOpening | StdioStream, _) => "2026-07-28",
        (Batch, _) | (_, Batches::Yes) => "2025-03-26",
        (_, Batches::No) => "2025-11-25",
    };
    let script = Arc::new(Script {
        carrier,
        version,
        text,
        openings: AtomicUsize::new(0),
        last_id: Mutex::default(),
        events: Mutex::default(),
        answers: AtomicUsize::new(0),
    });
    let handler = script.clone();
    // The server is dropped after the client.
    let server = Server::start(move |request| handler.handle(request));
    let client = match carrier {
        Stdio | StdioOpening | StdioStream => script.over_stdio(),
        _ => Client::new(&server.url("/mcp"), None).unwrap(),
    };
    if carrier == Sse {
        client.set_transport(MCP_TRANSPORT_SSE).unwrap();
    }
    client.pin(version).unwrap();
    client.set_timeout(SOON.as_millis() as i64);
    client.set_max_message_size(LIMIT);
    let heard = EventLog::by(&client);
    drop(client.connect().unwrap());
    let before = COUNTERS.map(|counter| client.count(counter));

    let is_call = matches!(carrier, Body | Batch | ResponseStream | Stdio | Sse);
    let outcome = if !is_call {
        let outcome = client.listen(KINDS);
        if expected == Outcome::ReopensStream {
            heard.awaits(&client, MCP_EVENT_LISTENING, 2);
        }
        if outcome.is_ok() {
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
        }
        outcome
    } else {
        let request = client.request(METHOD, None).unwrap();
        request.set_repeatable(false).unwrap();
        request.perform().map(drop)
    };
    // On a shared connection, its response comes after the good one.
    client.ping().unwrap_or_else(|failure| panic!("the next call failed: {}", failure.message));
    client.dispatch(0).unwrap();
    let is_taken = || {
        script.answers.load(Ordering::SeqCst) > 0
            || !heard.of(MCP_EVENT_RESOURCES_CHANGED).is_empty()
    };
    let is_taken = match expected {
        // The response may be under way.
        Outcome::Taken => await_true(SOON, is_taken),
        // Nothing signals that no response will come.
        _ if text == REQUEST => await_true(BRIEF, is_taken),
        _ => is_taken(),
    };
    let mut counts = COUNTERS.map(|counter| client.count(counter));
    counts.iter_mut().zip(before).for_each(|(count, before)| *count -= before);
    let [junk, dropped_replies, reconnections, resumptions] = counts;
    let status = outcome.map_or_else(|failure| failure.status, |()| 0);
    Seen { status, is_taken, junk, dropped_replies, reconnections, resumptions }
}

/// Goes through the rows of one carrier, and says of each what is wrong.
fn acts_as_the_table_says(carrier: Carrier) {
    let column = CARRIERS.iter().position(|one| *one == carrier).unwrap();
    let mut wrong = Vec::new();
    for row in TABLE {
        let expected = row.3[column];
        let (_, batches, text, _) = *row;
        let seen = case_within(DEADLINE, move || observe(carrier, batches, text, expected));
        let wanted = Ok(expected.seen(carrier));
        if seen != wanted {
            wrong.push(format!("{} on {carrier:?}: {seen:?} instead of {wanted:?}", row.0));
        }
    }
    assert!(wrong.is_empty(), "{} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

tests! {
    faulty_text_as_a_json_body { acts_as_the_table_says(Body) }
    faulty_text_in_a_batch { acts_as_the_table_says(Batch) }
    faulty_text_on_a_response_stream { acts_as_the_table_says(ResponseStream) }
    faulty_text_over_stdio { acts_as_the_table_says(Stdio) }
    faulty_text_over_http_with_sse { acts_as_the_table_says(Sse) }
    faulty_text_before_an_acknowledgment { acts_as_the_table_says(Opening) }
    faulty_text_on_a_get_stream { acts_as_the_table_says(GetStream) }
    faulty_text_on_an_acknowledged_stream { acts_as_the_table_says(ListenStream) }
    faulty_text_before_an_acknowledgment_over_stdio { acts_as_the_table_says(StdioOpening) }
    faulty_text_on_an_acknowledged_stream_over_stdio { acts_as_the_table_says(StdioStream) }
}
