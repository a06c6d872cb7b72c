//! The chapters of the header, in the order in which a reader needs them.

/// A header file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// What stays as it is.
    Stable,
    /// What belongs to unfinished parts of the specification.
    Draft,
}

impl File {
    pub fn name(self) -> &'static str {
        match self {
            Self::Stable => "mcpclient.h",
            Self::Draft => "mcpclient_draft.h",
        }
    }
}

/// A chapter: its first comment, and what it declares.
#[derive(Debug)]
pub struct Chapter {
    pub file: File,
    pub title: &'static str,
    /// The lines of the comment. A program is indented by four blanks.
    pub text: &'static str,
    /// Names, or the beginnings of names with a star. The longest one that
    /// matches a name decides its chapter; the order here is that of the header.
    pub items: &'static [&'static str],
}

/// The types of the callbacks, in the order in which a reader needs them.
pub const CALLBACK_ORDER: &[&str] = &[
    "mcp_free_fn",
    "mcp_done_fn",
    "mcp_progress_fn",
    "mcp_event_fn",
    "mcp_input_fn",
    "mcp_token_fn",
    "mcp_browser_fn",
    "mcp_device_code_fn",
    "mcp_assertion_fn",
    "mcp_store_fn",
    "mcp_log_fn",
    "mcp_wakeup_fn",
];

/// Functions that return a handle which the application has already.
pub const RETURN_KNOWN_HANDLE: &[&str] =
    &["mcp_client_next_done", "mcp_input_client", "mcp_input_request", "mcp_request_client"];

/// What stands above the types of all callbacks.
pub const CALLBACKS: &str = "\
Every callback gets the user data that was set with it, the handle that it
belongs to, and an object with getters, so that a later library can tell it
more.  The object is valid until the callback returns, and so is everything
that its getters return.  The exceptions are mcp_input and mcp_token_request:
the application owns and frees them, and may answer them later.

A callback runs on a thread of the application, inside mcp_client_dispatch()
or a call that waits; the library holds no lock meanwhile.  If several
threads are in such functions, it may run on several of them at the same
time.  With mcp_client_set_dispatch_only() it runs inside
mcp_client_dispatch() alone.  The exception is mcp_wakeup_fn, which runs on
any thread.

    static void on_event(void *userdata, mcp_client *client,
                         const mcp_event *event)
    {
        const char *method = mcp_event_method(event);

        (void)userdata;
        (void)client;
        printf(\"notification: %s\\n\", method ? method : \"\");
    }";

pub const DRAFT_PREAMBLE: &str = "\
/*
 * mcpclient_draft.h - functions of libmcpclient for parts of the Model
 * Context Protocol that are not finished.
 *
 * Generated from src/ffi by cbindgen.  Edit the sources, not this file.
 *
 * What is declared here carries no promise: it may change or go with any
 * version of the library, as the specification of it changes.  docs/abi.md
 * says how a draft becomes stable.  The rules of mcpclient.h hold here too.
 */
#ifndef MCPCLIENT_DRAFT_H
#define MCPCLIENT_DRAFT_H

#include <mcpclient.h>

#ifdef __cplusplus
extern \"C\" {
#endif
";

pub const DRAFT_TRAILER: &str = "
#ifdef __cplusplus
}
#endif

#endif /* MCPCLIENT_DRAFT_H */
";

