//! JSON-RPC: messages, batches, the owner of a message that has arrived in part,
//! and the notifications and questions in them.

use super::parts;
use crate::base::error::Error;
use crate::cost::bounded;
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::input_request::{InputRequest, InputResponse};
use crate::protocol::input_required::InputRequired;
use crate::protocol::notification::{self, NotificationKind, ProgressParams};
use crate::protocol::progress_reader::ProgressReader;
use crate::protocol::revision::Revision;
use crate::protocol::server_info::HandshakeReply;
use crate::protocol::task::Tasks;
use crate::wire::json_members;
use crate::wire::jsonrpc::{
    self, Answer, Id, Message, ResponseBody, batch, find_error, parse, utf8,
};
use crate::wire::outline::response_ids;
use crate::wire::partial_id::PartialId;
use crate::wire::tape::Tape;

pub(super) const WORDS: &[&str] = &[
    "{\"jsonrpc\":\"2.0\",",
    "\"id\":1,",
    "\"id\":\"1\"",
    "\"id\":1.0",
    "NaN",
    "'id': 1",
    "null",
    "\"result\":{}",
    "\"error\":{\"code\":-32600,\"message\":\"m\"}",
    "\"method\":\"notifications/progress\",",
    "\"params\":{\"progressToken\":1,\"progress\":0.5,\"total\":1,\"message\":\"m\"}",
    "\"data\":",
    "\"method\":\"elicitation/create\"",
    "\"mode\":\"url\"",
    "\"requestedSchema\":{}",
    "\"inputRequests\":{\"a\":{\"method\":\"roots/list\"}}",
    "\"requestState\":\"s\"",
    "\"taskId\":\"t\"",
    "\"status\":\"working\"",
    "\"pollInterval\":1",
    "\"task\":{},",
    "\"protocolVersion\":\"2025-06-18\"",
    "\"serverInfo\":{\"name\":\"n\"}",
    "\"capabilities\":{}",
    "\"supportedVersions\":[\"2026-07-28\"],",
    "\"requestId\":1",
    "\"uri\":\"a:b\"",
    "\"content\":[",
    "\"contents\":{",
    "{\"type\":\"text\",\"text\":\"t\"}",
    "\"text\":\"another text\"",
    "\\n",
];

pub(super) fn run(data: &[u8]) {
    PartialId::of_head(data);
    PartialId::of_tail(data);
    find_error(data);
    if let Err((_, bytes)) = utf8(data.to_vec(), 0) {
        assert!(bytes == data && std::str::from_utf8(data).is_err());
    }
    bounded(data.len(), || response_ids(data, |_| {}));
    for text in parts(data).unwrap_or_default() {
        message(text);
        if let Some(Ok(all)) = bounded(text.len(), || batch(text)) {
            assert!(!all.messages.is_empty() && all.count >= all.messages.len());
            for one in all.messages.into_iter().take(100) {
                message(one.get());
            }
        }
    }
}

fn message(text: &str) {
    let (message, tape) = match bounded(text.len(), || parse(text)) {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!(ProgressReader::default().read(text.as_bytes()).is_none(), "{text}");
            return is_fit(&error);
        }
    };
    // The oracle: it is an object of JSON with the right version.
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        assert_eq!(value["jsonrpc"], "2.0");
    }
    match message {
        Message::Response { id, outcome } => response(text, id, outcome, tape),
        Message::Request { id, method, params } => {
            assert!(!id.is_empty());
            request(&method, params);
        }
        Message::Notification { method, params } => {
            NotificationKind::of(&method);
            progress(text, &tape, &method);
            notification(params);
        }
    }
}

/// The reader for progress reads what it takes as the general parser does.
fn progress(text: &str, tape: &Tape, method: &str) {
    let mut reader = ProgressReader::default();
    let Some(fast) = reader.read(text.as_bytes()) else { return };
    assert_eq!(method, notification::PROGRESS);
    let params = tape.member(text, 0, "params").unwrap();
    let general = ProgressParams::read(text, tape, params).unwrap();
    let general = format!("{general:?}");
    assert_eq!(format!("{fast:?}"), general, "{text}");
    let again = reader.read(text.as_bytes()).unwrap();
    assert_eq!(format!("{again:?}"), general, "{text}");
}

