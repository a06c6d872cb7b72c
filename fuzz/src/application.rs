//! An application of the C interface that makes every kind of call to a server
//! and reads everything that comes back.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::null;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Any handle.
type Handle = *const c_void;
type Free = Option<unsafe extern "C" fn(*mut c_void)>;

macro_rules! declare {
    ($($name:ident($($type:ty),*) $(-> $out:ty)?;)*) => {
        unsafe extern "C" { $(fn $name($(_: $type),*) $(-> $out)?;)* }
    };
}

/// A getter of a text, without and with a length.
macro_rules! getters {
    ($texts:ident: $($text:ident)*; $jsons:ident: $($json:ident)*;) => {
        declare! { $($text(Handle) -> *const c_char;)* $($json(Handle, *mut usize) -> *const c_char;)* }
        const $texts: &[unsafe extern "C" fn(Handle) -> *const c_char] = &[$($text),*];
        const $jsons: &[unsafe extern "C" fn(Handle, *mut usize) -> *const c_char] = &[$($json),*];
    };
}

declare! {
    mcp_client_new(*const c_char, *const c_char) -> Handle;
    mcp_client_new_fds(i32, i32) -> Handle;
    mcp_client_free(Handle);
    mcp_client_set_timeout(Handle, i32) -> i32;
    mcp_client_set_limit(Handle, i32, i64) -> i32;
    mcp_client_set_event_handler(
        Handle, unsafe extern "C" fn(*mut c_void, Handle, Handle), *mut c_void, Free) -> i32;
    mcp_client_set_input_handler(
        Handle, i32, unsafe extern "C" fn(*mut c_void, Handle, Handle), *mut c_void, Free) -> i32;
    mcp_client_dispatch(Handle, i32) -> i32;
    mcp_connect(Handle, *mut Handle) -> i32;
    mcp_ping(Handle) -> i32;
    mcp_listen(Handle, i32) -> i32;
    mcp_call_tool(Handle, *const c_char, *const c_char, *mut Handle) -> i32;
    mcp_read_resource(Handle, *const c_char, *mut Handle) -> i32;
    mcp_get_prompt(Handle, *const c_char, *const c_char, *mut Handle) -> i32;
    mcp_complete(
        Handle, *const c_char, *const c_char, *const c_char, *const c_char, *mut Handle) -> i32;
    mcp_list_tools(Handle, *mut Handle) -> i32;
    mcp_list_resources(Handle, *mut Handle) -> i32;
    mcp_list_resource_templates(Handle, *mut Handle) -> i32;
    mcp_list_prompts(Handle, *mut Handle) -> i32;
    mcp_list_skills(Handle, *mut Handle) -> i32;
    mcp_request_new(Handle, *const c_char, *const c_char) -> Handle;
    mcp_request_set_all_pages(Handle, i32) -> i32;
    mcp_request_perform(Handle, *mut Handle) -> i32;
    mcp_request_free(Handle);
    mcp_get_task(Handle, *const c_char, *mut Handle) -> i32;
    mcp_get_task_result(Handle, *const c_char, *mut Handle) -> i32;
    mcp_read_skill_file(Handle, Handle, usize, *mut Handle) -> i32;
    mcp_input_accept(Handle, *const c_char) -> i32;
    mcp_input_decline(Handle) -> i32;
    mcp_input_free(Handle);
    mcp_result_free(Handle);
    mcp_result_completion(Handle, usize) -> *const c_char;
    mcp_result_completion_count(Handle) -> usize;
    mcp_result_content(Handle, usize) -> Handle;
    mcp_result_content_count(Handle) -> usize;
    mcp_result_prompt(Handle, usize) -> Handle;
    mcp_result_prompt_count(Handle) -> usize;
    mcp_result_resource(Handle, usize) -> Handle;
    mcp_result_resource_count(Handle) -> usize;
    mcp_result_skill(Handle, usize) -> Handle;
    mcp_result_skill_count(Handle) -> usize;
    mcp_result_task(Handle, usize) -> Handle;
    mcp_result_task_count(Handle) -> usize;
    mcp_result_tool(Handle, usize) -> Handle;
    mcp_result_tool_count(Handle) -> usize;
    mcp_content_resource(Handle) -> Handle;
    mcp_prompt_argument_count(Handle) -> usize;
    mcp_prompt_argument_name(Handle, usize) -> *const c_char;
    mcp_prompt_argument_description(Handle, usize) -> *const c_char;
    mcp_skill_file_count(Handle) -> usize;
    mcp_skill_file_uri(Handle, usize) -> *const c_char;
    mcp_skill_file_digest(Handle, usize) -> *const c_char;
    mcp_tool_hint(Handle, *const c_char) -> i32;
    mcp_event_task(Handle) -> Handle;
    mcp_json_parse(*const c_char, usize) -> Handle;
    mcp_json_text(Handle, *mut usize) -> *const c_char;
    mcp_json_free(Handle);
    mcp_error_message(Handle) -> *const c_char;
    mcp_error_data_json(Handle, *mut usize) -> *const c_char;
    mcp_error_challenge(Handle, *const c_char) -> *const c_char;
}

