//! Messages as servers really send them: the response with another type of id,
//! errors of any shape, texts that cannot be read, and input that is no message.
//! The same texts are sent on each carrier, and the call has the same end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use behaviour::constants::*;
use behaviour::{Client, Failure, tests};
use mcp_test_server::http::{self, Request, Stream};
use mcp_test_server::pipe::{Pipe, pipe};
use mcp_test_server::{Action, Server, await_true};
use serde_json::{Value, json};

/// How the texts travel from the server to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    /// The first text is the JSON body of an HTTP response.
    Body,
    /// Each text is an event on the stream of a POST, which stays open.
    OpenStream,
    /// The same, and the stream ends.
    EndedStream,
    Stdio,
    /// Each text is an event over HTTP with SSE.
    Sse,
}

use Carrier::{Body, EndedStream, OpenStream, Sse, Stdio};

const CARRIERS: [Carrier; 5] = [Body, OpenStream, EndedStream, Stdio, Sse];
/// Those on which another message may follow, and which stay open.
const OPEN: [Carrier; 3] = [OpenStream, Stdio, Sse];

/// A call that waits for it takes longer than the test may take.
const TIMEOUT: Duration = Duration::from_secs(1000);
/// It ends calls without a response, and is longer than their texts need to arrive
/// on a busy machine. Such calls are made beside each other.
const BRIEF: Duration = Duration::from_secs(4);
const VERSION: &str = "2025-11-25";

/// What the server sends for a request in place of the response. `$ID` stands
/// for the id of the request.
type Script = dyn Fn(&Value) -> Option<Vec<Vec<u8>>> + Send + Sync;

/// A client and its server, which is dropped after the client.
struct Pair {
    client: Client,
    _server: Option<Server>,
}

impl Pair {
    fn new(
        carrier: Carrier,
        script: impl Fn(&Value) -> Option<Vec<Vec<u8>>> + Send + Sync + 'static,
    ) -> Self {
        let script: Arc<Script> = Arc::new(script);
        let (client, server) = match carrier {
            Stdio => (Client::of_lines(move |message| replies(message, &*script)), None),
            _ => over_http(carrier, script),
        };
        client.pin(VERSION).unwrap();
        client.set_timeout(TIMEOUT.as_millis() as i64);
        Self { client, _server: server }
    }

    /// A server that sends these texts for the first request of `x/case`.
    fn once(carrier: Carrier, texts: &[&[u8]]) -> Self {
        let texts = Mutex::new(Some(texts.iter().map(|text| text.to_vec()).collect::<Vec<_>>()));
        Self::new(carrier, move |message| {
            (message["method"] == "x/case").then(|| texts.lock().unwrap().take()).flatten()
        })
    }

    /// Makes a call that is not sent twice.
    fn call(&self) -> Result<(), Failure> {
        let request = self.client.request("x/case", None).unwrap();
        request.set_repeatable(false).unwrap();
        request.perform().map(drop)
    }

    /// The failure of a call that has to end before its timeout.
    fn fails_at_once(&self, what: &str) -> Failure {
        let Err(failure) = self.call() else { panic!("{what}: the call succeeded") };
        self.client.ping().unwrap_or_else(|next| panic!("{what}: the next call: {}", next.message));
        failure
    }
}

fn replies(message: &Value, script: &Script) -> Vec<Vec<u8>> {
    let id = &message["id"];
    if message["method"].is_null() || id.is_null() {
        return Vec::new();
    }
    let result = match message["method"].as_str() {
        Some("initialize") => json!({"protocolVersion": VERSION, "capabilities": {},
            "serverInfo": {"name": "script", "version": "1"}}),
        _ => json!({}),
    };
    let good = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
    let texts = script(message).unwrap_or_else(|| vec![good.into_bytes()]);
    texts.iter().map(|text| with_id(text, id)).collect()
}

fn with_id(text: &[u8], id: &Value) -> Vec<u8> {
    match text.windows(3).position(|part| part == b"$ID") {
        Some(at) => {
            let rest = with_id(&text[at + 3..], id);
            [&text[..at], id.to_string().as_bytes(), &rest].concat()
        }
        None => text.to_vec(),
    }
}

