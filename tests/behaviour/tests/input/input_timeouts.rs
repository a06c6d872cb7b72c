//! An input request pauses the timeout of its call, and ends with its call.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Cancel, Client, HttpServer, Input, Request, SOON, readable, tests};
use serde_json::{Value, json};

/// One of each era.
fn eras() -> [HttpServer; 2] {
    [HttpServer::stateless(), HttpServer::handshake()]
}

/// One of each era on a thread of its own, for tests that wait.
fn in_each_era(test: impl Fn(HttpServer) + Sync) {
    std::thread::scope(|scope| {
        for served in eras() {
            scope.spawn(|| test(served));
        }
    });
}

fn form() -> Value {
    json!({"method": "elicitation/create", "params": {"message": "Who?",
        "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}})
}

/// A client whose questions are kept.
fn keeping(served: &HttpServer) -> (Client, Receiver<Input>) {
    let client = served.client();
    let (sender, inputs) = channel();
    client.set_input_handler(MCP_INPUT_FORM, move |input| sender.send(input).unwrap()).unwrap();
    (client, inputs)
}

fn ask(client: &Client) -> Request {
    client.tool_request("ask", json!({"rounds": [{"who": form()}]})).unwrap()
}

/// A started request whose input request was delivered to the application.
fn asking(client: &Client, inputs: &Receiver<Input>) -> (Request, Input) {
    let request = ask(client);
    request.start().unwrap();
    let start = Instant::now();
    loop {
        assert!(start.elapsed() < SOON);
        client.dispatch(50).unwrap();
        if let Ok(input) = inputs.try_recv() {
            return (request, input);
        }
    }
}

/// A call that is not answered ends in its time.
fn ends_in_time(client: &Client) {
    let request = client.tool_request("hang", json!({})).unwrap();
    request.set_timeout(300);
    // Longer than the test may take.
    request.set_deadline(1_000_000).unwrap();
    assert_eq!(request.perform().unwrap_err().status, MCP_E_TIMEOUT);
    request.start().unwrap();
    assert_eq!(request.wait(1_000_000), MCP_E_TIMEOUT);
}

tests! {
    input_request_pauses_only_the_timeout_of_its_call {
        for served in eras() {
            let (client, inputs) = keeping(&served);
            let (asks, input) = asking(&client, &inputs);
            ends_in_time(&client);
            assert_eq!(asks.status(), MCP_PENDING);
            input.accept(Some(json!({"name": "Ada"}))).unwrap();
            assert_eq!(asks.wait(60_000), 0);
            served.has_no_complaint();
        }
    }

    input_request_of_an_ended_call_pauses_no_timeout {
        for served in eras() {
            let client = served.client();
            let (cancel, kept) = (Arc::new(Cancel::new()), Arc::new(Mutex::new(None)));
            let (fire, slot) = (cancel.clone(), kept.clone());
            client.set_input_handler(MCP_INPUT_FORM, move |input| {
                *slot.lock().unwrap() = Some(input);
                fire.fire();
            }).unwrap();
            let request = ask(&client);
            request.set_cancel(&cancel);
            assert_eq!(request.perform().unwrap_err().status, MCP_E_CANCELLED);
            ends_in_time(&client);
            let input = kept.lock().unwrap().take().unwrap();
            if served.is_stateless() {
                // Nobody is left who would send the answer.
                let failure = input.accept(Some(json!({"name": "Ada"}))).unwrap_err();
                assert_eq!(failure.status, MCP_E_STATE);
                assert!(failure.message.contains("has ended"), "{}", failure.message);
            }
            served.has_no_complaint();
        }
    }

    queued_input_request_ends_with_its_call {
        let served = HttpServer::stateless();
        let (client, inputs) = keeping(&served);
        client.ping().unwrap();
        let cancel = Cancel::new();
        let request = ask(&client);
        request.set_cancel(&cancel);
        request.start().unwrap();
        assert!(readable(client.fd(), 60_000), "the input request has arrived");
        cancel.fire();
        // The background thread sends another request when it has ended this one.
        let other = client.tool_request("echo", json!({})).unwrap();
        other.start().unwrap();
        served.awaits("tools/call", 2);
        assert_eq!(request.wait(60_000), MCP_E_CANCELLED);
        assert!(inputs.try_recv().is_err(), "nobody needs to be asked any more");
    }

    input_request_outside_of_calls_pauses_all_timeouts {
        let served = HttpServer::handshake();
        let (client, inputs) = keeping(&served);
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        assert!(served.mcp.await_listeners(1, SOON));
        client.set_timeout(4000);
        let thread = std::thread::spawn(move || {
            let input = inputs.recv().unwrap();
            std::thread::sleep(Duration::from_millis(4500));
            input.accept(Some(json!({"name": "Ada"}))).unwrap();
        });
        let arguments = json!({"rounds": [{"who": form()}], "on": "get"});
        let told = client.call("ask", arguments).unwrap().told();
        assert_eq!(told[0]["who"]["action"], "accept");
        thread.join().unwrap();
        served.has_no_complaint();
    }

    slow_handler_pauses_the_timeout_of_its_call {
        in_each_era(|served| {
            let client = served.client();
            client.set_input_handler(MCP_INPUT_FORM, |input| {
                std::thread::sleep(Duration::from_millis(4500));
                input.accept(Some(json!({"name": "Ada"}))).unwrap();
            }).unwrap();
            client.set_timeout(4000);
            let told = ask(&client).perform().unwrap().told();
            assert_eq!(told[0]["who"]["action"], "accept");
            served.has_no_complaint();
        });
    }

    timeout_restarts_after_an_input_request {
        in_each_era(|served| {
            let (client, inputs) = keeping(&served);
            let request = client.tool_request("ask", json!({"rounds": [{"a": form()}, {"b": form()}]}));
            let request = request.unwrap();
            request.set_timeout(4000);
            request.start().unwrap();
            for _ in 0..2 {
                let start = Instant::now();
                let input = loop {
                    assert!(start.elapsed() < SOON);
                    client.dispatch(20).unwrap();
                    if let Ok(input) = inputs.try_recv() {
                        break input;
                    }
                };
                std::thread::sleep(Duration::from_millis(2500));
                input.decline().unwrap();
            }
            assert_eq!(request.wait(60_000), 0);
            served.has_no_complaint();
        });
    }
}