fn response(text: &str, id: Id, outcome: ResponseBody, tape: Tape) {
    // A piece of a message never names another request than the whole does.
    if let PartialId::Response(owner) = PartialId::of_head(text.as_bytes()) {
        let is_once = text.matches("\"id\"").count() == 1 && !text.contains('\\');
        assert!(!is_once || id == Id::Number(owner), "{owner} of {id:?}");
    }
    // The tolerant scan finds the id that the parser finds.
    if let (Id::Number(number), false) = (&id, text.contains('\\')) {
        let mut found = None;
        response_ids(text.as_bytes(), |id| found = Some(id));
        assert_eq!(found, Some(*number), "{text}");
    }
    let ResponseBody::Result(place) = outcome else { return };
    let answer = Answer::new(text.to_owned(), 0, tape, place);
    let json = answer.json().to_owned();
    assert!(json.starts_with('{'));
    check(bounded(json.len(), || InputRequired::parse(&json)));
    for revision in Revision::ALL {
        match bounded(json.len(), || HandshakeReply::parse(&answer)) {
            Ok(greeting) => {
                let introduction = greeting.introduce(revision, &answer);
                introduction.has_capability("tools");
                introduction.has_extension("io.modelcontextprotocol/tasks");
            }
            Err(error) => is_fit(&error),
        }
    }
    for tasks in [Tasks::ByClient, Tasks::ByServer] {
        check(bounded(json.len(), || tasks.created(&answer)));
        check(bounded(json.len(), || tasks.read(&answer)));
    }
    let json_length = json.len();
    let whole = Answer::whole(json);
    assert_eq!(whole.json(), answer.json());
    // A copy of a result that C reads is the text that the server wrote.
    for least in [2, 9] {
        let ended = bounded(json_length, || whole.clone().with_ended_texts(least));
        let mut copy = ended.json().as_bytes().to_vec();
        ended.restore_quotes(&mut copy);
        assert!(copy == answer.json().as_bytes(), "{text}");
    }
}

fn check<T>(result: crate::base::error::Result<T>) {
    if let Err(error) = result {
        is_fit(&error);
    }
}

/// The peer's words are on one line and cut.
fn is_fit(error: &Error) {
    let message = error.message();
    assert!(!message.chars().any(char::is_control) && message.len() < 1000, "{message:?}");
}

fn request(method: &str, params: Option<&str>) {
    let all = ClientCapabilities {
        form: true,
        url: true,
        sampling: true,
        sampling_tools: true,
        roots: true,
        extra: Vec::new(),
    };
    let Ok(asked) = InputRequest::recognise(method, params, &all) else { return };
    for name in ["message", "url", "mode", "elicitationId"] {
        asked.string(name);
    }
    asked.part("requestedSchema");
    for content in [None, Some("{}"), Some("{\"a\":1}")] {
        if let Ok(answered) = asked.accept(content) {
            writes_json(&answered);
        }
    }
    for answered in [asked.refuse(true), asked.refuse(false)] {
        let related = answered.related_to(params.unwrap_or("{}"));
        writes_json(&related);
    }
    let _ = asked.reply("{\"action\":\"accept\"}");
}

/// An answer to the server is JSON, whatever the server sent.
fn writes_json(answered: &InputResponse) {
    let text = json_members::object(|json| answered.write(json));
    assert!(serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok(), "{text}");
}

fn notification(params: Option<&str>) {
    let params = params.unwrap_or("{}");
    notification::cancelled(params);
    notification::subscription(params);
    notification::elicitation(params);
    notification::uri(params);
    crate::protocol::task::id(params);
    let error = jsonrpc::parse_error(params);
    assert!(error.data.is_none_or(|data| params.contains(&data)));
}
