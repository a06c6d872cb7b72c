//! Servers that write something else than one message on each line: the error
//! of the call says what arrived.

use std::io::Write;
use std::time::Instant;

use behaviour::constants::*;
use behaviour::{AT_ONCE, Client, Failure, tests};
use serde_json::{Value, json};

/// Long enough for the first call of a client, and short, as it expires.
const TIMEOUT: i64 = 2200;

/// A client of a server that writes these bytes for each message; `None` means
/// the correct response.
fn writes(say: impl Fn(&Value) -> Option<Vec<u8>> + Send + 'static) -> Client {
    let client = Client::of_line_server(move |message, output| {
        let bytes = say(message).unwrap_or_else(|| {
            let mut line = good(message).to_string().into_bytes();
            line.push(b'\n');
            line
        });
        if message["id"].is_null() { Ok(()) } else { output.write_all(&bytes) }
    });
    client.set_timeout(40_000);
    client
}

fn good(message: &Value) -> Value {
    let id = &message["id"];
    let result = match message["method"].as_str().unwrap_or_default() {
        "server/discover" => {
            return json!({"jsonrpc": "2.0", "id": id,
                "error": {"code": -32601, "message": "Method not found"}});
        }
        "initialize" => json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": "s", "version": "1"}}),
        "tools/list" => json!({"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}),
        _ => json!({}),
    };
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

fn list(client: &Client) -> Failure {
    let request = client.request("tools/list", None).unwrap();
    request.set_repeatable(false).unwrap();
    request.set_timeout(TIMEOUT);
    request.perform().map(drop).unwrap_err()
}

fn has(failure: &Failure, words: &[&str]) {
    for word in words {
        assert!(failure.message.contains(word), "no {word:?} in {}", failure.message);
    }
}

/// A client of a shell script.
fn script(text: &str) -> Client {
    let client = Client::stdio(&["sh", "-c", text]);
    client.set_timeout(40_000);
    client
}

tests! {
    log_before_the_json_on_the_line_is_quoted {
        let client = writes(|message| {
            (message["method"] == "tools/list")
                .then(|| format!("INFO listing {}\n", good(message)).into_bytes())
        });
        let failure = list(&client);
        assert_eq!(failure.status, MCP_E_TIMEOUT);
        has(&failure, &["no answer within 2.2 s", "1 line ", "not a message", "\"INFO listing {"]);
        client.ping().unwrap();
    }

    indented_response_is_counted_by_its_lines {
        let client = writes(|message| {
            (message["method"] == "tools/list").then(|| {
                format!("{}\n\n", serde_json::to_string_pretty(&good(message)).unwrap()).into_bytes()
            })
        });
        let lines = serde_json::to_string_pretty(&good(&json!({"method": "tools/list"})))
            .unwrap().lines().count();
        has(&list(&client), &[&format!("{lines} lines "), "not a message", "the first: \"{\""]);
        client.ping().unwrap();
    }

    another_framing_is_quoted {
        let client = writes(|message| {
            let text = good(message).to_string();
            Some(format!("Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes())
        });
        client.set_connect_timeout(200);
        let failure = list(&client);
        has(&failure, &["not a message", "Content-Length"]);
    }

    input_of_the_connection_phase_counts {
        let client = writes(|message| match message["method"].as_str() {
            Some("initialize") => Some(format!("Listening\n{}\n", good(message)).into_bytes()),
            Some("tools/list") => Some(Vec::new()),
            _ => None,
        });
        has(&list(&client), &["1 line ", "not a message", "Listening"]);
        // The next call began later.
        let failure = list(&client);
        assert_eq!(failure.status, MCP_E_TIMEOUT);
        assert!(!failure.message.contains("not a message"), "{}", failure.message);
    }

    line_without_a_line_break_is_quoted_at_the_timeout {
        let client = writes(|message| {
            (message["method"] == "tools/list").then(|| good(message).to_string().into_bytes())
        });
        let failure = list(&client);
        assert_eq!(failure.status, MCP_E_TIMEOUT);
        has(&failure, &["1 line", "not a message", "a line break", "\"{\"id\":"]);
    }

    last_line_without_a_line_break_is_taken_if_it_is_whole {
        let start = Instant::now();
        for (line, status) in [
            (r#"{\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":{\"code\":5,\"message\":\"m\"}}"#, MCP_E_RPC),
            (r#"{\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":"#, MCP_E_PROCESS),
        ] {
            let handshake = r#"id=0; while read line; do id=$((id+1)); case "$line" in
                *'"server/discover"'*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":\"no\"}";;
                *'"initialize"'*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{}}}";;
                *'"notifications/initialized"'*) id=$((id-1));;
                *) printf '%s' "LINE"; exit 0;; esac; done"#;
            let client = script(&handshake.replace("LINE", line));
            let failure = client.ping_once().unwrap_err();
            assert_eq!(failure.status, status, "{}", failure.message);
        }
        assert!(start.elapsed() < AT_ONCE);
    }

    empty_lines_do_not_count {
        let client = writes(|message| {
            (message["method"] == "tools/list").then(|| b"\n \r\n\t\n".to_vec())
        });
        let failure = list(&client);
        assert!(!failure.message.contains("not a message"), "{}", failure.message);
    }

    end_of_the_process_says_what_came_before {
        let client = script("read line; echo 'Server listening'; echo on port 8080; exit 3");
        let failure = client.ping_once().unwrap_err();
        assert_eq!((failure.status, failure.exit_status), (MCP_E_PROCESS, 3));
        has(&failure, &["not a message", "the first: \"Server listening\""]);
    }

    end_of_the_stream_says_what_came_before {
        let client = writes(|message| {
            (message["method"] == "tools/list").then(|| b"Traceback (most recent call last)\n".to_vec())
        });
        client.connect().unwrap();
        let failure = list(&client);
        has(&failure, &["1 line ", "not a message", "Traceback"]);
    }

    malformed_response_to_the_handshake_fails_or_leads_on_at_once {
        let start = Instant::now();
        let client = writes(|message| {
            (message["method"] == "initialize").then(|| {
                let text = good(message).to_string().replace("\"s\"", "NaN");
                format!("{text}\n").into_bytes()
            })
        });
        let failure = client.connect().map(drop).unwrap_err();
        assert_eq!(failure.status, MCP_E_PROTOCOL, "{}", failure.message);
        has(&failure, &["malformed", "at byte"]);
        assert!(start.elapsed() < AT_ONCE);
    }
}
