use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::entry::EntryTarget;
use super::*;
use crate::client::options::server::HttpTransport;
use crate::platform::testing::assert_linear;

/// A file that uses every known key.
const GOOD: &str = r#"{
  // Claude's, Cursor's and FastMCP's
  "mcpServers": {
    "weather": {
      "url": "https://${HOST}/mcp?k=${KEY:-none}",
      "transport": "streamable-http",
      "auth": "${env:TOKEN}",
      "headers": { "X-Plain": "hunter2", "X-Team": "a ${TEAM:-}b", },
      "timeout": 30000,
      "tools": { "x": [1, { "y": null }] },
    },
    /* a program */
    "my files": {
      "type": "stdio",
      "command": "${HOME}/bin/files",
      "args": ["--root", "$$x", "${A}${B:-b}"],
      "env": { "A": "${A}", "N": 1.50, "GONE": null, "EMPTY": "" },
      "cwd": "/tmp/${A}",
      "envFile": "${A}.env",
      "disabled": false,
      "auth": null,
    },
    "off": { "url": "http://127.0.0.1/sse", "type": "sse", "disabled": true },
  },
}
"#;

fn parse(text: &str) -> Result<Document> {
    Document::parse("f.json", text)
}

fn variables(name: &str) -> Option<OsString> {
    Some(match name {
        "A" => "a".into(),
        "EMPTY" => "".into(),
        "HOST" => "example.com".into(),
        "HOME" => "/home/u".into(),
        "TOKEN" => "t0ken".into(),
        "BYTES" => OsString::from_vec(vec![0xff]),
        _ => return None,
    })
}

fn file(path: &str) -> Result<Secret> {
    match path {
        "a.env" => Ok(Secret::from("A=file\nFILE='f $A'\nGONE=1\n")),
        "wrong.env" => Ok(Secret::from("A=1\nhunter2\n")),
        _ => Err(Error::new(Status::NotFound, "the file cannot be read: no such file")),
    }
}

const REFERENCES: References<'_> = References { variable: &variables, file: &file };

/// The error for the first server: from the file, its entry or its client.
fn failure(text: &str) -> (Status, String) {
    let error = match parse(text) {
        Err(error) => error,
        Ok(document) => match ResolvedEntry::new(&document.entries[0], &REFERENCES) {
            Err(error) => error,
            Ok(entry) => client(&entry).map(drop).unwrap_err(),
        },
    };
    (error.status(), error.message().to_owned())
}

fn config(text: &str) -> Config {
    let Document { entries, warnings } = parse(text).unwrap();
    Config { name: "f.json".into(), folder: PathBuf::new(), entries, warnings }
}

#[test]
fn reads_addresses_and_programs() {
    let config = config(GOOD);
    let shown: Vec<(&str, Option<&str>, Option<&str>)> =
        config.entries.iter().map(|one| (&*one.name, one.url(), one.command())).collect();
    assert_eq!(
        shown,
        [
            ("weather", Some("https://${HOST}/mcp?k=${KEY:-none}"), None),
            ("my files", None, Some("${HOME}/bin/files")),
            ("off", Some("http://127.0.0.1/sse"), None),
        ]
    );
    assert!(config.warnings.is_empty());
    assert_eq!(config.entries[0].timeout, Some(30000));

    let entry = ResolvedEntry::new(&config.entries[0], &REFERENCES).unwrap();
    let ResolvedTarget::Address { url, headers, auth, transport } = &entry.target else { panic!() };
    assert_eq!(url.1.expose(), "https://example.com/mcp?k=none");
    let Some(ResolvedAuth::Token(_, token)) = auth else { panic!() };
    assert_eq!(token.expose(), "t0ken");
    assert_eq!(*transport, HttpTransport::StreamableHttp);
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, _, value)| (*name, value.expose())).collect();
    assert_eq!(headers, [("X-Plain", "hunter2"), ("X-Team", "a b")]);
    assert_eq!(client(&entry).unwrap().options().timeout.as_millis(), 30000);

    let entry = ResolvedEntry::new(&config.entries[1], &REFERENCES).unwrap();
    let ResolvedTarget::Program { command, args, env, cwd, .. } = &entry.target else { panic!() };
    assert_eq!(command.expose(), "/home/u/bin/files");
    let args: Vec<&str> = args.iter().map(Secret::expose).collect();
    assert_eq!(args, ["--root", "$$x", "ab"]);
    let env: Vec<(&str, &str)> =
        env.iter().map(|(name, value)| (&**name, value.expose())).collect();
    assert_eq!(env, [("FILE", "f $A"), ("A", "a"), ("N", "1.50"), ("EMPTY", "")]);
    assert_eq!(cwd.as_ref().unwrap().expose(), "/tmp/a");
}

