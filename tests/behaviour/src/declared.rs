//! The C interface as the header has it: calls, results, questions, events.

use std::ffi::{c_char, c_void};

use crate::raw::{FreeFn, mcp_client, mcp_request, mcp_result};

pub enum mcp_config {}
pub enum mcp_tool {}
pub enum mcp_resource {}
pub enum mcp_prompt {}
pub enum mcp_content {}
pub enum mcp_skill {}
pub enum mcp_event {}
pub enum mcp_input {}

pub type ProgressFn = Option<unsafe extern "C" fn(*mut c_void, f64, f64, *const c_char)>;
pub type EventFn = Option<unsafe extern "C" fn(*mut c_void, *mut mcp_client, *const mcp_event)>;
pub type InputFn = Option<unsafe extern "C" fn(*mut c_void, *mut mcp_client, *mut mcp_input)>;

type Text = *const c_char;
type Len = *mut usize;
type Out = *mut *mut mcp_result;

unsafe extern "C" {
    pub fn mcp_client_new_stdio(argv: *const Text) -> *mut mcp_client;
    pub fn mcp_client_new_fds(read_fd: i32, write_fd: i32) -> *mut mcp_client;
    pub fn mcp_client_set_env(client: *mut mcp_client, name: Text, value: Text) -> i32;
    pub fn mcp_client_set_directory(client: *mut mcp_client, path: Text) -> i32;
    pub fn mcp_client_set_stderr(client: *mut mcp_client, choice: i32) -> i32;
    pub fn mcp_client_set_stderr_fd(client: *mut mcp_client, fd: i32) -> i32;
    pub fn mcp_client_set_restart(client: *mut mcp_client, allow: i32) -> i32;
    pub fn mcp_client_set_repeat_tools(client: *mut mcp_client, allow: i32) -> i32;
    pub fn mcp_client_set_transport(client: *mut mcp_client, transport: i32) -> i32;
    pub fn mcp_client_transport(client: *mut mcp_client) -> i32;
    pub fn mcp_config_load(path: Text) -> *mut mcp_config;
    pub fn mcp_config_free(config: *mut mcp_config);
    pub fn mcp_config_count(config: *const mcp_config) -> usize;
    pub fn mcp_config_name(config: *const mcp_config, index: usize) -> Text;
    pub fn mcp_config_url(config: *const mcp_config, index: usize) -> Text;
    pub fn mcp_config_command(config: *const mcp_config, index: usize) -> Text;
    pub fn mcp_config_warning_count(config: *const mcp_config) -> usize;
    pub fn mcp_config_warning(config: *const mcp_config, index: usize) -> Text;
    pub fn mcp_client_auth(client: *mut mcp_client) -> *mut crate::auth::Handle;
    pub fn mcp_config_client(config: *const mcp_config, name: Text) -> *mut mcp_client;
    pub fn mcp_client_new_config(path: Text, name: Text) -> *mut mcp_client;

    pub fn mcp_client_set_deadline(client: *mut mcp_client, milliseconds: i32) -> i32;
    pub fn mcp_client_set_input_timeout(client: *mut mcp_client, milliseconds: i32) -> i32;
    pub fn mcp_client_set_max_pages(client: *mut mcp_client, pages: i32) -> i32;
    pub fn mcp_client_set_max_items(client: *mut mcp_client, items: i32) -> i32;
    pub fn mcp_client_set_max_events(client: *mut mcp_client, events: i32) -> i32;
    pub fn mcp_client_set_cache_size(client: *mut mcp_client, bytes: usize) -> i32;
    pub fn mcp_client_count(client: *mut mcp_client, counter: i32) -> i64;
    pub fn mcp_client_set_capabilities_json(client: *mut mcp_client, json: Text) -> i32;
    pub fn mcp_client_set_roots_json(client: *mut mcp_client, json: Text) -> i32;
    pub fn mcp_client_set_event_handler(
        client: *mut mcp_client,
        callback: EventFn,
        userdata: *mut c_void,
        free_userdata: FreeFn,
    ) -> i32;
    pub fn mcp_client_set_input_handler(
        client: *mut mcp_client,
        kinds: i32,
        callback: InputFn,
        userdata: *mut c_void,
        free_userdata: FreeFn,
    ) -> i32;
    pub fn mcp_client_fd(client: *mut mcp_client) -> i32;
    pub fn mcp_client_dispatch(client: *mut mcp_client, milliseconds: i32) -> i32;
    pub fn mcp_client_next_done(client: *mut mcp_client) -> *mut mcp_request;

    pub fn mcp_list_tools(client: *mut mcp_client, out: Out) -> i32;
    pub fn mcp_call_tool(client: *mut mcp_client, name: Text, arguments: Text, out: Out) -> i32;
    pub fn mcp_list_resources(client: *mut mcp_client, out: Out) -> i32;
    pub fn mcp_list_resource_templates(client: *mut mcp_client, out: Out) -> i32;
    pub fn mcp_read_resource(client: *mut mcp_client, uri: Text, out: Out) -> i32;
    pub fn mcp_subscribe_resource(client: *mut mcp_client, uri: Text) -> i32;
    pub fn mcp_unsubscribe_resource(client: *mut mcp_client, uri: Text) -> i32;
    pub fn mcp_list_prompts(client: *mut mcp_client, out: Out) -> i32;
    pub fn mcp_get_prompt(client: *mut mcp_client, name: Text, arguments: Text, out: Out) -> i32;
    pub fn mcp_complete(
        client: *mut mcp_client,
        reference_json: Text,
        argument: Text,
        value: Text,
        context_json: Text,
        out: Out,
    ) -> i32;
    pub fn mcp_set_log_level(client: *mut mcp_client, level: i32) -> i32;
    pub fn mcp_listen(client: *mut mcp_client, kinds: i32) -> i32;
    pub fn mcp_notify(client: *mut mcp_client, method: Text, params: Text) -> i32;
    pub fn mcp_list_skills(client: *mut mcp_client, out: Out) -> i32;
    pub fn mcp_read_skill_file(
        client: *mut mcp_client,
        skill: *const mcp_skill,
        index: usize,
        out: Out,
    ) -> i32;

    pub fn mcp_request_new_call_tool(
        client: *mut mcp_client,
        name: Text,
        arguments: Text,
    ) -> *mut mcp_request;
    pub fn mcp_request_new_read_resource(client: *mut mcp_client, uri: Text) -> *mut mcp_request;
    pub fn mcp_request_new_get_prompt(
        client: *mut mcp_client,
        name: Text,
        arguments: Text,
    ) -> *mut mcp_request;
    pub fn mcp_request_set_deadline(request: *mut mcp_request, milliseconds: i32) -> i32;
    pub fn mcp_request_set_progress(
        request: *mut mcp_request,
        callback: ProgressFn,
        userdata: *mut c_void,
        free_userdata: FreeFn,
    ) -> i32;
    pub fn mcp_request_set_meta_json(request: *mut mcp_request, json: Text) -> i32;
    pub fn mcp_request_set_repeatable(request: *mut mcp_request, repeatable: i32) -> i32;
    pub fn mcp_request_set_all_pages(request: *mut mcp_request, all: i32) -> i32;
    pub fn mcp_request_set_userdata(request: *mut mcp_request, userdata: *mut c_void);
    pub fn mcp_request_userdata(request: *const mcp_request) -> *mut c_void;
    pub fn mcp_request_start(request: *mut mcp_request) -> i32;
    pub fn mcp_request_status(request: *const mcp_request) -> i32;
    pub fn mcp_request_wait(request: *mut mcp_request, milliseconds: i32) -> i32;
    pub fn mcp_request_take_result(request: *mut mcp_request, out: Out) -> i32;

    pub fn mcp_event_kind(event: *const mcp_event) -> i32;
    pub fn mcp_event_method(event: *const mcp_event) -> Text;
    pub fn mcp_event_params_json(event: *const mcp_event, len: Len) -> Text;
    pub fn mcp_event_uri(event: *const mcp_event) -> Text;
    pub fn mcp_event_log_level(event: *const mcp_event) -> i32;
    pub fn mcp_event_logger(event: *const mcp_event) -> Text;
    pub fn mcp_event_data_json(event: *const mcp_event, len: Len) -> Text;

    pub fn mcp_input_free(input: *mut mcp_input);
    pub fn mcp_input_kind(input: *const mcp_input) -> i32;
    pub fn mcp_input_message(input: *const mcp_input) -> Text;
    pub fn mcp_input_schema_json(input: *const mcp_input, len: Len) -> Text;
    pub fn mcp_input_url(input: *const mcp_input) -> Text;
    pub fn mcp_input_params_json(input: *const mcp_input, len: Len) -> Text;
    pub fn mcp_input_accept(input: *mut mcp_input, content: Text) -> i32;
    pub fn mcp_input_decline(input: *mut mcp_input) -> i32;
    pub fn mcp_input_dismiss(input: *mut mcp_input) -> i32;
    pub fn mcp_input_reply_json(input: *mut mcp_input, result: Text) -> i32;
    pub fn mcp_input_fail(input: *mut mcp_input, rpc_code: i32, message: Text) -> i32;

    pub fn mcp_result_meta_json(result: *const mcp_result, len: Len) -> Text;
    pub fn mcp_result_next_cursor(result: *const mcp_result) -> Text;
    pub fn mcp_result_ttl(result: *const mcp_result) -> i64;
    pub fn mcp_result_tool_count(result: *const mcp_result) -> usize;
    pub fn mcp_result_tool(result: *const mcp_result, index: usize) -> *const mcp_tool;
    pub fn mcp_result_find_tool(result: *const mcp_result, name: Text) -> *const mcp_tool;
    pub fn mcp_result_resource_count(result: *const mcp_result) -> usize;
    pub fn mcp_result_resource(result: *const mcp_result, index: usize) -> *const mcp_resource;
    pub fn mcp_result_prompt_count(result: *const mcp_result) -> usize;
    pub fn mcp_result_prompt(result: *const mcp_result, index: usize) -> *const mcp_prompt;
    pub fn mcp_result_is_error(result: *const mcp_result) -> i32;
    pub fn mcp_result_content_count(result: *const mcp_result) -> usize;
    pub fn mcp_result_content(result: *const mcp_result, index: usize) -> *const mcp_content;
    pub fn mcp_result_text(result: *const mcp_result, len: Len) -> Text;
    pub fn mcp_result_structured_json(result: *const mcp_result, len: Len) -> Text;
    pub fn mcp_result_prompt_description(result: *const mcp_result) -> Text;
    pub fn mcp_result_completion_count(result: *const mcp_result) -> usize;
    pub fn mcp_result_completion(result: *const mcp_result, index: usize) -> Text;
    pub fn mcp_result_completion_has_more(result: *const mcp_result) -> i32;
    pub fn mcp_result_completion_total(result: *const mcp_result) -> i64;
    pub fn mcp_result_skill_count(result: *const mcp_result) -> usize;
    pub fn mcp_result_skill(result: *const mcp_result, index: usize) -> *const mcp_skill;

    pub fn mcp_tool_name(tool: *const mcp_tool) -> Text;
    pub fn mcp_tool_title(tool: *const mcp_tool) -> Text;
    pub fn mcp_tool_description(tool: *const mcp_tool) -> Text;
    pub fn mcp_tool_input_schema_json(tool: *const mcp_tool, len: Len) -> Text;
    pub fn mcp_tool_output_schema_json(tool: *const mcp_tool, len: Len) -> Text;
    pub fn mcp_tool_hint(tool: *const mcp_tool, name: Text) -> i32;
    pub fn mcp_tool_annotations_json(tool: *const mcp_tool, len: Len) -> Text;
    pub fn mcp_tool_icons_json(tool: *const mcp_tool, len: Len) -> Text;
    pub fn mcp_tool_meta_json(tool: *const mcp_tool, len: Len) -> Text;
    pub fn mcp_tool_json(tool: *const mcp_tool, len: Len) -> Text;

    pub fn mcp_resource_uri(resource: *const mcp_resource) -> Text;
    pub fn mcp_resource_name(resource: *const mcp_resource) -> Text;
    pub fn mcp_resource_title(resource: *const mcp_resource) -> Text;
    pub fn mcp_resource_description(resource: *const mcp_resource) -> Text;
    pub fn mcp_resource_mime_type(resource: *const mcp_resource) -> Text;
    pub fn mcp_resource_size(resource: *const mcp_resource) -> i64;
    pub fn mcp_resource_annotations_json(resource: *const mcp_resource, len: Len) -> Text;
    pub fn mcp_resource_icons_json(resource: *const mcp_resource, len: Len) -> Text;
    pub fn mcp_resource_meta_json(resource: *const mcp_resource, len: Len) -> Text;
    pub fn mcp_resource_json(resource: *const mcp_resource, len: Len) -> Text;

    pub fn mcp_prompt_name(prompt: *const mcp_prompt) -> Text;
    pub fn mcp_prompt_title(prompt: *const mcp_prompt) -> Text;
    pub fn mcp_prompt_description(prompt: *const mcp_prompt) -> Text;
    pub fn mcp_prompt_argument_count(prompt: *const mcp_prompt) -> usize;
    pub fn mcp_prompt_argument_name(prompt: *const mcp_prompt, index: usize) -> Text;
    pub fn mcp_prompt_argument_title(prompt: *const mcp_prompt, index: usize) -> Text;
    pub fn mcp_prompt_argument_description(prompt: *const mcp_prompt, index: usize) -> Text;
    pub fn mcp_prompt_argument_required(prompt: *const mcp_prompt, index: usize) -> i32;
    pub fn mcp_prompt_icons_json(prompt: *const mcp_prompt, len: Len) -> Text;
    pub fn mcp_prompt_meta_json(prompt: *const mcp_prompt, len: Len) -> Text;
    pub fn mcp_prompt_json(prompt: *const mcp_prompt, len: Len) -> Text;

    pub fn mcp_content_kind(content: *const mcp_content) -> i32;
    pub fn mcp_content_role(content: *const mcp_content) -> Text;
    pub fn mcp_content_text(content: *const mcp_content, len: Len) -> Text;
    pub fn mcp_content_data(content: *const mcp_content, len: Len) -> *const c_void;
    pub fn mcp_content_mime_type(content: *const mcp_content) -> Text;
    pub fn mcp_content_uri(content: *const mcp_content) -> Text;
    pub fn mcp_content_name(content: *const mcp_content) -> Text;
    pub fn mcp_content_annotations_json(content: *const mcp_content, len: Len) -> Text;
    pub fn mcp_content_meta_json(content: *const mcp_content, len: Len) -> Text;
    pub fn mcp_content_resource(content: *const mcp_content) -> *const mcp_resource;
    pub fn mcp_content_json(content: *const mcp_content, len: Len) -> Text;

    pub fn mcp_skill_uri(skill: *const mcp_skill) -> Text;
    pub fn mcp_skill_name(skill: *const mcp_skill) -> Text;
    pub fn mcp_skill_description(skill: *const mcp_skill) -> Text;
    pub fn mcp_skill_frontmatter_json(skill: *const mcp_skill, len: Len) -> Text;
    pub fn mcp_skill_file_count(skill: *const mcp_skill) -> usize;
    pub fn mcp_skill_file_uri(skill: *const mcp_skill, index: usize) -> Text;
    pub fn mcp_skill_file_size(skill: *const mcp_skill, index: usize) -> i64;
    pub fn mcp_skill_file_digest(skill: *const mcp_skill, index: usize) -> Text;
    pub fn mcp_skill_json(skill: *const mcp_skill, len: Len) -> Text;
}
