//! A client of one server: connecting, calls, notifications and options.

pub(crate) mod app;
pub(crate) mod authorization;
mod background;
pub(crate) mod call;
pub(crate) mod config;
pub(crate) mod core;
mod http;
mod inbound;
mod new;
mod notifications;
mod operation;
pub(crate) mod options;
pub(crate) mod request;
mod session;
pub(crate) mod settings;
mod stream;
mod subscribe;

// The types that `ffi` uses.
pub(crate) use crate::auth::token::Token;
pub(crate) use crate::auth::token_request::OpenTokenRequest;
pub(crate) use crate::client::call::pages::joined;
pub(crate) use crate::client::config::Config;
pub(crate) use crate::client::core::client::Client;
pub(crate) use crate::client::core::client_state::ClientState;
pub(crate) use crate::client::core::counters::Counter;
pub(crate) use crate::client::core::done_callback::DoneHandler;
pub(crate) use crate::client::core::handlers::{EventHandler, InputHandler};
pub(crate) use crate::client::core::operation::{Operation, OperationResult, TaskRequest};
pub(crate) use crate::client::core::session::TransportInUse;
pub(crate) use crate::client::core::wakeup::WakeupHandler;
pub(crate) use crate::protocol::call::{Call, given};
pub(crate) use crate::protocol::input_request::{InputKind, InputResponse};
pub(crate) use crate::protocol::item::is_usable;
pub(crate) use crate::protocol::notification::{LEVELS, NotificationKind};
pub(crate) use crate::protocol::payload::{completion_values, is_set};
pub(crate) use crate::protocol::server_info::ServerInfo;
pub(crate) use crate::protocol::skill::File as SkillFile;
pub(crate) use crate::protocol::tool_schema::check_arguments;
pub(crate) use crate::transport::process::StandardError;
pub(crate) use crate::wire::json_string::unescape;
pub(crate) use crate::wire::jsonrpc::Answer;
pub(crate) use crate::wire::object::Members;
pub(crate) use crate::wire::tape::{Place, Tape};
pub(crate) use crate::wire::tree::{NoPlace, Tree, Written, without_nul};
pub(crate) use crate::wire::uri_template::{TemplateError, expand as expand_template};