fn over_http(carrier: Carrier, script: Arc<Script>) -> (Client, Option<Server>) {
    let events: Mutex<Option<Pipe>> = Mutex::default();
    let server = Server::start(move |request: &Request| {
        match request.method.as_str() {
            "GET" if carrier == Sse => {
                let (pipe, feed) = pipe();
                *events.lock().unwrap() = Some(pipe);
                let endpoint = http::chunk(b"event: endpoint\ndata: /messages\n\n");
                return vec![
                    Action::Send(http::stream_head(&[])),
                    Action::Send(endpoint),
                    Action::Feed(feed),
                ];
            }
            "POST" => {}
            _ => return vec![Action::Send(http::reply(405, &[], b""))],
        }
        let texts = replies(&request.json(), &*script);
        let accepted = vec![Action::Send(http::reply(202, &[], b""))];
        if texts.is_empty() {
            return accepted;
        }
        let stream = || {
            let send = |stream: Stream, text: &Vec<u8>| stream.send(http::event_of(text));
            texts.iter().fold(Stream::new(), send)
        };
        match carrier {
            Sse => {
                for text in &texts {
                    events.lock().unwrap().as_ref().unwrap().send(http::event_of(text));
                }
                accepted
            }
            OpenStream => stream().then(Action::Hang),
            EndedStream => stream().end(),
            _ => {
                let headers = [("content-type", "application/json")];
                vec![Action::Send(http::reply(200, &headers, &texts[0]))]
            }
        }
    });
    let client = Client::new(&server.url("/mcp"), None).unwrap();
    if carrier == Sse {
        client.set_transport(MCP_TRANSPORT_SSE).unwrap();
    }
    (client, Some(server))
}

fn has_words(failure: &Failure, words: &[&str], what: &str) {
    for word in words {
        assert!(failure.message.contains(word), "{what}: no {word}: {}", failure.message);
    }
}

/// Texts that are the response, in another form than the protocol says.
const RESPONSES: &[&[u8]] = &[
    br#"{"jsonrpc":"2.0","id":"$ID","result":{}}"#,
    br#"{"jsonrpc":"2.0","id":$ID.0,"result":{}}"#,
    br#"[{"jsonrpc":"2.0","id":$ID,"result":{}}]"#,
    br#" [ {"jsonrpc":"2.0","id":"$ID","result":{}} ] "#,
    br#"{"jsonrpc":"2.0","id":$ID,"result":{},"error":null,"method":null,"params":null}"#,
    b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}",
];

