//! The standard error of a server's process in the errors of calls.

use behaviour::constants::*;
use behaviour::{Client, Failure, tests};

/// A program that runs a script of the shell.
fn program(script: &str) -> Client {
    let client = Client::stdio(&["/bin/sh", "-c", script]);
    client.set_timeout(40_000);
    client
}

/// The error of a call that runs into its timeout.
fn times_out(client: &Client) -> Failure {
    let request = client.request("ping", None).unwrap();
    request.set_timeout(3000);
    let failure = request.perform().map(drop).unwrap_err();
    assert_eq!(failure.status, MCP_E_TIMEOUT, "{failure:?}");
    failure
}

/// What the server writes before it hangs.
const HANGS: &str = "cat >/dev/null";

tests! {
    timeout_shows_the_standard_error {
        let client = program(&format!("echo 'cannot open /data' >&2; echo wait >&2; {HANGS}"));
        let failure = times_out(&client);
        let shown = "standard error: \"cannot open /data | wait\"";
        assert!(failure.message.contains(shown), "{}", failure.message);
    }

    timeout_without_standard_error_does_not_mention_it {
        let failure = times_out(&program(HANGS));
        assert!(!failure.message.contains("standard error"), "{}", failure.message);
        let client = program(&format!("echo hidden >&2; {HANGS}"));
        client.set_stderr(MCP_STDERR_DISCARD).unwrap();
        let failure = times_out(&client);
        assert!(!failure.message.contains("standard error"), "{}", failure.message);
    }

    first_and_last_lines_are_shown_and_the_others_counted {
        let many = "i=0; while [ $i -lt 3000 ]; do echo \"noise $i\"; i=$((i+1)); done";
        let script = format!("(echo 'Error: no key'; {many}; echo 'ValueError: last') >&2");
        let ended = program(&format!("{script}; exit 3")).ping().unwrap_err();
        assert_eq!(ended.status, MCP_E_PROCESS, "{ended:?}");
        for failure in [ended, times_out(&program(&format!("{script}; {HANGS}")))] {
            let text = &failure.message;
            assert!(text.contains("\"Error: no key | noise 0 | "), "{text}");
            assert!(text.contains(" lines left out ... | "), "{text}");
            assert!(text.contains("| noise 2999 | ValueError: last\""), "{text}");
            assert!(text.len() < 2000 && !text.contains('\n'), "{text}");
        }
    }

    secrets_in_standard_error_are_masked_and_other_variables_are_not {
        let script = "echo \"key=$API_KEY mode=$MODE\" >&2; echo \"$PEM\" >&2; exit 1";
        let client = program(script);
        client.set_env("API_KEY", Some("s3cr3t-value")).unwrap();
        client.set_env("MODE", Some("production")).unwrap();
        let key = "-----BEGIN PRIVATE KEY-----\nAAAABBBBCCCC\n-----END PRIVATE KEY-----\n";
        client.set_env("PEM", Some(key)).unwrap();
        let failure = client.ping().unwrap_err();
        assert!(failure.message.contains("key=[masked] mode=production"), "{}", failure.message);
        assert!(!failure.message.contains("AAAABBBB"), "{}", failure.message);
    }

    bytes_that_are_not_utf_8_are_replaced {
        let failure = program("printf 'caf\\351 ok\\n' >&2; exit 1").ping().unwrap_err();
        assert!(failure.message.contains("caf\u{fffd} ok"), "{}", failure.message);
    }
}