getters! {
    RESULT_TEXTS: mcp_result_instructions mcp_result_next_cursor mcp_result_prompt_description
        mcp_result_protocol_version mcp_result_server_name
        mcp_result_server_version;
    RESULT_JSONS: mcp_result_json mcp_result_structured_json mcp_result_text;
}
getters! {
    CONTENT_TEXTS: mcp_content_mime_type mcp_content_role;
    CONTENT_JSONS: mcp_content_json mcp_content_text;
}
getters! {
    TOOL_TEXTS: mcp_tool_description mcp_tool_name mcp_tool_title;
    TOOL_JSONS: mcp_tool_input_schema_json mcp_tool_json mcp_tool_output_schema_json;
}
getters! {
    RESOURCE_TEXTS: mcp_resource_description mcp_resource_mime_type mcp_resource_name
        mcp_resource_title mcp_resource_uri;
    RESOURCE_JSONS: mcp_resource_json;
}
getters! {
    PROMPT_TEXTS: mcp_prompt_description mcp_prompt_name mcp_prompt_title;
    PROMPT_JSONS: mcp_prompt_json;
}
getters! {
    SKILL_TEXTS: mcp_skill_description mcp_skill_name mcp_skill_uri;
    SKILL_JSONS: mcp_skill_frontmatter_json mcp_skill_json;
}
getters! {
    TASK_TEXTS: mcp_task_id mcp_task_message mcp_task_status;
    TASK_JSONS: mcp_task_json;
}
getters! {
    EVENT_TEXTS: mcp_event_message mcp_event_method mcp_event_uri;
    EVENT_JSONS: mcp_event_params_json;
}
getters! {
    INPUT_TEXTS: mcp_input_message mcp_input_url;
    INPUT_JSONS: mcp_input_params_json mcp_input_schema_json;
}

/// A secret of the application, which no message may show.
pub(crate) const TOKEN: &CStr = c"t0ken-of-the-application";

/// The calls of an application; each has a letter.
pub(crate) struct Application(Handle);

impl Application {
    /// Takes over the descriptors.
    pub(crate) fn of_fds(read: i32, write: i32) -> Self {
        Self::of(unsafe { mcp_client_new_fds(read, write) })
    }

    pub(crate) fn of_url(url: &CStr) -> Self {
        Self::of(unsafe { mcp_client_new(url.as_ptr(), TOKEN.as_ptr()) })
    }

    fn of(client: Handle) -> Self {
        assert!(!client.is_null(), "no client");
        note_panics();
        let every_kind = 1 | 2 | 4 | 8;
        unsafe {
            mcp_client_set_timeout(client, 50);
            mcp_client_set_limit(client, 1, 200_000); // MCP_LIMIT_MESSAGE_SIZE
            mcp_client_set_limit(client, 7, 50); // MCP_LIMIT_CONNECT_TIME
            mcp_client_set_event_handler(client, on_event, std::ptr::null_mut(), None);
            mcp_client_set_input_handler(client, every_kind, on_input, std::ptr::null_mut(), None);
        }
        Self(client)
    }