/// Errors: the text, the code, words of the message, and the data. `WHOLE`
/// stands for the whole error.
type ErrorRow = (&'static str, i32, &'static str, Option<&'static str>);

const WHOLE: Option<&str> = Some("the whole error");
const FULL: &str = "disk is full";

#[rustfmt::skip]
const ERRORS: &[ErrorRow] = &[
    (r#"{"code":-32000,"message":"disk is full"}"#, -32000, FULL, None),
    (r#"{"code":-32000,"message":"disk is full","data":null}"#, -32000, FULL, None),
    (r#"{"code":-32000.0,"message":"disk is full","data":{"free":0}}"#, -32000, FULL, Some("{\"free\":0}")),
    (r#"{"code":-3.2e4,"message":"disk is full"}"#, -32000, FULL, None),
    (r#"{"code":"ENOSPC","message":"disk is full","data":1}"#, 0, FULL, WHOLE),
    (r#"{"code":99999999999,"message":"disk is full"}"#, 0, FULL, WHOLE),
    (r#"{"message":"disk is full"}"#, 0, FULL, WHOLE),
    (r#"{"code":null,"message":"disk is full"}"#, 0, FULL, WHOLE),
    (r#"{"code":7}"#, 7, r#"{"code":7}"#, WHOLE),
    (r#"{"code":7,"message":null}"#, 7, r#"{"code":7,"message":null}"#, WHOLE),
    (r#"{"code":7,"message":["disk is full"]}"#, 7, FULL, WHOLE),
    (r#""disk is full""#, 0, FULL, WHOLE),
    ("500", 0, "500", WHOLE),
    ("true", 0, "true", WHOLE),
    (r#"["disk is full"]"#, 0, FULL, WHOLE),
    ("{}", 0, "{}", WHOLE),
];

/// Envelopes of an error whose id belongs to no request of the client.
const FOREIGN: &[&str] = &["null", "\"err_51c\"", "4711", "0", "-1", "true", "[]", "{}", "1.5"];

/// Texts that fail the call at once, and words of the message.
const MALFORMED: &[(&[u8], &[&str])] = &[
    (
        br#"{"jsonrpc":"2.0","id":$ID,"result":{"content":[],"structuredContent":{"mean":NaN,"top":Infinity}}}"#,
        &["malformed", "not JSON", "at byte 75"],
    ),
    (br#"{"result":{"mean":NaN},"id":$ID,"jsonrpc":"2.0"}"#, &["malformed", "at byte 18"]),
    (b"{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"x\":\"\xe9\x97\"}}", &["malformed", "UTF-8", "byte 39"]),
    (b"{\"result\":{\"x\":\"\xe9\"},\"id\":\"$ID\"}", &["malformed", "UTF-8", "byte 16"]),
    (br#"{"jsonrpc":"2.0","id":$ID,"result":{"x":"cut"#, &["malformed", "no end", "byte"]),
    (br#"{"jsonrpc":"2.0","id":$ID,"result":{}}]"#, &["malformed", "more than one value at byte"]),
    (br#"{"jsonrpc":"2.0","id":$ID,"result":{},}"#, &["malformed", "no name", "byte"]),
    (b"{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"x\":\"a\tb\"}}", &["malformed", "control character", "byte 40"]),
    (br#"{"jsonrpc":"2.0","id":$ID,"result":{"x":"\x41"}}"#, &["malformed", "invalid escape", "byte"]),
    (br#"{"jsonrpc":"2.0","id":$ID,"result":[]}"#, &["malformed", "not an object at byte"]),
    (br#"{"jsonrpc":"2.0","id":$ID,"result":"ok"}"#, &["malformed", "not an object at byte"]),
    (br#"{"jsonrpc":"2.0","id":$ID}"#, &["malformed", "neither a method"]),
    (br#"{"jsonrpc":"2.0","id":$ID,"result":{},"error":{"code":1}}"#, &["malformed", "and an error"]),
    (
        br#"[{"jsonrpc":"2.0","method":"notifications/message","params":{}},{"jsonrpc":"2.0","id":$ID,"result":{}}]"#,
        &["malformed", "batch", VERSION],
    ),
    (br#"[{"jsonrpc":"2.0","id":$ID,"result":{"x":NaN}}]"#, &["malformed"]),
];

/// Texts that are no message, although some have the id of the request.
const NOISE: &[&[u8]] = &[
    br#"{"type":"heartbeat","timestamp":"2025-10-31T11:30:41.100Z"}"#,
    br#"{"level":"info","id":$ID,"msg":"handling"}"#,
    br#"{"level":"info","id":$ID,"error":null,"took":NaN}"#,
    b"keep-alive",
    b"caf\xe9",
    b"{\"level\":\"\xff\"}",
    b"{",
    b"[]",
    br#"[{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","method":"x"}]"#,
    br#"INFO {"jsonrpc":"2.0","id":$ID,"result":{}}"#,
    br#"{"jsonrpc":"2.0","id":4711,"result":{"x":NaN}}"#,
    br#"{"jsonrpc":"2.0","id":$ID,"method":"x","params":{"x":NaN}}"#,
];

const GOOD: &[u8] = br#"{"jsonrpc":"2.0","id":$ID,"result":{}}"#;

tests! {
    response_in_another_form_is_taken {
        for carrier in CARRIERS {
            for text in RESPONSES {
                let what = format!("{} on {carrier:?}", String::from_utf8_lossy(text));
                let pair = Pair::once(carrier, &[text]);
                pair.call().unwrap_or_else(|failure| panic!("{what}: {}", failure.message));
                assert_eq!(pair.client.count(MCP_COUNTER_DROPPED_REPLIES), 0, "{what}");
            }
        }
    }

    server_that_turns_every_id_into_a_string_can_be_used {
        for carrier in CARRIERS {
            let pair = Pair::new(carrier, |message| {
                let result = match message["method"].as_str() {
                    Some("server/discover") => return None,
                    Some("initialize") => json!({"protocolVersion": VERSION, "capabilities": {},
                        "serverInfo": {"name": "s", "version": "1"}}),
                    _ => json!({}),
                };
                let id = message["id"].to_string();
                let reply = json!({"jsonrpc": "2.0", "id": id, "result": result});
                Some(vec![reply.to_string().into_bytes()])
            });
            for _ in 0..3 {
                pair.client.ping().unwrap_or_else(|failure| panic!("{carrier:?}: {failure:?}"));
            }
        }
    }

    error_of_any_shape_reaches_the_caller {
        for carrier in CARRIERS {
            for (error, code, words, data) in ERRORS {
                for envelope in [
                    format!(r#"{{"jsonrpc":"2.0","id":$ID,"error":{error}}}"#),
                    format!(r#"{{"jsonrpc":"2.0","id":"$ID","result":null,"error":{error}}}"#),
                ] {
                    let what = format!("{envelope} on {carrier:?}");
                    let pair = Pair::once(carrier, &[envelope.as_bytes()]);
                    let failure = pair.fails_at_once(&what);
                    assert_eq!(failure.status, MCP_E_RPC, "{what}: {}", failure.message);
                    assert_eq!(failure.rpc_code, *code, "{what}");
                    assert!(failure.may_have_run, "{what}");
                    has_words(&failure, &[words], &what);
                    let data = if *data == WHOLE { Some(*error) } else { *data };
                    assert_eq!(failure.data.as_deref(), data, "{what}");
                }
            }
        }
    }

    error_with_an_id_that_was_made_up_belongs_to_the_only_request {
        for carrier in CARRIERS {
            for id in FOREIGN {
                let text = format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32603,"message":"upstream is down"}}}}"#
                );
                let what = format!("{id} on {carrier:?}");
                let failure = Pair::once(carrier, &[text.as_bytes()]).fails_at_once(&what);
                assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32603), "{what}");
                assert!(failure.may_have_run, "{what}");
                has_words(&failure, &["upstream is down"], &what);
            }
        }
    }

    late_error_of_another_request_ends_no_call {
        for carrier in OPEN {
            for id in ["1", "\"1\"", "1.0"] {
                let late = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":1,"message":"m"}}}}"#);
                let pair = Pair::once(carrier, &[late.as_bytes(), GOOD]);
                pair.call().unwrap_or_else(|failure| panic!("{carrier:?}: {}", failure.message));
                assert_eq!(pair.client.count(MCP_COUNTER_DROPPED_REPLIES), 1, "{carrier:?}");
            }
        }
        // Nothing follows a body. The words of the server are shown.
        let late = br#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"upstream is down"}}"#;
        let failure = Pair::once(Body, &[late]).fails_at_once("late error");
        assert_eq!(failure.status, MCP_E_PROTOCOL);
        has_words(&failure, &["another request", "the id 1", "upstream is down"], "late error");
    }

    error_without_an_id_ends_no_call_if_two_are_pending {
        for carrier in [Stdio, Sse] {
            let has_first = Arc::new(AtomicBool::new(false));
            let flag = has_first.clone();
            let pair = Pair::new(carrier, move |message| match message["method"].as_str() {
                Some("x/first") => {
                    flag.store(true, Ordering::SeqCst);
                    Some(Vec::new())
                }
                Some("x/case") => Some(vec![
                    br#"{"jsonrpc":"2.0","id":"made up","error":{"code":1,"message":"m"}}"#.to_vec(),
                    GOOD.to_vec(),
                ]),
                _ => None,
            });
            pair.client.connect().unwrap();
            let first = pair.client.request("x/first", None).unwrap();
            first.start().unwrap();
            assert!(await_true(TIMEOUT, || has_first.load(Ordering::SeqCst)));
            pair.call().unwrap_or_else(|failure| panic!("{carrier:?}: {}", failure.message));
            assert_eq!(pair.client.count(MCP_COUNTER_DROPPED_REPLIES), 1, "{carrier:?}");
        }
    }

    malformed_response_fails_its_call_at_once {
        for carrier in CARRIERS {
            for (text, words) in MALFORMED {
                let what = format!("{} on {carrier:?}", String::from_utf8_lossy(text));
                let failure = Pair::once(carrier, &[text]).fails_at_once(&what);
                assert_eq!(failure.status, MCP_E_PROTOCOL, "{what}: {}", failure.message);
                assert!(failure.may_have_run, "{what}");
                has_words(&failure, words, &what);
            }
        }
    }

    input_that_is_no_message_ends_no_call {
        for carrier in [OpenStream, EndedStream, Stdio, Sse] {
            for text in NOISE {
                let what = format!("{} on {carrier:?}", String::from_utf8_lossy(text));
                let pair = Pair::once(carrier, &[text, text, GOOD]);
                pair.call().unwrap_or_else(|failure| panic!("{what}: {}", failure.message));
                assert_eq!(pair.client.count(MCP_COUNTER_MALFORMED), 2, "{what}");
            }
        }
    }

    call_without_a_response_says_what_came_instead {
        let case = |carrier: Carrier, text: &'static [u8], count: usize| {
            let unit = if carrier == Stdio { "line" } else { "event" };
            let what = format!("{} on {carrier:?}", String::from_utf8_lossy(text));
            let pair = Pair::once(carrier, &vec![text; count]);
            pair.client.connect().unwrap();
            pair.client.set_timeout(BRIEF.as_millis() as i64);
            let failure = pair.call().unwrap_err();
            let status = if carrier == EndedStream { MCP_E_IO } else { MCP_E_TIMEOUT };
            assert_eq!(failure.status, status, "{what}: {}", failure.message);
            let units = if count == 1 { format!("1 {unit} ") } else { format!("3 {unit}s ") };
            let head: String = String::from_utf8_lossy(text).chars().take(4).collect();
            has_words(&failure, &[&units, "not a message", &head], &what);
            // The next call has nothing to say about it.
            pair.client.set_timeout(TIMEOUT.as_millis() as i64);
            pair.client.ping().unwrap();
        };
        std::thread::scope(|scope| {
            for carrier in [OpenStream, EndedStream, Stdio, Sse] {
                scope.spawn(move || case(carrier, NOISE[0], 3));
                for text in NOISE {
                    scope.spawn(move || case(carrier, text, 1));
                }
            }
        });
    }

    call_without_a_response_says_that_another_was_answered {
        let text = br#"{"jsonrpc":"2.0","id":"of another","result":{}}"#;
        std::thread::scope(|scope| [Stdio, Sse].map(|carrier| scope.spawn(move || {
            let pair = Pair::once(carrier, &[text]);
            pair.client.connect().unwrap();
            pair.client.set_timeout(BRIEF.as_millis() as i64);
            let failure = pair.call().unwrap_err();
            assert_eq!(failure.status, MCP_E_TIMEOUT, "{carrier:?}");
            let unit = if carrier == Stdio { "1 line" } else { "1 event" };
            let words = [unit, "not a message", "answers no pending request", "of another"];
            has_words(&failure, &words, &format!("{carrier:?}"));
        })).into_iter().for_each(|case| case.join().unwrap()));
        for carrier in [OpenStream, EndedStream, Body] {
            let what = format!("{carrier:?}");
            let failure = Pair::once(carrier, &[text]).fails_at_once(&what);
            assert_eq!(failure.status, MCP_E_PROTOCOL, "{carrier:?}");
            has_words(&failure, &["other", "request"], &what);
            if carrier != Body {
                has_words(&failure, &["1 event", "not a message", "of another"], &what);
            }
        }
    }

    quote_of_the_input_is_short_escaped_and_masked {
        std::thread::scope(|scope| OPEN.map(|carrier| scope.spawn(move || {
            let noise = [b"\x1b[31m log of sk-secret-token ".as_slice(), &[b'x'; 5000]].concat();
            let pair = Pair::once(carrier, &[&noise]);
            if carrier != Stdio {
                pair.client.set_token(Some("sk-secret-token")).unwrap();
            }
            pair.client.connect().unwrap();
            pair.client.set_timeout(BRIEF.as_millis() as i64);
            let failure = pair.call().unwrap_err();
            has_words(&failure, &["\\u001b[31m log of "], "the quote");
            assert!(failure.message.len() < 400, "{}", failure.message);
            if carrier != Stdio {
                assert!(!failure.message.contains("sk-secret"), "{}", failure.message);
            }
        })).into_iter().for_each(|case| case.join().unwrap()));
    }
}
