//! The client and the request of an input request.

use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex};

use behaviour::constants::*;
use behaviour::{Client, HttpServer, Input, Request, SOON, SseServer, raw, stdio_server, tests};
use mcp_test_server::await_true;
use serde_json::{Value, json};

fn form() -> Value {
    json!({"rounds": [{"who": {"method": "elicitation/create", "params": {"mode": "form",
        "message": "Who?", "requestedSchema": {"type": "object", "properties": {}}}}}]})
}

/// The addresses of the client and of the request of each input request.
type Owners = Arc<Mutex<Vec<(usize, usize)>>>;

/// Accepts each input request, and keeps its owners.
fn watched(client: &Client) -> Owners {
    let owners = Owners::default();
    let seen = owners.clone();
    client
        .set_input_handler(MCP_INPUT_FORM, move |input| {
            let owner = (input.client() as usize, input.request() as usize);
            seen.lock().unwrap().push(owner);
            input.accept(Some(json!({}))).unwrap();
        })
        .unwrap();
    owners
}

/// Performs and starts calls that ask. `is_known`: whether the server says
/// which request it asks for.
fn owners_are(client: &Client, is_known: bool) {
    let owners = watched(client);
    let request = client.tool_request("ask", form()).unwrap();
    request.perform().unwrap();
    request.start().unwrap();
    assert_eq!(request.wait(60_000), 0);
    let other = client.tool_request("ask", form()).unwrap();
    other.start().unwrap();
    assert_eq!(other.wait(60_000), 0);
    client.call("ask", form()).unwrap();
    let of = |handle: *mut raw::mcp_request| {
        (client.0 as usize, if is_known { handle as usize } else { 0 })
    };
    let expected = [of(request.0), of(request.0), of(other.0), (client.0 as usize, 0)];
    assert_eq!(*owners.lock().unwrap(), expected);
}

tests! {
    request_is_known_over_streamable_http {
        for served in [HttpServer::stateless(), HttpServer::handshake()] {
            owners_are(&served.client(), true);
        }
    }

    request_is_not_known_over_http_with_sse {
        owners_are(&SseServer::full().client(), false);
    }

    request_is_known_over_stdio_from_2026_07_28_on {
        let peer = stdio_server!("");
        for (revision, is_known) in [("2026-07-28", true), ("2025-11-25", false)] {
            let client = peer.client();
            client.pin(revision).unwrap();
            owners_are(&client, is_known);
        }
    }

    owners_are_null_once_they_are_freed {
        for served in [HttpServer::stateless(), HttpServer::handshake()] {
            let client = served.client();
            let kept: Arc<Mutex<Option<Input>>> = Arc::default();
            let own = kept.clone();
            client.set_input_handler(MCP_INPUT_FORM, move |input| {
                *own.lock().unwrap() = Some(input);
            }).unwrap();
            let request = client.tool_request("ask", form()).unwrap();
            request.start().unwrap();
            let is_asked = || {
                client.dispatch(20).unwrap();
                kept.lock().unwrap().is_some()
            };
            assert!(await_true(SOON, is_asked));
            let input = kept.lock().unwrap().take().unwrap();
            assert_eq!((input.client(), input.request()), (client.0, request.0));
            // The input request stays open for a moment.
            drop(request);
            assert!(input.request().is_null());
            assert_eq!(input.client(), client.0);
            drop(client);
            assert!(input.client().is_null() && input.request().is_null());
            // MCP_E_STATE if the end of its request came first.
            let status = input.accept(None).unwrap_err().status;
            assert!([MCP_E_CLOSED, MCP_E_STATE].contains(&status), "{status}");
        }
        let none = ManuallyDrop::new(Input(std::ptr::null_mut()));
        assert!(none.client().is_null() && none.request().is_null());
    }

    request_of_an_input_request_can_be_cancelled_in_the_handler {
        for served in [HttpServer::stateless(), HttpServer::handshake()] {
            let client = served.client();
            client.set_input_handler(MCP_INPUT_FORM, |input| {
                let request = ManuallyDrop::new(Request(input.request()));
                request.cancel().unwrap();
            }).unwrap();
            let request = client.tool_request("ask", form()).unwrap();
            assert_eq!(request.perform().unwrap_err().status, MCP_E_CANCELLED);
            request.start().unwrap();
            assert_eq!(request.wait(60_000), MCP_E_CANCELLED);
        }
    }
}