    /// Makes the calls that `letters` names, up to a small number.
    pub(crate) fn run(&self, letters: &str) {
        for letter in letters.bytes().take(8) {
            self.call(letter);
        }
    }

    fn call(&self, letter: u8) {
        let mut result: Handle = null();
        let (client, out, none) = (self.0, &raw mut result, null());
        let uri = c"a:b".as_ptr();
        let name = c"n".as_ptr();
        let status = unsafe {
            match letter {
                b'c' => mcp_connect(client, out),
                b't' => mcp_list_tools(client, out),
                b'k' => mcp_call_tool(client, name, c"{\"a\":1}".as_ptr(), out),
                b'r' => mcp_list_resources(client, out),
                b'm' => mcp_list_resource_templates(client, out),
                b'R' => mcp_read_resource(client, uri, out),
                b'p' => mcp_list_prompts(client, out),
                b'P' => mcp_get_prompt(client, name, none, out),
                b'o' => {
                    let reference = c"{\"type\":\"ref/prompt\",\"name\":\"n\"}".as_ptr();
                    mcp_complete(client, reference, name, name, none, out)
                }
                b'a' => {
                    let request = mcp_request_new(client, c"tasks/list".as_ptr(), none);
                    mcp_request_set_all_pages(request, 1);
                    let status = mcp_request_perform(request, out);
                    mcp_request_free(request);
                    status
                }
                b'g' => mcp_get_task(client, name, out),
                b'G' => mcp_get_task_result(client, name, out),
                b's' => mcp_list_skills(client, out),
                b'l' => mcp_listen(client, 0x7f),
                b'd' => mcp_client_dispatch(client, 0),
                _ => mcp_ping(client),
            }
        };
        assert_eq!(status != 0, result.is_null() && status != 0, "a result with status {status}");
        if status != 0 {
            look_at_error();
        }
        self.look_at(result);
        unsafe { mcp_result_free(result) };
    }

    fn look_at(&self, result: Handle) {
        if result.is_null() {
            return;
        }
        texts(result, RESULT_TEXTS, RESULT_JSONS);
        unsafe {
            for at in few(mcp_result_completion_count(result)) {
                text(mcp_result_completion(result, at));
            }
            for at in few(mcp_result_content_count(result)) {
                let content = mcp_result_content(result, at);
                texts(content, CONTENT_TEXTS, CONTENT_JSONS);
                texts(mcp_content_resource(content), RESOURCE_TEXTS, RESOURCE_JSONS);
            }
            for at in few(mcp_result_tool_count(result)) {
                let tool = mcp_result_tool(result, at);
                texts(tool, TOOL_TEXTS, TOOL_JSONS);
                mcp_tool_hint(tool, c"readOnlyHint".as_ptr());
            }
            for at in few(mcp_result_resource_count(result)) {
                texts(mcp_result_resource(result, at), RESOURCE_TEXTS, RESOURCE_JSONS);
            }
            for at in few(mcp_result_prompt_count(result)) {
                let prompt = mcp_result_prompt(result, at);
                texts(prompt, PROMPT_TEXTS, PROMPT_JSONS);
                for argument in few(mcp_prompt_argument_count(prompt)) {
                    text(mcp_prompt_argument_name(prompt, argument));
                    text(mcp_prompt_argument_description(prompt, argument));
                }
            }
            for at in few(mcp_result_task_count(result)) {
                texts(mcp_result_task(result, at), TASK_TEXTS, TASK_JSONS);
            }
            for at in few(mcp_result_skill_count(result)).take(2) {
                let skill = mcp_result_skill(result, at);
                texts(skill, SKILL_TEXTS, SKILL_JSONS);
                for file in few(mcp_skill_file_count(skill)).take(2) {
                    text(mcp_skill_file_uri(skill, file));
                    text(mcp_skill_file_digest(skill, file));
                    let mut read: Handle = null();
                    mcp_read_skill_file(self.0, skill, file, &raw mut read);
                    mcp_result_free(read);
                }
            }
            // The same as a tree.
            let (mut len, mut written) = (0, 0);
            let json = mcp_result_json(result, &raw mut len);
            let tree = mcp_json_parse(json, len);
            if !tree.is_null() {
                text(mcp_json_text(tree, &raw mut written));
            }
            mcp_json_free(tree);
        }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        unsafe { mcp_client_free(self.0) };
    }
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// The library turns a panic into a status or NULL and prints nothing. Here every
/// panic on any thread is counted.
fn note_panics() {
    static ONCE: Once = Once::new();
    // After the library's own hook, which is set once.
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            eprintln!("{panic}");
            let file = panic.location().map_or("", |location| location.file());
            if file.contains("../src/") || !file.starts_with("src/") {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
        }));
    });
}