#[test]
fn reads_every_shape_of_the_root() {
    for (text, names) in [
        (r#"{"mcpServers": {}}"#, &[] as &[&str]),
        (r#"{"servers": {"a": {"type": "http", "url": "x"}}, "inputs": [1]}"#, &["a"]),
        (r#"{"$schema": "x", "b": {"command": "x"}, "a": {"url": "y"}, "n": 1}"#, &["b", "a"]),
    ] {
        let document = parse(text).unwrap();
        let found: Vec<&str> = document.entries.iter().map(|one| &*one.name).collect();
        assert_eq!(found, names, "{text}");
    }
}

#[test]
fn knows_the_transports() {
    for (shape, said, expected) in [
        ("mcpServers", "", HttpTransport::Auto),
        ("mcpServers", r#", "type": "http""#, HttpTransport::StreamableHttp),
        ("mcpServers", r#", "type": "streamableHttp""#, HttpTransport::StreamableHttp),
        ("mcpServers", r#", "transport": "sse", "type": "sse""#, HttpTransport::Sse),
        ("mcpServers", r#", "transport": null"#, HttpTransport::Auto),
        ("servers", r#", "type": "http""#, HttpTransport::Auto),
        ("servers", r#", "type": "sse""#, HttpTransport::Sse),
    ] {
        let document = parse(&format!(r#"{{"{shape}": {{"a": {{"url": "x"{said}}}}}}}"#)).unwrap();
        let target = document.entries[0].target.as_ref();
        let Ok(EntryTarget::Address { transport, .. }) = target else { panic!() };
        assert_eq!(*transport, expected, "{shape} {said}");
    }
}

/// Errors of a file that has no servers at all.
#[test]
fn refuses_a_file_with_line_and_key() {
    for (text, place, what) in [
        ("", "f.json:1: ", "column 1: is not JSON"),
        ("{\n\"mcpServers\": {\n", "f.json:2: ", "unterminated object"),
        ("[]", "f.json:1: ", "is an array, not an object"),
        ("\n{}", "f.json:2: ", "no \"mcpServers\""),
        ("{\"a\": {\"x\": 1}}", "f.json:1: ", "no \"mcpServers\""),
        ("{\n\"mcpServers\": []}", "f.json:2: mcpServers: ", "is an array, not an object"),
        ("{\n\"servers\": 1}", "f.json:2: servers: ", "is a number, not an object"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        let message = error.message();
        assert!(message.starts_with(place) && message.contains(what), "{text}: {message}");
    }
}

#[test]
fn refuses_a_server_with_line_and_key() {
    for (members, line, key, what) in [
        ("", 2, "", "neither \"command\" nor \"url\""),
        (r#""url": "x", "command": "y""#, 2, "", "both \"command\" and \"url\""),
        (r#""url": 1"#, 3, ".url", "is a number: write a string"),
        (r#""url": "x${""#, 3, ".url", "without its \"}\""),
        (r#""url": "x${A:-${B}}""#, 3, ".url", "inside another"),
        (r#""url": "x${A B}""#, 3, ".url", "names no variable"),
        (r#""url": "x\u0000""#, 3, ".url", "NUL"),
        (r#""command": ["x"]"#, 3, ".command", "is an array"),
        (r#""command": "x", "auth": "hunter2""#, 3, ".auth", "no token for a program"),
        (r#""command": "x", "headers": {"a": "hunter2"}"#, 3, ".headers.a", "no headers"),
        (r#""command": "x", "args": "y""#, 3, ".args", "write an array of strings"),
        ("\"command\": \"x\", \"args\": [\"y\",\n2]", 4, ".args[1]", "is a number"),
        ("\"command\": \"x\", \"args\": [\"y\",\n\"${\"]", 4, ".args[1]", "without its"),
        (r#""command": "x", "env": ["hunter2"]"#, 3, ".env", "an object of strings"),
        (r#""command": "x", "env": {"A": true}"#, 3, ".env.A", "is a boolean"),
        (r#""command": "x", "env": {"A": "hunter2${"}"#, 3, ".env.A", "without its"),
        (r#""command": "x", "env": {"A=B": "hunter2"}"#, 3, ".env[\"A=B\"]", "name"),
        (r#""command": "x", "cwd": 1"#, 3, ".cwd", "is a number"),
        (r#""command": "x", "envFile": {}"#, 3, ".envFile", "is an object"),
        (r#""command": "x", "type": "http""#, 3, ".type", "write \"stdio\""),
        (r#""command": "x", "transport": "sse""#, 3, ".transport", "write \"stdio\""),
        (r#""url": "x", "type": "stdio""#, 3, ".type", "\"command\" in place"),
        (r#""url": "x", "type": "websocket""#, 3, ".type", "\"websocket\" is no transport"),
        (r#""url": "x", "type": 1"#, 3, ".type", "is a number"),
        (r#""url": "x", "type": "sse", "transport": "http""#, 3, ".type", "keep one"),
        (r#""url": "x", "auth": 1"#, 3, ".auth", "is a number"),
        (r#""url": "x", "auth": "hunter2${""#, 3, ".auth", "without its"),
        (r#""url": "x", "auth": {"CLIENT_ID": 1}"#, 3, ".auth.CLIENT_ID", "is a number"),
        (
            r#""url": "x", "auth": {"CLIENT_SECRET": "hunter2"}"#,
            3,
            ".auth.CLIENT_SECRET",
            "without \"CLIENT_ID\"",
        ),
        (r#""url": "x", "auth": {"scopes": "a"}"#, 3, ".auth.scopes", "an array of strings"),
        (r#""url": "x", "auth": {"scopes": ["a", 1]}"#, 3, ".auth.scopes[1]", "is a number"),
        (r#""url": "x", "headers": []"#, 3, ".headers", "an object of strings"),
        (r#""url": "x", "headers": {"A": 1}"#, 3, ".headers.A", "is a number"),
        (r#""url": "x", "headers": {"A": null}"#, 3, ".headers.A", "is null"),
        (
            "\"url\": \"x\", \"auth\": \"hunter2\",\n\"headers\": {\"authorization\": \"hunter2\"}",
            4,
            ".headers.authorization",
            "beside \"auth\"",
        ),
        (r#""url": "x", "timeout": 0"#, 3, ".timeout", "is 0, not a whole number"),
        (r#""url": "x", "timeout": -5"#, 3, ".timeout", "is -5"),
        (r#""url": "x", "timeout": 1.5"#, 3, ".timeout", "is 1.5"),
        (r#""url": "x", "timeout": 2147483648"#, 3, ".timeout", "to 2147483647"),
        (r#""url": "x", "timeout": "30""#, 3, ".timeout", "is a string: write a number"),
        (r#""url": "x", "disabled": "yes""#, 3, ".disabled", "true or false"),
    ] {
        let text = format!(
            "{{\"mcpServers\": {{\n\"a\": {{\n{members}}},\n\"good\": {{\"command\": \"x\"}}}}}}"
        );
        let config = config(&text);
        let error = config.entries[0].target.as_ref().unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        let message = error.message();
        let place = format!("f.json:{line}: mcpServers.a{key}: ");
        assert!(message.starts_with(&place) && message.contains(what), "{text}: {message}");
        assert!(!message.contains("hunter2"), "{message}");
        // The entry keeps its error to itself.
        assert_eq!(config.warnings, [message]);
        assert_eq!(config.fault(0).unwrap().message(), message);
        assert_eq!(config.client(Some("a")).unwrap_err().message(), message);
        assert!(config.fault(1).is_none() && config.client(Some("good")).is_ok());
        assert_eq!(config.entry(None).unwrap().name, "good");
    }
}

/// Errors that are found when a client is made.
#[test]
fn refuses_a_client_with_line_and_key() {
    use Status::{InvalidArgument, NotFound, State, Unsupported};
    for (members, key, status, what) in [
        (r#""url": "${NONE}""#, ".url", InvalidArgument, "variable NONE is not set"),
        (r#""url": "x${BYTES}""#, ".url", InvalidArgument, "BYTES is not UTF-8"),
        (r#""url": "${input:key}""#, ".url", Unsupported, "the value of key into"),
        (r#""url": "${command:x}""#, ".url", Unsupported, "\"${command:x}\" is known"),
        (r#""url": "${workspaceFolder}""#, ".url", InvalidArgument, "or set an environment"),
        (r#""url": "hunter2:/""#, ".url", InvalidArgument, "url has no scheme"),
        (r#""url": "${EMPTY}""#, ".url", InvalidArgument, "url is empty"),
        (r#""url": "http://h", "auth": "${NONE}""#, ".auth", InvalidArgument, "NONE"),
        (r#""url": "http://h", "auth": "${EMPTY}""#, ".auth", InvalidArgument, "is empty"),
        (r#""url": "http://h", "auth": "Bearer hunter2""#, ".auth", InvalidArgument, "prefix"),
        (r#""url": "http://h", "auth": {"CLIENT_ID": ""}"#, ".auth", InvalidArgument, "is empty"),
        (
            r#""url": "http://h", "auth": {"CLIENT_ID": "a", "CLIENT_SECRET": "hunter2\n"}"#,
            ".auth",
            InvalidArgument,
            "client_secret is empty",
        ),
        (
            r#""url": "http://h", "auth": {"CLIENT_ID": "${NONE}"}"#,
            ".auth.CLIENT_ID",
            InvalidArgument,
            "NONE is not set",
        ),
        (
            r#""url": "http://h", "auth": {"scopes": ["a\"b"]}"#,
            ".auth",
            InvalidArgument,
            "no scope has",
        ),
        (
            r#""url": "http://h", "headers": {"Host": "hunter2"}"#,
            ".headers.Host",
            InvalidArgument,
            "written by the library",
        ),
        (
            r#""url": "http://h", "headers": {"A": "hunter2\n"}"#,
            ".headers.A",
            InvalidArgument,
            "control character",
        ),
        (
            r#""url": "http://h", "headers": {"A": "${NONE}"}"#,
            ".headers.A",
            InvalidArgument,
            "NONE",
        ),
        (r#""url": "http://h", "disabled": true"#, ".disabled", State, "disabled"),
        (r#""command": "${NONE}""#, ".command", InvalidArgument, "NONE"),
        (r#""command": "x", "args": ["", "${NONE}"]"#, ".args[1]", InvalidArgument, "NONE"),
        (r#""command": "x", "env": {"A": "${NONE}"}"#, ".env.A", InvalidArgument, "NONE"),
        (r#""command": "x", "cwd": "${NONE}""#, ".cwd", InvalidArgument, "NONE"),
        (r#""command": "x", "envFile": "no.env""#, ".envFile", NotFound, "cannot be read"),
        (r#""command": "x", "envFile": "wrong.env""#, ".envFile", InvalidArgument, "line 2"),
    ] {
        let (found, message) = failure(&format!("{{\"servers\": {{\n\"a\": {{\n{members}}}}}}}"));
        let place = format!("f.json:3: servers.a{key}: ");
        assert!(message.starts_with(&place) && message.contains(what), "{members}: {message}");
        assert_eq!(found, status, "{members}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn takes_the_default_of_an_unset_or_empty_variable() {
    for (written, value) in [
        ("${NONE:-d}", "d"),
        ("${EMPTY:-d}", "d"),
        ("${A:-d}", "a"),
        ("${EMPTY}", ""),
        ("${env:NONE:-}", ""),
        ("$${A}$A", "$a$A"),
        ("${workspaceFolder:-/x}", "/x"),
    ] {
        let text = format!(r#"{{"a": {{"command": "x", "cwd": "{written}"}}}}"#);
        let document = parse(&text).unwrap();
        let entry = ResolvedEntry::new(&document.entries[0], &REFERENCES).unwrap();
        let ResolvedTarget::Program { cwd: Some(cwd), .. } = entry.target else { panic!() };
        assert_eq!(cwd.expose(), value, "{written}");
    }
}

#[test]
fn finds_a_server_by_its_name_or_as_the_only_one() {
    let message = |config: &Config, name: Option<&str>| {
        let error = config.entry(name).unwrap_err();
        assert_eq!(error.status(), Status::NotFound);
        error.message().to_owned()
    };
    let all = config(GOOD);
    assert_eq!(all.entry(Some("my files")).unwrap().name, "my files");
    let names = "there are \"weather\", \"my files\", \"off\"";
    assert!(message(&all, Some("x")).contains("no server \"x\""));
    assert!(message(&all, Some("x")).ends_with(names));
    assert_eq!(all.entry(None).unwrap_err().status(), Status::NotFound);
    assert!(message(&all, None).ends_with(names));
    let one = config(r#"{"a": {"url": "x"}, "b": {"url": "y", "disabled": true}}"#);
    assert_eq!(one.entry(None).unwrap().name, "a");
    let off = config(r#"{"b": {"url": "y", "disabled": true}}"#);
    assert_eq!(off.entry(None).unwrap().name, "b");
    assert!(message(&config(r#"{"mcpServers": {}}"#), None).contains("there are none"));
    let many: Vec<String> = (0..25).map(|at| format!("\"{at}\": {{\"url\": \"x\"}}")).collect();
    let many = config(&format!("{{{}}}", many.join(",")));
    assert!(message(&many, None).ends_with("\"19\" and 5 others"));
}

/// Entries that are no object, or whose name cannot be used.
#[test]
fn keeps_the_error_of_an_entry_to_the_entry() {
    for (entry, place, what) in [
        ("\"bad\": true", "bad: ", "is a boolean, not an object"),
        ("\"bad\": null", "bad: ", "is null, not an object"),
        ("\"bad\": \"npx\"", "bad: ", "is a string, not an object"),
        ("\"bad\": []", "bad: ", "is an array, not an object"),
        ("\"bad\": {}", "bad: ", "has neither \"command\" nor \"url\": write"),
        ("\"b\\u0000\": {\"url\": \"x\"}", "[", "NUL"),
        (r#""bad": {"args": ["a.py"]}"#, "bad: ", r#"nor "url", but "args": write"#),
        (r#""bad": {"cmd": "x", "args": []}"#, "bad: ", r#"nor "url", but "cmd": write"#),
        (r#""bad": {"endpoint": "http://h"}"#, "bad: ", r#"but "endpoint""#),
        (r#""bad": {"command": "", "url": null}"#, "bad: ", r#"has neither "command""#),
        (r#""bad": {"command": null, "args": [1]}"#, "bad: ", r#"but "args""#),
        (r#""bad": {"source": "extension", "settings": {}}"#, "bad: ", "an extension of an editor"),
        (r#""bad": {"disabled": true}"#, "bad: ", "has neither"),
    ] {
        let text = format!("{{\"mcpServers\": {{{entry},\n\"good\": {{\"command\": \"x\"}}}}}}");
        let config = config(&text);
        assert_eq!(config.entries.len(), 2, "{text}");
        assert_eq!(config.warnings.len(), 1, "{text}");
        let begin = format!("f.json:1: mcpServers{}{place}", if place == "[" { "" } else { "." });
        let warning = &config.warnings[0];
        assert!(warning.starts_with(&begin) && warning.contains(what), "{text}: {warning}");
        assert!(config.fault(0).is_some() && config.fault(1).is_none(), "{text}");
        assert!(config.client(Some("good")).is_ok());
        assert_eq!(config.entry(None).unwrap().name, "good");
    }
}

#[test]
fn limits_the_warnings_about_entries() {
    let all: Vec<String> = (0..120).map(|at| format!("\"{at}\": {{}}")).collect();
    let config = config(&format!("{{\"mcpServers\": {{{}}}}}", all.join(",")));
    assert_eq!((config.entries.len(), config.warnings.len()), (120, 101));
    assert_eq!(config.warnings[100], "f.json:1: 20 other servers have mistakes as well");
}

#[test]
fn counts_an_empty_text_as_absent() {
    for (members, url) in [
        (r#""url": "http://h", "command": """#, true),
        (r#""url": "http://h", "command": null, "args": [], "env": {}, "type": """#, true),
        (r#""serverUrl": "http://h", "url": "", "httpUrl": null"#, true),
        (r#""command": "x", "url": "", "transport": "", "cwd": "", "envFile": """#, false),
        (r#""isActive": true, "type": "streamableHttp", "url": "http://h", "command": """#, true),
    ] {
        let config = config(&format!(r#"{{"servers": {{"a": {{{members}}}}}}}"#));
        assert_eq!(config.warnings, [""; 0], "{members}");
        assert_eq!(config.entries[0].url().is_some(), url, "{members}");
        config.client(Some("a")).unwrap();
    }
}

#[test]
fn reads_the_dialects_of_applications() {
    for (text, url, command) in [
        // Windsurf, Cherry Studio, Gemini CLI.
        (
            r#"{"mcpServers": {"a": {"isActive": true, "type": "streamableHttp",
               "baseUrl": "http://h", "command": ""}}}"#,
            Some("http://h"),
            None,
        ),
        (r#"{"mcpServers": {"a": {"serverUrl": "http://h"}}}"#, Some("http://h"), None),
        (
            r#"{"mcpServers": {"a": {"httpUrl": "http://h", "trust": false}}}"#,
            Some("http://h"),
            None,
        ),
        (
            r#"{"mcpServers": {"a": {"url": "http://h", "httpUrl": "http://h"}}}"#,
            Some("http://h"),
            None,
        ),
        // VS Code: the file of a workspace, and the settings.
        (
            r#"{"inputs": [], "servers": {"a": {"type": "http", "url": "http://h"}}}"#,
            Some("http://h"),
            None,
        ),
        (r#"{"x": 1, "mcp": {"inputs": [], "servers": {"a": {"command": "x"}}}}"#, None, Some("x")),
        (r#"{"mcp.servers": {"a": {"command": "x"}}}"#, None, Some("x")),
        // Zed.
        (
            r#"{"context_servers": {"a": {"source": "custom", "command": {"path": "x", "args": ["y"], "env": {"A": "1"}}, "settings": {}}}}"#,
            None,
            Some("x"),
        ),
        (
            r#"{"context_servers": {"a": {"command": "x", "args": [], "env": null}}}"#,
            None,
            Some("x"),
        ),
        (
            r#"{"context_servers": {"a": {"source": "custom", "url": "http://h"}}}"#,
            Some("http://h"),
            None,
        ),
        // Cline, Roo Code, Copilot, opencode, Amp.
        (
            r#"{"mcpServers": {"a": {"type": "streamableHttp", "url": "http://h"}}}"#,
            Some("http://h"),
            None,
        ),
        (
            r#"{"mcpServers": {"a": {"type": "local", "command": "x", "tools": ["*"]}}}"#,
            None,
            Some("x"),
        ),
        (
            r#"{"mcp": {"a": {"type": "local", "command": ["x", "y"], "environment": {"A": "1"}, "enabled": true}}}"#,
            None,
            Some("x"),
        ),
        (r#"{"mcp": {"a": {"type": "remote", "url": "http://h"}}}"#, Some("http://h"), None),
        (r#"{"amp.mcpServers": {"a": {"command": "x"}}}"#, None, Some("x")),
        // Both, where the type says which.
        (
            r#"{"mcpServers": {"a": {"type": "http", "url": "http://h", "command": "x"}}}"#,
            Some("http://h"),
            None,
        ),
        (
            r#"{"mcpServers": {"a": {"type": "stdio", "url": "http://h", "command": "x"}}}"#,
            None,
            Some("x"),
        ),
        // Options of Gemini CLI beside the servers.
        (r#"{"mcp": {"allowed": ["a"]}, "mcpServers": {"a": {"command": "x"}}}"#, None, Some("x")),
    ] {
        let config = config(text);
        assert_eq!(config.warnings, [""; 0], "{text}");
        let entry = &config.entries[0];
        assert_eq!((entry.url(), entry.command()), (url, command), "{text}");
        config.client(None).unwrap();
    }
    let zed = config(
        r#"{"context_servers": {"a": {"command": {"path": "x", "args": ["y"], "env": {"A": "1"}}}}}"#,
    );
    let entry = ResolvedEntry::new(&zed.entries[0], &REFERENCES).unwrap();
    let ResolvedTarget::Program { args, env, .. } = &entry.target else { panic!() };
    assert_eq!((args[0].expose(), env[0].0.as_str(), env[0].1.expose()), ("y", "A", "1"));
    for (inner, key) in
        [(r#"{}"#, ""), (r#"{"path": 1}"#, ".path"), (r#"{"path": "x", "args": "y"}"#, ".args")]
    {
        let config = config(&format!(r#"{{"context_servers": {{"a": {{"command": {inner}}}}}}}"#));
        let begin = format!("f.json:1: context_servers.a.command{key}: ");
        assert!(config.warnings[0].starts_with(&begin), "{:?}", config.warnings);
    }
}

#[test]
fn reads_a_timeout_in_the_unit_of_its_dialect() {
    for (members, timeout, warning) in [
        (r#""timeout": 60, "autoApprove": []"#, Some(60_000), ""),
        (r#""timeout": 60, "alwaysAllow": ["echo"]"#, Some(60_000), ""),
        (r#""timeout": 60, "alwaysAllow": null"#, Some(60_000), ""),
        (r#""timeout": 0.5, "autoApprove": []"#, Some(500), ""),
        (r#""timeout": 999, "autoApprove": []"#, Some(999_000), ""),
        (r#""timeout": 1000, "autoApprove": []"#, Some(1000), ""),
        (r#""timeout": 30000, "autoApprove": []"#, Some(30_000), ""),
        (r#""timeout": 60"#, Some(60), "mcpServers.a.timeout: is 60 milliseconds"),
        (r#""timeout": 999, "disabled": false"#, Some(999), "write 999000 if 999 seconds"),
        (r#""timeout": 1000"#, Some(1000), ""),
        (r#""timeout": null"#, None, ""),
    ] {
        let config =
            config(&format!(r#"{{"mcpServers": {{"a": {{"command": "x", {members}}}}}}}"#));
        assert_eq!(config.entries[0].timeout, timeout, "{members}");
        match config.warnings.as_slice() {
            [] => assert_eq!(warning, "", "{members}"),
            [found] => assert!(found.contains(warning) && !warning.is_empty(), "{found}"),
            more => panic!("{more:?}"),
        }
    }
    let config = config(r#"{"a": {"command": "x", "timeout": 60, "autoApprove": []}}"#);
    let client = config.client(None).unwrap();
    assert_eq!(client.options().timeout.as_millis(), 60_000);
}

#[test]
fn leaves_a_server_off_that_is_switched_off() {
    for (members, key) in [
        (r#""disabled": true"#, "disabled"),
        (r#""disable": true"#, "disable"),
        (r#""isDisabled": true"#, "isDisabled"),
        (r#""enabled": false"#, "enabled"),
        (r#""enable": false"#, "enable"),
        (r#""enabled": true, "enable": false"#, "enable"),
        (r#""isEnabled": false"#, "isEnabled"),
        (r#""isActive": false"#, "isActive"),
        (r#""is_active": false"#, "is_active"),
        (r#""active": false"#, "active"),
        (r#""enabled": true, "disabled": true"#, "disabled"),
        (r#""enabled": false, "disabled": false"#, "enabled"),
        (r#""state": "disabled""#, "state"),
        (r#""options": {"enabled": false}"#, "options.enabled"),
        (r#""options": {"disabled": true}"#, "options.disabled"),
    ] {
        for shape in ["mcpServers", "servers", "context_servers", "mcp"] {
            let text = format!(r#"{{"{shape}": {{"off": {{{members}, "command": "x"}}}}}}"#);
            let config = config(&text);
            let error = config.client(Some("off")).unwrap_err();
            assert_eq!(error.status(), Status::State, "{text}");
            let begin = format!("f.json:1: {shape}.off.{key}: the server \"off\" is disabled");
            assert!(error.message().starts_with(&begin), "{text}: {}", error.message());
            assert_eq!(config.warnings, [""; 0]);
            assert_eq!(config.fault(0).unwrap().status(), Status::State);
        }
    }
    for (members, key) in [
        (r#""disabled": "no""#, "disabled"),
        (r#""enabled": "false""#, "enabled"),
        (r#""enabled": 0"#, "enabled"),
        (r#""isActive": {}"#, "isActive"),
        (r#""options": {"enabled": "off"}"#, "options.enabled"),
    ] {
        let text = format!(r#"{{"mcpServers": {{"a": {{{members}, "command": "x"}}}}}}"#);
        let config = config(&text);
        let error = config.client(Some("a")).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument, "{text}");
        let begin = format!("f.json:1: mcpServers.a.{key}: is ");
        assert!(error.message().starts_with(&begin), "{text}: {}", error.message());
        assert!(error.message().contains("true or false"));
    }
    for members in [
        r#""disabled": false"#,
        r#""disabled": null, "enabled": null"#,
        r#""enabled": true, "isActive": true, "active": true"#,
        r#""state": "enabled""#,
        r#""options": {}"#,
        r#""options": 1"#,
    ] {
        let text = format!(r#"{{"mcpServers": {{"a": {{{members}, "command": "x"}}}}}}"#);
        config(&text).client(None).unwrap();
    }
}

#[test]
fn leaves_a_server_off_that_a_list_of_the_file_switches_off() {
    let servers = r#""mcpServers": {"on": {"command": "x"}, "off": {"command": "x"}}"#;
    for (lists, key) in [
        (r#""disabledMcpServers": ["off", 1]"#, "disabledMcpServers[0]"),
        (r#""disabledMcpjsonServers": ["off"]"#, "disabledMcpjsonServers[0]"),
        (r#""disabledServers": "off""#, "disabledServers"),
        (r#""disabledServers": {"off": {}}"#, "disabledServers.off"),
        (r#""excludeMCPServers": ["x", "off"]"#, "excludeMCPServers[1]"),
        (r#""allowMCPServers": ["on"]"#, "allowMCPServers"),
        (r#""mcp": {"excluded": ["off"]}"#, "mcp.excluded[0]"),
        (r#""mcp": {"allowed": ["on"]}"#, "mcp.allowed"),
    ] {
        let config = config(&format!("{{{lists},\n{servers}}}"));
        assert_eq!(config.warnings, [""; 0], "{lists}");
        let error = config.client(Some("off")).unwrap_err();
        assert_eq!(error.status(), Status::State, "{lists}");
        let begin = format!("f.json:1: {key}: the server \"off\" is disabled");
        assert!(error.message().starts_with(&begin), "{lists}: {}", error.message());
        config.client(Some("on")).unwrap();
        assert_eq!(config.entry(None).unwrap().name, "on");
    }
    let config =
        config(&format!(r#"{{"disabledServers": 7, "mcp": {{"allowed": null}}, {servers}}}"#));
    assert!(
        config.warnings[0].starts_with("f.json:1: disabledServers: is a number: write an array")
    );
    assert!(config.client(Some("off")).is_ok());
}

#[test]
fn says_what_to_write_for_toml_and_yaml() {
    for (text, words) in [
        ("[mcp_servers.docs]\ncommand = \"npx\"\n", "f.json:1: is TOML, not JSON: write its table"),
        (
            "extensions:\n  a:\n    cmd: x\n",
            "f.json:1: is YAML, not JSON: write its key extensions",
        ),
    ] {
        let message = parse(text).unwrap_err().message().to_owned();
        assert!(message.starts_with(words), "{message}");
    }
}

#[test]
fn warns_of_a_limited_number_of_repeated_members() {
    let members = "\"a\": 1,".repeat(5000);
    let text = format!("{{\"mcpServers\": {{\"s\": {{{members} \"command\": \"x\"}}}}}}");
    let warnings = parse(&text).unwrap().warnings;
    assert_eq!(warnings.len(), 101);
    assert_eq!(warnings[100], "f.json:1: 4899 other members are there twice");
}

#[test]
fn refuses_references_that_stand_for_too_many_bytes() {
    let long = |_: &str| Some("v".repeat(100_000).into());
    let references = References { variable: &long, file: &file };
    for (entry, is_right) in [
        (format!("\"command\": \"x\", \"args\": [{}\"\"]", "\"${A}\",".repeat(40)), true),
        (format!("\"command\": \"x\", \"args\": [{}\"\"]", "\"${A}\",".repeat(5000)), false),
        (format!("\"command\": \"x\", \"cwd\": \"{}\"", "${A:-}".repeat(5000)), false),
        (format!("\"url\": \"http://h/{}\"", "${A}".repeat(5000)), false),
        (
            format!("\"url\": \"http://h/\", \"headers\": {{\"a\": \"{}\"}}", "${A}".repeat(5000)),
            false,
        ),
    ] {
        let document = parse(&format!("{{\"mcpServers\": {{\"s\": {{{entry}}}}}}}")).unwrap();
        let resolved = ResolvedEntry::new(&document.entries[0], &references);
        match resolved.map(drop) {
            Ok(()) => assert!(is_right),
            Err(error) => {
                assert!(!is_right && error.status() == Status::TooLarge, "{}", error.message());
                assert!(error.message().contains("4194304") && error.message().len() < 200);
            }
        }
    }
}

#[test]
fn warns_about_ignored_parts() {
    let document = parse(
        "{\"servers\": {\"x\": 1},\n\"mcpServers\": {\n\"a\": {\"url\": \"x\"},\n\
         \"a\": {\"url\": \"y\",\n\"headers\": {\"K\": \"hunter2\",\n\"k\": \"hunter3\"}}}}",
    );
    let Document { entries, warnings } = document.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].url(), Some("y"));
    assert_eq!(
        warnings,
        [
            "f.json:1: servers: is ignored, because there is \"mcpServers\"",
            "f.json:3: mcpServers.a: is there twice: the one in line 4 counts",
            "f.json:5: mcpServers.a.headers.K: is there twice: the one in line 6 counts",
        ]
    );
}

#[test]
fn gives_the_client_the_authorization_of_the_file() {
    for (auth, known, scope) in [
        (r#""oauth""#, None, None),
        ("{}", None, None),
        (r#"{"CLIENT_ID": "${A}", "scopes": []}"#, Some(("a", None)), None),
        (
            r#"{"CLIENT_ID": "i", "CLIENT_SECRET": "${TOKEN}", "scopes": ["x", "y z", "x"]}"#,
            Some(("i", Some("t0ken"))),
            Some("x y z x"),
        ),
        (r#"{"CLIENT_ID": null, "scopes": ["${A}"], "other": 1}"#, None, Some("a")),
    ] {
        let text = format!(r#"{{"a": {{"url": "http://h", "auth": {auth}}}}}"#);
        let config = config(&text);
        let client = client(&ResolvedEntry::new(&config.entries[0], &REFERENCES).unwrap()).unwrap();
        let settings = client.auth().unwrap().settings();
        let found = settings.client.as_ref();
        let found =
            found.map(|found| (found.id.as_str(), found.secret.as_ref().map(Secret::expose)));
        assert_eq!(found, known, "{auth}");
        assert_eq!(settings.scope.as_deref(), scope, "{auth}");
    }
    let token = config(r#"{"a": {"url": "http://h", "auth": "OAuth"}}"#);
    let client = client(&ResolvedEntry::new(&token.entries[0], &REFERENCES).unwrap()).unwrap();
    assert_eq!(client.auth().unwrap_err().status(), Status::Unsupported);
}

#[test]
fn warns_of_secrets_that_others_may_read() {
    let config = config(GOOD);
    let warning = readable(&config.entries, Access::with_mode(0o100_644)).unwrap();
    let begin = "f.json:8: mcpServers.weather.headers.X-Plain: the value (and 1 other) is";
    assert!(warning.starts_with(begin), "{warning}");
    assert!(warning.contains("mode 0644") && !warning.contains("hunter2"));
    let none = r#"{"a": {"url": "x", "auth": "${T}", "headers": {"A": "Basic ${T}", "B": ""}}}"#;
    assert!(readable(&parse(none).unwrap().entries, Access::with_mode(0o644)).is_none());
    let token = r#"{"a": {"url": "x", "auth": "hunter2"}}"#;
    let warning = readable(&parse(token).unwrap().entries, Access::with_mode(0o604)).unwrap();
    assert!(warning.starts_with("f.json:1: a.auth: the value is"), "{warning}");
    let secret = r#"{"a": {"url": "x", "auth": {"CLIENT_ID": "a", "CLIENT_SECRET": "hunter2"}}}"#;
    let warning = readable(&parse(secret).unwrap().entries, Access::with_mode(0o604)).unwrap();
    assert!(warning.starts_with("f.json:1: a.auth.CLIENT_SECRET: the value is"), "{warning}");
}

/// A file that is cut anywhere, or has any byte changed, is refused or read.
#[test]
fn ends_on_any_text() {
    for (cut, _) in GOOD.char_indices() {
        // Only blanks are cut.
        let is_whole = cut >= GOOD.trim_end().len();
        match parse(&GOOD[..cut]) {
            Ok(document) => assert!(is_whole && document.entries.len() == 3, "{cut}"),
            Err(error) => assert!(!is_whole && error.message().starts_with("f.json:"), "{cut}"),
        }
    }
    for at in 0..GOOD.len() {
        for byte in *b"\"\\{]:,/$0\n" {
            let mut bytes = GOOD.as_bytes().to_vec();
            bytes[at] = byte;
            if let Ok(document) = parse(std::str::from_utf8(&bytes).unwrap()) {
                for entry in &document.entries {
                    let _ = ResolvedEntry::new(entry, &REFERENCES)
                        .and_then(|resolved| client(&resolved));
                }
            }
        }
    }
}

#[test]
fn reads_a_file_of_a_mebibyte_in_linear_time() {
    let many = |size: usize| format!("{{{}}}", "\"a\":{\"url\":\"x\"},".repeat(size / 17));
    assert_linear("a file of servers", LARGEST as usize, many, |text| {
        let document = parse(text).unwrap();
        assert!(document.entries.len() == 1 && document.warnings.len() > 100);
    });
    let long = |size: usize| {
        let (name, args) = ("n".repeat(size / 10), "\"${A}\",".repeat(size / 8));
        format!("{{\"{name}\":{{\"command\":\"x\",\"args\":[{args}]}}}}")
    };
    assert_linear("a server with arguments", LARGEST as usize, long, |text| {
        assert_eq!(parse(text).unwrap().entries.len(), 1);
    });
}
