//! The tools, resources and prompts that the server names.

use serde_json::{Value, json};

use crate::encoding::base64;

/// A picture and a sound, as far as a client can tell.
pub const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\xff";
pub const SOUND: &[u8] = b"RIFF\0\0\0\0WAVE";

/// The marks of the tool `marked`: where in the arguments, header, type.
pub const MARKS: [(&str, &str, &str); 5] = [
    ("/region", "Region", "string"),
    ("/count", "Count", "integer"),
    ("/dry", "Dry", "boolean"),
    ("/nested/deep", "Deep", "string"),
    ("/x-mcp-header", "Method", "string"),
];

pub fn tools(many: usize, is_renamed: bool) -> Vec<Value> {
    let any = json!({"type": "object"});
    let mut all = vec![json!({
        "name": "echo",
        "title": "Echo",
        "description": "Gives its arguments back.",
        "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}},
            "$defs": {"kept": {"$ref": "https://example.com/never-fetched"}}},
        "annotations": {"title": "Not this one", "readOnlyHint": true, "idempotentHint": true,
            "destructiveHint": false},
        "icons": [{"src": "https://example.com/icon.png", "sizes": ["48x48"]}],
        "_meta": {"com.example/kept": [1, 2.50, "\u{e9}"]},
    })];
    all.push(json!({"name": "structured", "inputSchema": any.clone(),
        "outputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}},
        "annotations": {"title": "From the annotation"}}));
    let names = [
        "text",
        "image",
        "contents",
        "fails",
        "bare",
        "old",
        "slow",
        "log",
        "hang",
        "silent",
        "ask",
        "breaks",
        "drops",
        "batch",
        "malformed",
        "push",
        "deep",
        "chatters",
        "odd",
        "error",
    ];
    all.extend(names.map(plain));
    all.push(marked(is_renamed));
    all.extend(wrongly_marked());
    all.extend((1..=many).map(|number| plain(&format!("tool-{number:05}"))));
    all
}

/// A tool of which there is no more to say.
pub(crate) fn plain(name: &str) -> Value {
    json!({"name": name, "inputSchema": {"type": "object"}})
}

fn marked(is_renamed: bool) -> Value {
    let region = if is_renamed { "Zone" } else { "Region" };
    json!({"name": "marked", "inputSchema": {"type": "object", "properties": {
        "region": {"type": "string", "x-mcp-header": region},
        "count": {"type": "integer", "x-mcp-header": "Count"},
        "dry": {"type": "boolean", "x-mcp-header": "Dry"},
        "nested": {"type": "object", "properties": {
            "deep": {"type": "string", "x-mcp-header": "Deep"}}},
        // A property of that name, which bears a mark.
        "x-mcp-header": {"type": "string", "x-mcp-header": "Method"},
        "plain": {"type": "string", "default": {"x-mcp-header": "not a mark"}},
    }}})
}

/// Tools that a client leaves out over HTTP in the stateless era.
fn wrongly_marked() -> Vec<Value> {
    let of = |name: &str, properties: Value| {
        json!({"name": format!("bad-{name}"),
            "inputSchema": {"type": "object", "properties": properties}})
    };
    let mark = |kind: Value, mark: Value| json!({"type": kind, "x-mcp-header": mark});
    let good = || json!({"type": "string", "x-mcp-header": "Good"});
    vec![
        of("empty", json!({"a": mark(json!("string"), json!(""))})),
        of("character", json!({"a": mark(json!("string"), json!("A B"))})),
        of("line-break", json!({"a": mark(json!("string"), json!("A\r\nX-Evil: 1"))})),
        of("not-text", json!({"a": mark(json!("string"), json!(7))})),
        of("number", json!({"a": mark(json!("number"), json!("A"))})),
        of("two-types", json!({"a": mark(json!(["string", "null"]), json!("A"))})),
        of("no-type", json!({"a": {"x-mcp-header": "A"}})),
        of("object", json!({"a": mark(json!("object"), json!("A"))})),
        of("twice", json!({"a": good(), "b": mark(json!("string"), json!("gOOD"))})),
        of("items", json!({"a": {"type": "array", "items": good()}})),
        of("one-of", json!({"a": {"oneOf": [good()]}})),
        of("additional", json!({"a": {"type": "object", "additionalProperties": good()}})),
        json!({"name": "bad-definition", "inputSchema": {"type": "object",
            "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": good()}}}),
        json!({"name": "bad-root", "inputSchema": {"type": "object", "x-mcp-header": "Root"}}),
    ]
}

pub fn resources(many: usize) -> Vec<Value> {
    let mut all = vec![
        json!({"uri": "test://text", "name": "text", "title": "A text", "description": "Words.",
            "mimeType": "text/plain", "size": 12,
            "annotations": {"audience": ["user"], "priority": 0.5},
            "icons": [{"src": "data:image/png;base64,AA=="}], "_meta": {"com.example/kept": true}}),
        json!({"uri": "test://blob", "name": "blob", "mimeType": "image/png"}),
        json!({"uri": "test://both", "name": "both"}),
        json!({"uri": "test://counter", "name": "counter"}),
        json!({"uri": "test://ask", "name": "ask"}),
    ];
    all.extend((1..=many).map(|number| {
        json!({"uri": format!("test://item/{number}"), "name": format!("resource-{number:05}")})
    }));
    all
}