/// Panics if the library has panicked.
pub(crate) fn check_panics() {
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "a panic inside the library");
}

/// The first few of many.
fn few(count: usize) -> std::ops::Range<usize> {
    0..count.min(20)
}

/// Checks that a text is NULL, or UTF-8 that ends with a NUL.
fn text(pointer: *const c_char) {
    if !pointer.is_null() {
        let text = unsafe { CStr::from_ptr(pointer) };
        assert!(text.to_str().is_ok(), "a text that is none: {text:?}");
    }
}

fn texts(
    object: Handle,
    all: &[unsafe extern "C" fn(Handle) -> *const c_char],
    with_length: &[unsafe extern "C" fn(Handle, *mut usize) -> *const c_char],
) {
    for get in all {
        text(unsafe { get(object) });
    }
    for get in with_length {
        let mut len = 0;
        let pointer = unsafe { get(object, &raw mut len) };
        if !pointer.is_null() {
            let bytes = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), len) };
            assert!(std::str::from_utf8(bytes).is_ok(), "a text that is none");
            assert_eq!(unsafe { *pointer.add(len) }, 0, "no NUL behind a text");
        }
    }
}

/// Checks that an error has a message without a secret.
fn look_at_error() {
    let token = TOKEN.to_str().unwrap_or_default();
    let shows = |pointer: *const c_char| {
        !pointer.is_null()
            && unsafe { CStr::from_ptr(pointer) }.to_str().expect("text").contains(token)
    };
    unsafe {
        let message = mcp_error_message(null());
        assert!(
            !message.is_null() && !CStr::from_ptr(message).is_empty(),
            "an error without words"
        );
        assert!(!shows(message), "the token in a message");
        let words = CStr::from_ptr(message).to_str().unwrap_or_default();
        assert!(!words.chars().any(char::is_control) && words.len() < 4000, "{words:?}");
        for name in [c"error", c"error_description", c"scope", c"realm", c"resource_metadata"] {
            assert!(!shows(mcp_error_challenge(null(), name.as_ptr())), "the token in a challenge");
        }
        let mut len = 0;
        let data = mcp_error_data_json(null(), &raw mut len);
        assert!(!shows(data), "the token in data");
        if !data.is_null() {
            let tree = mcp_json_parse(data, len);
            if !tree.is_null() {
                let written = mcp_json_text(tree, &raw mut len);
                assert!(!shows(written), "the token in data, in another spelling");
            }
            mcp_json_free(tree);
        }
    }
}

unsafe extern "C" fn on_event(_: *mut c_void, _: Handle, event: Handle) {
    texts(event, EVENT_TEXTS, EVENT_JSONS);
    let task = unsafe { mcp_event_task(event) };
    texts(task, TASK_TEXTS, TASK_JSONS);
}

unsafe extern "C" fn on_input(_: *mut c_void, _: Handle, input: Handle) {
    texts(input, INPUT_TEXTS, INPUT_JSONS);
    unsafe {
        if mcp_input_accept(input, c"{}".as_ptr()) != 0 {
            mcp_input_decline(input);
        }
        mcp_input_free(input);
    }
}
