//! Configuration files: reading, errors, and clients made from them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};

use behaviour::constants::*;
use behaviour::{Client, Config, Failure, HttpServer, raw, tests};
use mcp_test_server::mcp::Config as Behaviour;
use mcp_test_server::{Action, Server};
use serde_json::json;

/// A folder with a file, that its owner alone may read.
struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("mcp-config-{}-{number}", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&file.0).unwrap();
        file.with("mcp.json", text.as_bytes(), 0o600);
        file
    }

    fn with(&self, name: &str, bytes: &[u8], mode: u32) -> String {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self) -> String {
        self.0.join("mcp.json").to_str().unwrap().to_owned()
    }

    fn load(&self) -> Config {
        Config::load(&self.path()).unwrap()
    }

    /// Fails at this line of the file.
    fn fails(&self, failure: &Failure, status: i32, line: usize, words: &str) {
        let place = format!("{}:{line}: ", self.path());
        let message = &failure.message;
        assert!(message.starts_with(&place) && message.contains(words), "{message}");
        assert_eq!(failure.status, status, "{message}");
        assert!(!failure.everything().contains("hunter2"));
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A variable that cargo sets: setting one beside other tests is a race.
const VARIABLE: &str = "CARGO_PKG_NAME";

tests! {
    configured_server_is_pinged_with_its_token_and_headers {
        let token = std::env::var(VARIABLE).unwrap();
        let served = HttpServer::new(Behaviour { token: Some(token), ..Behaviour::default() });
        let file = File::new(&format!(
            r#"{{
              "servers": {{
                // The one that is asked.
                "ours": {{
                  "type": "http",
                  "url": "{}",
                  "auth": "${{env:{VARIABLE}}}",
                  "headers": {{ "X-Team": "a-${{{VARIABLE}:-x}}-${{NOT_THERE:-b}}", }},
                }},
                "other": {{ "url": "http://127.0.0.1:1/${{NOT_THERE}}" }},
              }},
            }}"#,
            served.server.url("/mcp")
        ));
        let config = file.load();
        assert_eq!(config.names(), ["ours", "other"]);
        assert_eq!(config.url(1).unwrap(), "http://127.0.0.1:1/${NOT_THERE}");
        assert_eq!((config.command(0), config.url(2), config.command(2)), (None, None, None));
        assert_eq!(config.warnings(), [""; 0]);
        let client = config.client(Some("ours")).unwrap();
        drop(config);
        client.ping().unwrap();
        Client::of_config(&file.path(), Some("ours")).unwrap().ping().unwrap();
        let last = served.log().requests().pop().unwrap();
        assert_eq!(last.header("x-team").unwrap(), "a-behaviour-b");
        served.has_no_complaint();

        let failure = file.load().client(Some("other")).unwrap_err();
        file.fails(&failure, MCP_E_INVALID_ARGUMENT, 10, "servers.other.url: the environment");
        assert!(failure.message.contains("NOT_THERE is not set"));
    }

    configured_timeout_is_used {
        let server = Server::start(|_| vec![Action::Hang]);
        let file = File::new(&format!(
            r#"{{"slow": {{"url": "{}", "timeout": 300}}}}"#,
            server.url("/mcp")
        ));
        let client = Client::of_config(&file.path(), None).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_TIMEOUT);
        assert!(failure.message.contains(" 0.3 s"), "{}", failure.message);
    }

    error_lists_the_names_when_none_matches {
        let file = File::new(
            r#"{"mcpServers": {"a": {"url": "http://h"}, "b": {"command": "x"}}}"#,
        );
        let config = file.load();
        for name in [None, Some("c"), Some("")] {
            for failure in [
                config.client(name).unwrap_err(),
                Client::of_config(&file.path(), name).unwrap_err(),
            ] {
                assert_eq!(failure.status, MCP_E_NOT_FOUND);
                assert!(failure.message.ends_with(r#"there are "a", "b""#), "{failure:?}");
            }
        }
        assert_eq!(config.command(1).unwrap(), "x");
    }

    disabled_server_is_listed_and_not_used {
        let file = File::new("{\"a\": {\"url\": \"http://h\"},\n\"b\": {\"url\": \"http://h\",\n\"disabled\": true}}");
        let config = file.load();
        assert_eq!(config.names(), ["a", "b"]);
        config.client(None).unwrap();
        file.fails(&config.client(Some("b")).unwrap_err(), MCP_E_STATE, 3, "b.disabled: ");
    }

    entry_that_cannot_be_used_keeps_its_error_to_itself {
        let served = HttpServer::stateless();
        let url = served.server.url("/mcp");
        for (bad, status, words) in [
            (r#"{"args": ["no-command.py"]}"#, MCP_E_INVALID_ARGUMENT, &["bad", "command", "url", "args"] as &[&str]),
            (r#"{}"#, MCP_E_INVALID_ARGUMENT, &["neither \"command\" nor \"url\""]),
            (r#"{"cmd": "npx"}"#, MCP_E_INVALID_ARGUMENT, &["but \"cmd\""]),
            (r#"{"command": "", "url": ""}"#, MCP_E_INVALID_ARGUMENT, &["neither"]),
            (r#"{"command": null}"#, MCP_E_INVALID_ARGUMENT, &["neither"]),
            (r#"{"command": ["npx"]}"#, MCP_E_INVALID_ARGUMENT, &["bad.command: is an array"]),
            (r#"{"command": 7}"#, MCP_E_INVALID_ARGUMENT, &["bad.command: is a number"]),
            (r#"{"url": {}}"#, MCP_E_INVALID_ARGUMENT, &["bad.url: is an object"]),
            (r#"{"url": "http://h", "type": "websocket"}"#, MCP_E_INVALID_ARGUMENT, &["\"websocket\" is no transport"]),
            (r#"{"url": "http://h", "headers": []}"#, MCP_E_INVALID_ARGUMENT, &["bad.headers"]),
            (r#"{"url": "no-scheme"}"#, MCP_E_INVALID_ARGUMENT, &["bad.url: ", "scheme"]),
            (r#"{"command": "x", "env": {"A": "${NOT_THERE}"}}"#, MCP_E_INVALID_ARGUMENT, &["bad.env.A", "NOT_THERE"]),
            (r#"{"command": "x", "env": {"A": "${input:k}"}}"#, MCP_E_UNSUPPORTED, &["bad.env.A"]),
            (r#"{"command": "x", "envFile": "none"}"#, MCP_E_NOT_FOUND, &["bad.envFile"]),
            (r#"{"command": "x", "timeout": "1 s"}"#, MCP_E_INVALID_ARGUMENT, &["bad.timeout"]),
            (r#"{"command": "x", "disabled": "yes"}"#, MCP_E_INVALID_ARGUMENT, &["bad.disabled"]),
            (r#"{"command": "x", "disabled": true}"#, MCP_E_STATE, &["bad.disabled", "disabled"]),
            (r#"{"command": "x", "enabled": false}"#, MCP_E_STATE, &["bad.enabled", "disabled"]),
            (r#"{"args": [], "isActive": false}"#, MCP_E_STATE, &["bad.isActive", "disabled"]),
            ("null", MCP_E_INVALID_ARGUMENT, &["bad: is null, not an object"]),
            ("\"npx\"", MCP_E_INVALID_ARGUMENT, &["bad: is a string, not an object"]),
            ("[]", MCP_E_INVALID_ARGUMENT, &["bad: is an array"]),
            ("true", MCP_E_INVALID_ARGUMENT, &["bad: is a boolean"]),
        ] {
            for shape in ["mcpServers", "servers", "context_servers"] {
                let file = File::new(&format!(
                    r#"{{"{shape}": {{"first": {{"url": "{url}"}}, "bad": {bad}, "last": {{"url": "{url}"}}}}}}"#
                ));
                let config = file.load();
                assert_eq!(config.names(), ["first", "bad", "last"]);
                assert_eq!((config.status(0), config.status(2)), (Ok(()), Ok(())), "{bad}");
                let failure = config.status(1).unwrap_err();
                assert_eq!(failure.status, status, "{bad}: {}", failure.message);
                for word in words {
                    assert!(failure.message.contains(word), "{bad}: {}", failure.message);
                }
                assert!(failure.message.starts_with(&format!("{}:1: ", file.path())));
                assert_eq!(config.status(1).unwrap_err(), failure, "the same each time");
                assert_eq!(config.client(Some("bad")).unwrap_err(), failure);
                assert_eq!(Client::of_config(&file.path(), Some("bad")).unwrap_err(), failure);
                config.client(Some("first")).unwrap().ping().unwrap();
                Client::of_config(&file.path(), Some("last")).unwrap().ping().unwrap();
            }
        }
    }

    entry_of_another_dialect_is_read {
        let served = HttpServer::handshake();
        let url = served.server.url("/mcp");
        for text in [
            format!(r#"{{"mcpServers":{{"web":{{"name":"web","description":"","isActive":true,"type":"streamableHttp","url":"{url}","command":"","args":[],"env":{{}},"headers":{{}}}}}}}}"#),
            format!(r#"{{"mcpServers":{{"web":{{"serverUrl":"{url}","disabled":false}}}}}}"#),
            format!(r#"{{"mcpServers":{{"web":{{"httpUrl":"{url}","trust":true}}}},"mcp":{{"allowed":["web"]}}}}"#),
            format!(r#"{{"mcp":{{"inputs":[],"servers":{{"web":{{"type":"http","url":"{url}"}}}}}}}}"#),
            format!(r#"{{"mcp.servers":{{"web":{{"url":"{url}"}}}}}}"#),
            format!(r#"{{"context_servers":{{"web":{{"source":"custom","url":"{url}","enabled":true}}}}}}"#),
            format!(r#"{{"mcp":{{"web":{{"type":"remote","url":"{url}","enabled":true}}}}}}"#),
        ] {
            let file = File::new(&text);
            let config = file.load();
            assert_eq!(config.warnings(), [""; 0], "{text}");
            assert_eq!(config.status(0), Ok(()), "{text}");
            config.client(Some("web")).unwrap().ping().unwrap();
            config.client(None).unwrap().ping().unwrap();
        }
        let server = behaviour::stdio_server!("");
        let (program, rest) = server.argv().split_first().map(|(one, all)| (one.to_string(), json!(all))).unwrap();
        let program = json!(program);
        for text in [
            format!(r#"{{"context_servers":{{"local":{{"source":"custom","command":{{"path":{program},"args":{rest},"env":{{}}}},"settings":{{}}}}}}}}"#),
            format!(r#"{{"context_servers":{{"local":{{"command":{program},"args":{rest},"env":null}}}}}}"#),
            format!(r#"{{"mcpServers":{{"local":{{"type":"local","command":{program},"args":{rest},"tools":["*"]}}}}}}"#),
        ] {
            let file = File::new(&text);
            file.load().client(None).unwrap().ping().unwrap();
        }
    }

    timeout_in_seconds_is_read_as_seconds_where_the_dialect_has_them {
        let server = Server::start(|_| vec![Action::Hang]);
        let url = server.url("/mcp");
        let file = File::new(&format!(
            "{{\"mcpServers\": {{\"a\": {{\"url\": \"{url}\", \"timeout\": 1, \"alwaysAllow\": []}},\n\
             \"b\": {{\"url\": \"{url}\", \"timeout\": 60}}}}}}"
        ));
        let config = file.load();
        let warnings = config.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        for words in [":2: mcpServers.b.timeout: ", "60 milliseconds", "60000"] {
            assert!(warnings[0].contains(words), "{warnings:?}");
        }
        for (name, time) in [("a", " 1 s"), ("b", " 0.06 s")] {
            let client = config.client(Some(name)).unwrap();
            let failure = client.ping().unwrap_err();
            assert_eq!(failure.status, MCP_E_TIMEOUT);
            assert!(failure.message.contains(time), "{name}: {}", failure.message);
        }
    }

    server_that_is_switched_off_is_not_started {
        let server = behaviour::stdio_server!("");
        let (program, rest) = (json!(server.argv()[0]), json!(&server.argv()[1..]));
        for off in [
            r#""disabled": true"#, r#""enabled": false"#, r#""enable": false"#, r#""isActive": false"#,
            r#""active": false"#, r#""is_enabled": false"#, r#""enabled": "false""#, r#""disabled": 1"#,
            r#""isActive": "no""#,
        ] {
            let file = File::new(&format!(
                r#"{{"mcpServers":{{"off":{{{off},"command":{program},"args":{rest}}}}}}}"#));
            let failure = Client::of_config(&file.path(), Some("off")).unwrap_err();
            let key = off.split('"').nth(1).unwrap();
            let words = format!("mcpServers.off.{key}: ");
            assert!(failure.message.contains(&words), "{}", failure.message);
            let is_flag = off.ends_with("true") || off.ends_with(" false");
            let status = if is_flag { MCP_E_STATE } else { MCP_E_INVALID_ARGUMENT };
            assert_eq!(failure.status, status, "{off}");
        }
        for list in [r#""disabledMcpServers":["off"]"#, r#""mcp":{"excluded":["off"]}"#, r#""mcp":{"allowed":[]}"#] {
            let file = File::new(&format!(
                r#"{{{list},"mcpServers":{{"off":{{"command":{program},"args":{rest}}}}}}}"#));
            let failure = Client::of_config(&file.path(), None).unwrap_err();
            assert_eq!(failure.status, MCP_E_STATE, "{list}: {}", failure.message);
        }
        assert_eq!(server.log(), [""; 0], "never started");
    }

    toml_and_yaml_are_named_with_the_key_to_write {
        let file = File::new("");
        for (name, text, words) in [
            ("config.toml", "[mcp_servers.docs]\ncommand = \"npx\"\n", "is TOML, not JSON: write its table [mcp_servers.docs]"),
            ("config.yaml", "extensions:\n  fetch:\n    cmd: uvx\n", "is YAML, not JSON: write its key extensions"),
            ("mcp.json", "mcpServers:\n  - name: a\n", "is YAML, not JSON: write its key mcpServers"),
        ] {
            let path = file.with(name, text.as_bytes(), 0o600);
            let failure = Config::load(&path).unwrap_err();
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);
            let message = &failure.message;
            assert!(message.starts_with(&format!("{path}:1: ")), "{message}");
            assert!(message.contains(words) && message.contains("{\"mcpServers\": {"), "{message}");
        }
    }

    variables_of_an_editor_are_unsupported {
        let file = File::new(
            "{\"servers\": {\n\
             \"input\": {\"url\": \"http://h\", \"headers\": {\"K\": \"${input:key}\"}}},\n\
             \"inputs\": [{\"id\": \"key\", \"type\": \"promptString\"}]}",
        );
        let config = file.load();
        let failure = config.client(Some("input")).unwrap_err();
        file.fails(&failure, MCP_E_UNSUPPORTED, 2, "servers.input.headers.K: ");
        assert!(failure.message.contains("the value of key into the environment"));
    }

    configured_oauth_never_opens_a_browser {
        let served = HttpServer::new(Behaviour { token: Some("t".into()), ..Behaviour::default() });
        let file = File::new(&format!(
            "{{\"plain\": {{\"url\": \"{0}\", \"auth\": \"oauth\"}},\n\
             \"known\": {{\"url\": \"{0}\", \"auth\": {{\"CLIENT_ID\": \"a\",\n\
             \"CLIENT_SECRET\": \"hunter2\", \"scopes\": [\"b\"]}}}},\n\
             \"token\": {{\"url\": \"{0}\", \"auth\": \"t\"}},\n\
             \"wrong\": {{\"url\": \"{0}\", \"auth\": {{\"scopes\": [\"b\u{e9}\"]}}}}}}",
            served.server.url("/mcp")
        ));
        let config = file.load();
        for name in ["plain", "known"] {
            let client = config.client(Some(name)).unwrap();
            let failure = client.ping().unwrap_err();
            assert_eq!(failure.status, MCP_E_UNAUTHORIZED, "{}", failure.message);
            assert!(failure.message.contains("mcp_auth_set_browser()"), "{}", failure.message);
            assert!(!failure.everything().contains("hunter2"));
            let auth = unsafe { raw::mcp_client_ref_auth(client.0) };
            assert!(!auth.is_null());
            unsafe { raw::mcp_auth_free(auth) };
        }
        let client = config.client(Some("token")).unwrap();
        assert!(unsafe { raw::mcp_client_ref_auth(client.0) }.is_null());
        assert_eq!(Failure::last().status, MCP_E_UNSUPPORTED);
        let failure = config.client(Some("wrong")).unwrap_err();
        file.fails(&failure, MCP_E_INVALID_ARGUMENT, 5, "wrong.auth: scope has a character");
    }

    env_file_is_read_relative_to_the_configuration {
        let file = File::new(
            "{\"a\": {\"command\": \"x\",\n\"envFile\": \".env\"},\n\
             \"b\": {\"command\": \"x\", \"envFile\": \"none.env\"}}",
        );
        file.with(".env", b"A=1\nhunter2\n", 0o600);
        let config = file.load();
        let failure = config.client(Some("a")).unwrap_err();
        file.fails(&failure, MCP_E_INVALID_ARGUMENT, 2, "a.envFile: line 2 of that file");
        file.fails(&config.client(Some("b")).unwrap_err(), MCP_E_NOT_FOUND, 3, "b.envFile: ");
    }

    warning_is_given_for_a_secret_that_others_may_read {
        let literal = r#"{"a": {"url": "http://h", "headers": {"K": "hunter2"}}}"#;
        let reference = r#"{"a": {"url": "http://h", "headers": {"K": "${KEY}"}}}"#;
        for (text, mode, is_warned) in [
            (literal, 0o600, false),
            (literal, 0o700, false),
            (literal, 0o622, false),
            (literal, 0o640, true),
            (literal, 0o604, true),
            (reference, 0o644, false),
        ] {
            let file = File::new("");
            let path = file.with("mcp.json", text.as_bytes(), mode);
            let warnings = file.load().warnings();
            assert_eq!(warnings.len(), usize::from(is_warned), "{mode:o} {warnings:?}");
            if let Some(warning) = warnings.first() {
                assert!(warning.starts_with(&format!("{path}:1: a.headers.K: ")), "{warning}");
                assert!(warning.contains(&format!("mode {mode:04o}")), "{warning}");
                assert!(!warning.contains("hunter2"));
            }
        }
    }

    unreadable_file_gives_the_status_for_its_reason {
        let file = File::new("{\n\"mcpServers\": {\"a\": {\"auth\": \"hunter2}}}");
        let failure = Config::load(&file.path()).unwrap_err();
        file.fails(&failure, MCP_E_INVALID_ARGUMENT, 2, "is not JSON");
        let fails = |path: &str, status: i32, words: &str| {
            let failure = Config::load(path).unwrap_err();
            assert_eq!(failure.status, status, "{failure:?}");
            assert!(failure.message.contains(words), "{failure:?}");
            assert_eq!(Client::of_config(path, None).unwrap_err(), failure);
        };
        fails(&file.0.join("none").to_string_lossy(), MCP_E_NOT_FOUND, "no such file");
        fails("", MCP_E_NOT_FOUND, "no such file");
        fails(&file.0.to_string_lossy(), MCP_E_INVALID_ARGUMENT, "no regular file");
        fails(&file.with("x", b"{\n\"\xff\"}", 0o600), MCP_E_INVALID_ARGUMENT, "line 2 is not UTF-8");
        let mut large = b"{\"mcpServers\": {}}".to_vec();
        large.resize(1024 * 1024, b' ');
        assert!(Config::load(&file.with("x", &large, 0o600)).unwrap().names().is_empty());
        large.push(b' ');
        fails(&file.with("x", &large, 0o600), MCP_E_TOO_LARGE, "1048576");
        let fifo = file.0.join("fifo").to_str().unwrap().to_owned();
        let path = behaviour::c(&fifo);
        assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
        fails(&fifo, MCP_E_INVALID_ARGUMENT, "no regular file");
    }

    text_is_read_like_a_file {
        let token = std::env::var(VARIABLE).unwrap();
        let served = HttpServer::new(Behaviour { token: Some(token), ..Behaviour::default() });
        let text = format!(
            r#"{{"mcpServers": {{"ours": {{"url": "{}", "auth": "${{{VARIABLE}}}"}},
                "own": {{"command": "prog", "envFile": "vars"}}, "bad": {{"url": 7}} }}}} "#,
            served.server.url("/mcp")
        );
        let file = File::new("{}");
        file.with("vars", b"A=1\n", 0o600);
        let config = Config::parse(&text, Some(file.0.to_str().unwrap())).unwrap();
        assert_eq!(config.names(), ["ours", "own", "bad"]);
        config.client(Some("ours")).unwrap().ping().unwrap();
        assert_eq!(config.status(1), Ok(()));
        assert!(config.status(2).unwrap_err().message.starts_with("json:2: mcpServers.bad.url: "));
        assert!(config.warnings()[0].starts_with("json:2: mcpServers.bad.url: "));
        assert!(config.client(Some("none")).unwrap_err().message.starts_with("json: has no server"));
        // The file that a path names is in the directory.
        let elsewhere = Config::parse(&text, Some("/nowhere")).unwrap();
        let failure = elsewhere.client(Some("own")).unwrap_err();
        assert!(failure.message.contains("envFile"), "{}", failure.message);
        assert!(Config::parse(&text, None).is_ok());
    }

    text_that_is_no_configuration_is_an_error {
        for (text, words) in [("", "json"), ("{", "json:1"), ("[]", "json:1"), ("{}", "json")] {
            let failure = Config::parse(text, None).map(drop).unwrap_err();
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT, "{text}: {}", failure.message);
            assert!(failure.message.starts_with(words), "{text}: {}", failure.message);
        }
        let failure = Config::parse(&" ".repeat((1 << 20) + 1), None).map(drop).unwrap_err();
        assert_eq!(failure.status, MCP_E_TOO_LARGE);
        unsafe {
            assert!(raw::mcp_config_parse(null(), 0, null()).is_null());
            assert_eq!(Failure::last().status, MCP_E_INVALID_ARGUMENT);
            assert!(raw::mcp_config_parse(c"\xff".as_ptr(), 1, null()).is_null());
            assert_eq!(Failure::last().status, MCP_E_INVALID_ARGUMENT);
        }
    }

    null_argument_is_refused_or_gives_nothing {
        unsafe {
            for is_null in [
                raw::mcp_config_load(null()).is_null(),
                raw::mcp_config_new_client(null(), null()).is_null(),
            ] {
                assert!(is_null);
                assert_eq!(Failure::last().status, MCP_E_INVALID_ARGUMENT);
            }
            assert_eq!(raw::mcp_config_count(null()), 0);
            assert!(raw::mcp_config_warning(null(), 0).is_null());
            assert!(raw::mcp_config_name(null(), 0).is_null());
            assert!(raw::mcp_config_url(null(), 0).is_null());
            assert!(raw::mcp_config_command(null(), 0).is_null());
            assert!(raw::mcp_config_warning(null(), 0).is_null());
            assert_eq!(raw::mcp_config_status(null(), 0), MCP_E_INVALID_ARGUMENT);
            assert!(raw::mcp_config_error(null(), 0).is_null());
            raw::mcp_config_free(null_mut());
        }
    }

    one_configuration_serves_several_threads {
        let served = HttpServer::stateless();
        let file = File::new(&format!(r#"{{"a": {{"url": "{}"}}}}"#, served.server.url("/mcp")));
        let config = file.load();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        assert_eq!(config.names(), ["a"]);
                        config.client(Some("a")).unwrap().ping().unwrap();
                    }
                });
            }
        });
    }
}