pub fn templates(many: usize) -> Vec<Value> {
    let mut all = vec![json!({"uriTemplate": "test://item/{id}", "name": "item",
        "title": "An item", "description": "Any of them.", "mimeType": "text/plain"})];
    all.extend((1..=many).map(|number| {
        json!({"uriTemplate": format!("test://{number}/{{id}}"),
            "name": format!("template-{number:05}")})
    }));
    all
}

pub fn prompts(many: usize) -> Vec<Value> {
    let mut all = vec![
        json!({"name": "greet", "title": "Greet", "description": "Says hello.",
            "arguments": [
                {"name": "who", "title": "Who", "description": "Whom to greet.", "required": true},
                {"name": "language"}],
            "icons": [{"src": "https://example.com/icon.png"}],
            "_meta": {"com.example/kept": null}}),
        json!({"name": "plain"}),
        json!({"name": "ask"}),
    ];
    all.extend((1..=many).map(|number| json!({"name": format!("prompt-{number:05}")})));
    all
}

/// A content of each kind, with all that it may have.
pub fn contents() -> Value {
    let (picture, sound) = (base64(PICTURE), base64(SOUND));
    json!([
        {"type": "text", "text": "caf\u{e9} \u{0}\u{1f600}",
            "annotations": {"audience": ["assistant"], "priority": 1,
                "lastModified": "2025-01-12T15:00:58Z"},
            "_meta": {"com.example/kept": 1}},
        {"type": "image", "data": picture, "mimeType": "image/png"},
        {"type": "audio", "data": sound, "mimeType": "audio/wav"},
        {"type": "resource", "resource": {"uri": "test://text", "mimeType": "text/plain",
            "text": "inside"}},
        {"type": "resource", "resource": {"uri": "test://blob", "mimeType": "image/png",
            "blob": picture}},
        {"type": "resource_link", "uri": "test://linked", "name": "linked", "title": "A link",
            "mimeType": "text/x-linked", "size": 42, "description": "Behind it."},
        {"type": "hologram", "depth": 3},
        {"type": "text", "text": "the last"},
        {"type": "image", "data": "not base64!", "mimeType": "image/png"},
    ])
}

/// `resources/read`; None: there is no such resource.
pub fn read(uri: &str, reads: usize) -> Option<Value> {
    let text = |text: String| json!([{"uri": uri, "mimeType": "text/plain", "text": text}]);
    let blob = json!({"uri": uri, "mimeType": "image/png", "blob": base64(PICTURE)});
    Some(match uri {
        "test://text" => text("caf\u{e9} twice".into()),
        "test://blob" => json!([blob]),
        "test://both" => json!([{"uri": "test://both/1", "text": "one"}, blob]),
        "test://counter" => text(format!("read {reads}")),
        "test://empty" => json!([]),
        "test://wrong" => json!([{"uri": uri, "blob": "not base64!"}]),
        _ => text(format!("item {}", uri.strip_prefix("test://item/")?)),
    })
}

/// `prompts/get` of `greet`; None: an argument is missing.
pub fn greet(arguments: &Value) -> Option<Value> {
    let who = arguments["who"].as_str()?;
    let language = arguments["language"].as_str().unwrap_or("english");
    Some(json!({"description": "A greeting", "messages": [
        {"role": "user", "content": {"type": "text", "text": format!("Greet {who} in {language}.")}},
        {"role": "assistant", "content": {"type": "text", "text": format!("Hello, {who}!")}},
        {"role": "user", "content": {"type": "image", "data": base64(PICTURE),
            "mimeType": "image/png"}},
        {"role": "user", "content": {"type": "resource",
            "resource": {"uri": "test://text", "text": "inside"}}},
    ]}))
}

/// `completion/complete`: languages of a prompt, of a country if that was
/// given; numbers of a template, of which there are more than go into a reply.
pub fn complete(params: &Value) -> Value {
    let typed = params["argument"]["value"].as_str().unwrap_or_default();
    let country = params["context"]["arguments"]["country"].as_str().unwrap_or_default();
    let all: Vec<String> = if params["ref"]["type"] == "ref/prompt" {
        let known = [("ee", "estonian"), ("fi", "finnish"), ("fi", "swedish"), ("fr", "french")];
        let there = known.iter().filter(|(of, _)| country.is_empty() || *of == country);
        there.map(|(_, name)| (*name).to_owned()).collect()
    } else {
        (0..150).map(|number| format!("{number}")).collect()
    };
    let fit: Vec<&String> = all.iter().filter(|value| value.starts_with(typed)).collect();
    let mut completion = json!({"values": fit[..fit.len().min(100)]});
    if fit.len() > 100 {
        completion["total"] = json!(fit.len());
        completion["hasMore"] = json!(true);
    }
    json!({"completion": completion})
}
