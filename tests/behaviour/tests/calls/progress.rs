//! Progress that arrives together: all notifications of a call in one write.

use std::sync::{Arc, Mutex};

use behaviour::{Client, Progress, Request, tests};
use mcp_test_server::http::{self, event_of};
use mcp_test_server::{Action, Server, http::Request as HttpRequest};
use serde_json::json;

/// A server whose calls report progress with these params, in which `TOKEN`
/// stands for the token. An item that begins with a quote is a log message.
fn server(items: &'static [&'static str]) -> Server {
    Server::start(move |request: &HttpRequest| {
        let request_json = request.json();
        match request_json["method"].as_str() {
            Some("tools/call") => {}
            Some("ping") => return vec![Action::Send(http::result(request, json!({})))],
            _ => {
                let hello = json!({"resultType": "complete", "capabilities": {},
                    "supportedVersions": ["2026-07-28"]});
                return vec![Action::Send(http::result(request, hello))];
            }
        }
        let token = request_json["params"]["_meta"]["progressToken"].to_string();
        let mut out = http::stream_head(&[]);
        for item in items {
            let (method, params) = match item.starts_with('"') {
                true => ("message", format!("{{\"level\":\"info\",\"data\":{item}}}")),
                false => ("progress", item.replace("TOKEN", &token)),
            };
            let text = format!(
                "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/{method}\",\"params\":{params}}}"
            );
            out.extend_from_slice(&event_of(text.as_bytes()));
        }
        let result = json!({"jsonrpc": "2.0", "id": request.id(),
            "result": {"resultType": "complete", "content": []}});
        out.extend_from_slice(&http::event(&result));
        out.extend_from_slice(http::LAST_CHUNK);
        vec![Action::Send(out)]
    })
}

const USUAL: &[&str] = &[
    r#"{"progressToken":TOKEN,"progress":1.0,"total":5.0}"#,
    r#"{"progressToken":TOKEN,"progress":2.0,"total":5.0}"#,
    r#"{"progressToken":TOKEN,"progress":3.0,"total":5.0}"#,
    r#"{"progressToken":TOKEN,"progress":4.0,"total":5.0}"#,
];

fn request(client: &Client) -> (Request, Arc<Mutex<Vec<Progress>>>) {
    let request = client.tool_request("work", json!({})).unwrap();
    (request, Arc::default())
}

fn values(told: &Mutex<Vec<Progress>>) -> Vec<f64> {
    told.lock().unwrap().iter().map(|one| one.progress).collect()
}

tests! {
    each_notification_is_reported_once_and_in_order_whatever_its_text {
        let server = server(&[
            r#"{"progressToken":TOKEN,"progress":1,"total":9,"message":"one"}"#,
            r#"{"progressToken":TOKEN,"progress":2,"total":9,"message":"two é"}"#,
            r#""a log message between them""#,
            r#"{"progressToken":TOKEN,"progress":3.5,"total":9,"message":"three \"\u0033\""}"#,
            r#"{ "message" : null, "total" : null, "progress" : 4e0, "progressToken" : TOKEN }"#,
            r#"{"progressToken":TOKEN,"progress":4.5,"_meta":{"a":1}}"#,
            r#"{"progressToken":"TOKEN","progress":5}"#,
            r#"{"progressToken":TOKEN,"progress":"no number"}"#,
            r#"{"progressToken":123456,"progress":5.5}"#,
            r#"{"progressToken":TOKEN,"progress":6,"progress":6.25}"#,
            r#"{"progressToken":TOKEN,"progress":7}"#,
        ]);
        let client = Client::of(&server.url("/mcp"));
        // With a started request, they are queued for this thread.
        for is_started in [false, true] {
            let (request, told) = request(&client);
            let shared = told.clone();
            request.set_progress(move |one| shared.lock().unwrap().push(one)).unwrap();
            if is_started {
                request.start().unwrap();
                assert_eq!(request.wait(60_000), 0);
            } else {
                request.perform().unwrap();
            }
            assert_eq!(values(&told), [1.0, 2.0, 3.5, 4.0, 4.5, 5.0, 6.25, 7.0]);
            let told = told.lock().unwrap();
            let messages = told.iter().map(|one| one.message.as_deref()).collect::<Vec<_>>();
            assert_eq!(messages[..4], [Some("one"), Some("two é"), Some("three \"3\""), None]);
            let totals = told.iter().map(|one| one.total).collect::<Vec<_>>();
            assert_eq!(totals[..5], [9.0, 9.0, 9.0, -1.0, -1.0]);
        }
    }

    callback_may_make_calls_while_more_progress_has_arrived {
        let server = server(USUAL);
        let client = Arc::new(Client::of(&server.url("/mcp")));
        let (request, told) = request(&client);
        let (shared, inner) = (told.clone(), client.clone());
        request.set_progress(move |one| {
            shared.lock().unwrap().push(one);
            inner.call("work", json!({})).unwrap();
            inner.ping().unwrap();
        }).unwrap();
        request.perform().unwrap();
        assert_eq!(values(&told), [1.0, 2.0, 3.0, 4.0]);
    }

    started_request_in_a_callback_is_done_while_more_progress_has_arrived {
        let server = server(USUAL);
        let client = Arc::new(Client::of(&server.url("/mcp")));
        let (request, told) = request(&client);
        let (shared, inner) = (told.clone(), client.clone());
        request.set_progress(move |one| {
            shared.lock().unwrap().push(one);
            // From now on, the client has a background task.
            let other = inner.tool_request("work", json!({})).unwrap();
            other.set_progress(|_| ()).unwrap();
            other.start().unwrap();
            assert_eq!(other.wait(60_000), 0);
        }).unwrap();
        for _ in 0..2 {
            request.perform().unwrap();
        }
        assert_eq!(values(&told), [1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0]);
    }

    callback_that_is_replaced_gets_no_more_progress_that_has_arrived {
        let server = server(USUAL);
        let client = Client::of(&server.url("/mcp"));
        let (request, told) = request(&client);
        let request = Arc::new(request);
        let (shared, own) = (told.clone(), Arc::downgrade(&request));
        request.set_progress(move |one| {
            shared.lock().unwrap().push(one);
            if shared.lock().unwrap().len() == 2 {
                own.upgrade().unwrap().set_progress(|_| ()).unwrap();
            }
        }).unwrap();
        request.perform().unwrap();
        assert_eq!(values(&told), [1.0, 2.0]);
    }
}