pub const CHAPTERS: &[Chapter] = &[
    Chapter {
        file: File::Stable,
        title: "CLIENTS",
        text: "\
A client talks to one server.  This program asks a server if it is there:

    mcp_client *client = mcp_client_new(url, token);

    mcp_client_set_header(client, \"X-Tenant\", \"42\");
    if (mcp_ping(client) == MCP_OK)
        printf(\"%s answers\\n\", url);
    else
        fprintf(stderr, \"%s\\n\", mcp_error_message(NULL));
    mcp_client_free(client);",
        items: &[
            "mcp_client",
            "mcp_client_new",
            "mcp_client_set_header",
            "mcp_ping",
            "mcp_client_free",
            "mcp_client_close",
            "mcp_connect",
            "mcp_client_new_server_result",
            "mcp_client_set_token",
            "mcp_client_set_token_handler",
            "mcp_token_request",
            "mcp_token_request_refused",
            "mcp_token_request_challenge",
            "mcp_token_request_answer",
            "mcp_token_request_fail",
            "mcp_token_request_free",
            "MCP_STATE_*",
            "mcp_client_state",
            "mcp_client_url",
            "mcp_client_set_userdata",
            "mcp_client_userdata",
            "mcp_client_set_info",
            "mcp_client_set_protocol_version",
            "mcp_client_set_capabilities_json",
            "mcp_client_set_meta_json",
            "MCP_VERSION*",
            "mcp_version",
            "mcp_version_number",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "ERRORS",
        text: "\
A function that fails returns a status, and the last error of the thread has
the details:

    switch (mcp_ping(client)) {
    case MCP_OK:
        break;
    case MCP_E_RATE_LIMITED:
        printf(\"again in %ld ms\\n\", (long)mcp_error_retry_after(NULL));
        break;
    default:
        fprintf(stderr, \"%s\\n\", mcp_error_message(NULL));
    }",
        items: &["MCP_OK", "MCP_E_*", "MCP_PENDING", "mcp_status_name", "mcp_error", "mcp_error_*"],
    },
    Chapter {
        file: File::Stable,
        title: "RESULTS",
        text: "\
A call gives a result, which the application reads and frees:

    mcp_result *result = NULL;

    if (mcp_connect(client, &result) == MCP_OK) {
        const char *name = mcp_result_server_name(result);

        printf(\"%s\\n\", name ? name : \"a server without a name\");
        if (mcp_result_has_capability(result, \"tools\"))
            printf(\"It has tools.\\n\");
    }
    mcp_result_free(result);",
        items: &["mcp_result", "mcp_result_*"],
    },
    Chapter {
        file: File::Stable,
        title: "TOOLS",
        text: "\
A tool is a function that the server executes:

    mcp_result *result = NULL;

    if (mcp_call_tool(client, \"add\", \"{\\\"a\\\":1,\\\"b\\\":2}\", &result)
        == MCP_OK) {
        const char *text = mcp_result_text(result, NULL);

        printf(\"%s%s\\n\", mcp_result_is_error(result) ? \"error: \" : \"\",
               text ? text : \"\");
    }
    mcp_result_free(result);",
        items: &[
            "mcp_tool",
            "mcp_list_tools",
            "mcp_call_tool",
            "mcp_result_tool_count",
            "mcp_result_tool",
            "mcp_result_find_tool",
            "mcp_result_is_error",
            "mcp_result_structured*",
            "mcp_result_data",
            "mcp_tool_*",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "CONTENT",
        text: "\
The result of a tool, a resource that was read and the messages of a prompt
consist of content blocks:

    static void show(const mcp_result *result)
    {
        for (size_t i = 0; i < mcp_result_content_count(result); i++) {
            const mcp_content *content = mcp_result_content(result, i);
            const char *text = mcp_content_text(content, NULL);

            if (text)
                puts(text);
        }
    }",
        items: &[
            "MCP_CONTENT_*",
            "mcp_content",
            "mcp_result_content_count",
            "mcp_result_content",
            "mcp_result_text",
            "mcp_content_*",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "RESOURCES",
        text: "\
A resource is data that the server offers to read:

    mcp_result *result = NULL;

    if (mcp_read_resource(client, \"file:///readme.txt\", &result) == MCP_OK) {
        const char *text = mcp_result_text(result, NULL);

        puts(text ? text : \"The resource has no text.\");
    }
    mcp_result_free(result);",
        items: &[
            "mcp_resource",
            "mcp_list_resources",
            "mcp_list_resource_templates",
            "mcp_read_resource",
            "mcp_result_resource_count",
            "mcp_result_resource",
            "mcp_resource_*",
            "mcp_uri_expand",
            "mcp_string_free",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "PROMPTS AND COMPLETION",
        text: "\
A prompt is a template of messages for a language model:

    mcp_result *result = NULL;

    mcp_get_prompt(client, \"review\", \"{\\\"language\\\":\\\"C\\\"}\", &result);
    for (size_t i = 0; i < mcp_result_content_count(result); i++) {
        const mcp_content *message = mcp_result_content(result, i);
        const char *role = mcp_content_role(message);

        printf(\"%s\\n\", role ? role : \"\");
    }
    mcp_result_free(result);",
        items: &[
            "mcp_prompt",
            "mcp_list_prompts",
            "mcp_get_prompt",
            "mcp_result_prompt_count",
            "mcp_result_prompt",
            "mcp_result_prompt_description",
            "mcp_prompt_*",
            "mcp_complete",
            "mcp_result_completion*",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "JSON",
        text: "\
Arguments are built, and members of a server's JSON are read:

    mcp_json *json = mcp_json_new();
    mcp_result *result = NULL;

    mcp_json_set_string(json, \"/city\", \"Turku\");
    mcp_json_set_integer(json, \"/days/-\", 3);
    mcp_call_tool(client, \"forecast\", mcp_json_text(json, NULL), &result);
    mcp_json_free(json);
    mcp_result_free(result);",
        items: &["MCP_JSON_*", "mcp_json", "mcp_json_*"],
    },
    Chapter {
        file: File::Stable,
        title: "REQUESTS",
        text: "\
A request has options that differ from those of its client:

    mcp_request *request = mcp_request_new_call_tool(client, \"build\", NULL);
    mcp_result *result = NULL;

    mcp_request_set_timeout(request, 300000);
    if (mcp_request_perform(request, &result) != MCP_OK)
        fprintf(stderr, \"%s\\n\", mcp_error_message(NULL));
    mcp_result_free(result);
    mcp_request_free(request);",
        items: &[
            "mcp_request",
            "mcp_request_new",
            "mcp_request_new_*",
            "mcp_request_free",
            "mcp_request_perform",
            "mcp_request_error",
            "mcp_request_set_timeout",
            "mcp_request_set_deadline",
            "mcp_request_set_header",
            "mcp_request_set_meta_json",
            "mcp_request_set_repeatable",
            "mcp_request_set_all_pages",
            "mcp_request_set_*",
            "mcp_request_userdata",
            "mcp_request_client",
            "mcp_request_method",
            "mcp_request_set_progress",
            "mcp_progress",
            "mcp_progress_*",
            "mcp_request_cancel",
            "mcp_cancel",
            "mcp_cancel_new",
            "mcp_request_set_cancel",
            "mcp_cancel_*",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "EVENT LOOPS",
        text: "\
A program with a loop starts requests with mcp_request_start(), and
dispatches when the descriptor of the client is readable.  Of the functions
below only mcp_client_dispatch() and mcp_request_wait() wait for a server,
as long as they are told:

    static void on_readable(mcp_client *client)
    {
        mcp_request *done;
        mcp_result *result;

        mcp_client_dispatch(client, 0);
        while ((done = mcp_client_next_done(client)) != NULL) {
            mcp_request_take_result(done, &result);
            if (result != NULL)
                puts(mcp_result_text(result, NULL));
            mcp_result_free(result);
            mcp_request_free(done);
        }
    }",
        items: &[
            "mcp_request_start",
            "mcp_client_fd",
            "mcp_client_dispatch",
            "mcp_client_next_done",
            "mcp_request_take_result",
            "mcp_request_status",
            "mcp_request_wait",
            "mcp_request_set_done",
            "mcp_client_wake",
            "mcp_client_set_wakeup",
            "mcp_client_set_dispatch_only",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "NOTIFICATIONS",
        text: "\
The server tells what has changed:

    static void on_event(void *userdata, mcp_client *client,
                         const mcp_event *event)
    {
        if (mcp_event_kind(event) == MCP_EVENT_TOOLS_CHANGED)
            *(int *)userdata = 1;
        (void)client;
    }

    static void watch(mcp_client *client, int *changed)
    {
        mcp_client_set_event_handler(client, on_event, changed, NULL);
        mcp_listen(client, MCP_EVENT_TOOLS_CHANGED);
    }",
        items: &[
            "mcp_event",
            "mcp_client_set_event_handler",
            "MCP_EVENT_*",
            "mcp_event_*",
            "mcp_listen",
            "mcp_subscribe_resource",
            "mcp_unsubscribe_resource",
            "MCP_LOG_*",
            "mcp_set_log_level",
            "mcp_notify",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "INPUT REQUESTS",
        text: "\
The server asks the application, for example for a form that the person fills
in:

    static void on_input(void *userdata, mcp_client *client,
                         mcp_input *input)
    {
        const char *message = mcp_input_message(input);

        (void)userdata;
        (void)client;
        printf(\"%s\\n\", message ? message : \"The server asks a question.\");
        mcp_input_accept(input, \"{\\\"name\\\":\\\"Ada\\\"}\");
        mcp_input_free(input);
    }",
        items: &[
            "mcp_input",
            "MCP_INPUT_*",
            "mcp_client_set_input_handler",
            "mcp_input_kind",
            "mcp_input_message",
            "mcp_input_schema_json",
            "mcp_input_url",
            "mcp_input_params_json",
            "mcp_input_request",
            "mcp_input_client",
            "mcp_input_*",
            "mcp_input_free",
            "mcp_client_set_roots_json",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "TASKS",
        text: "\
A task is a tool call that continues after the server has answered:

    mcp_request *request = mcp_request_new_call_tool(client, \"render\", NULL);
    mcp_result *result = NULL;

    mcp_request_set_task(request, 3600000);
    if (mcp_request_perform(request, &result) == MCP_OK) {
        const char *id = mcp_task_id(mcp_result_task(result, 0));

        printf(\"%s\\n\", id ? \"The server made a task.\" : \"It is done.\");
    }
    mcp_result_free(result);
    mcp_request_free(request);",
        items: &[
            "mcp_task",
            "mcp_request_set_task",
            "mcp_get_task",
            "mcp_get_task_result",
            "mcp_cancel_task",
            "mcp_result_task_count",
            "mcp_result_task",
            "mcp_task_*",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "SERVER PROCESSES",
        text: "\
A server may be a program that the library starts:

    static const char *const argv[] = {\"weather-server\", \"--metric\", NULL};
    mcp_client *client = mcp_client_new_stdio(argv);

    mcp_client_set_env(client, \"WEATHER_KEY\", key);
    if (mcp_ping(client) != MCP_OK)
        fprintf(stderr, \"%s\\n\", mcp_error_message(NULL));
    mcp_client_free(client);",
        items: &[
            "mcp_client_new_stdio",
            "mcp_client_new_fds",
            "mcp_client_set_env",
            "mcp_client_set_directory",
            "MCP_STDERR_*",
            "mcp_client_set_stderr",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "CONNECTIONS",
        text: "\
How the library reaches a server by HTTP:

    mcp_client *client = mcp_client_new(url, token);

    mcp_client_set_proxy(client, \"http://proxy.example:3128\");
    mcp_client_set_ca_file(client, \"/etc/company/ca.pem\");
    if (mcp_ping(client) == MCP_E_TLS)
        fprintf(stderr, \"%s\\n\", mcp_error_message(NULL));
    mcp_client_free(client);",
        items: &[
            "MCP_TRANSPORT_*",
            "mcp_client_set_transport",
            "mcp_client_transport",
            "mcp_client_set_proxy",
            "mcp_client_set_ca_*",
            "mcp_client_set_certificate*",
            "mcp_client_set_unix_socket",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "TIME AND LIMITS",
        text: "\
Every wait has an end, and every buffer has a limit:

    mcp_client_set_timeout(client, 20000);
    mcp_client_set_deadline(client, 600000);
    mcp_client_set_limit(client, MCP_LIMIT_MESSAGE_SIZE, 1048576);
    if (mcp_ping(client) == MCP_E_TIMEOUT)
        fprintf(stderr, \"%s\\n\", mcp_error_message(NULL));",
        items: &[
            "mcp_client_set_timeout",
            "mcp_client_set_deadline",
            "mcp_client_set_close_timeout",
            "mcp_client_set_keepalive",
            "MCP_LIMIT_*",
            "mcp_client_set_limit",
            "MCP_ALLOW_*",
            "mcp_client_set_allow",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "SIGN-IN",
        text: "\
A person signs in with a browser, and the library gets and renews the tokens:

    mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
    mcp_client *client = mcp_client_new(url, NULL);

    mcp_auth_set_browser(auth, mcp_open_browser, NULL, NULL);
    mcp_client_set_auth(client, auth);
    mcp_auth_free(auth);
    if (mcp_ping(client) != MCP_OK)
        fprintf(stderr, \"%s\\n\", mcp_error_message(NULL));
    mcp_client_free(client);",
        items: &[
            "mcp_auth",
            "MCP_GRANT_*",
            "mcp_auth_new",
            "mcp_auth_free",
            "mcp_client_set_auth",
            "mcp_client_ref_auth",
            "mcp_sign_in",
            "mcp_sign_out",
            "mcp_auth_set_browser",
            "mcp_open_browser",
            "mcp_auth_set_device_handler",
            "mcp_sign_in_page",
            "mcp_sign_in_page_*",
            "mcp_auth_set_redirect_url",
            "mcp_auth_complete",
            "mcp_auth_set_sign_in_timeout",
            "mcp_auth_set_store_file",
            "mcp_auth_set_store",
            "mcp_store_entry",
            "mcp_store_entry_*",
            "mcp_auth_set_client",
            "mcp_auth_set_client_key",
            "mcp_auth_set_client_metadata_url",
            "mcp_auth_set_identity_provider",
            "mcp_auth_set_assertion_handler",
            "mcp_assertion",
            "mcp_assertion_*",
            "mcp_auth_*",
        ],
    },
    Chapter {
        file: File::Stable,
        title: "CONFIGURATION FILES",
        text: "\
The servers of a configuration file that other programs use as well:

    mcp_config *config = mcp_config_load(\"mcp.json\");

    for (size_t i = 0; i < mcp_config_count(config); i++)
        if (mcp_config_status(config, i) == MCP_OK)
            printf(\"%s\\n\", mcp_config_name(config, i));
    mcp_config_free(config);",
        items: &["mcp_config", "mcp_config_*"],
    },
    Chapter {
        file: File::Stable,
        title: "DIAGNOSTICS",
        text: "\
What the library does, for a person who looks for a fault:

    mcp_client_set_trace_fd(client, 2);
    mcp_ping(client);
    printf(\"requests sent again: %ld\\n\",
           (long)mcp_client_counter(client, MCP_COUNTER_REPETITIONS));",
        items: &[
            "mcp_client_set_trace_fd",
            "mcp_client_set_log",
            "mcp_log_record",
            "mcp_log_record_*",
            "MCP_COUNTER_*",
            "mcp_client_counter",
        ],
    },
    Chapter {
        file: File::Draft,
        title: "SKILLS",
        text: "\
A skill is a folder of instructions for a language model (extension
io.modelcontextprotocol/skills):

    mcp_result *result = NULL;

    if (mcp_list_skills(client, &result) == MCP_OK)
        for (size_t i = 0; i < mcp_result_skill_count(result); i++) {
            const char *name = mcp_skill_name(mcp_result_skill(result, i));

            puts(name ? name : \"\");
        }
    mcp_result_free(result);",
        items: &[
            "mcp_skill",
            "mcp_list_skills",
            "mcp_read_skill_file",
            "mcp_result_skill_count",
            "mcp_result_skill",
            "mcp_skill_*",
        ],
    },
    Chapter {
        file: File::Draft,
        title: "PROOF OF POSSESSION",
        text: "\
Tokens that are bound to a key (DPoP, RFC 9449; its use with MCP is a draft):

    mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);

    mcp_auth_set_browser(auth, mcp_open_browser, NULL, NULL);
    mcp_auth_set_dpop(auth, 1);
    mcp_client_set_auth(client, auth);
    mcp_auth_free(auth);",
        items: &["mcp_auth_set_dpop", "mcp_auth_set_dpop_key"],
    },
    Chapter {
        file: File::Draft,
        title: "WORKLOAD IDENTITY",
        text: "\
A program that gets a signed token from its platform (its use with MCP is a
draft):

    mcp_auth *auth = mcp_auth_new(MCP_GRANT_JWT_BEARER);

    mcp_client_set_auth(client, auth);
    mcp_auth_free(auth);",
        items: &["MCP_GRANT_JWT_BEARER", "mcp_assertion_from_file", "mcp_assertion_from_variable"],
    },
];
