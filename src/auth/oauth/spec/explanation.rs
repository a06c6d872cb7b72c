//! What a server wrote to explain why it refused a request.

use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::page_text::page_text;

/// The members in which servers explain themselves, apart from those of OAuth.
const EXPLANATIONS: [&str; 8] = [
    "error_description",
    "message",
    "detail",
    "error_message",
    "description",
    "reason",
    "title",
    "msg",
];

/// What the server wrote to explain its answer: a text of its JSON object, or the
/// text of a page.
pub(super) fn explanation(reply: &EndpointResponse<'_>) -> Option<String> {
    let Some(document) = reply.document() else { return page_text(reply.body) };
    if let Some(text) = EXPLANATIONS.iter().find_map(|name| document.text(name)) {
        return Some(text);
    }
    // An answer with a client is no explanation, whatever its status is.
    if document.has_value("client_id") || document.text("error").is_some() {
        return None;
    }
    // Errors in a form of the server's own.
    let has_errors = ["error", "errors", "detail", "details"];
    let has_errors = has_errors.iter().any(|name| document.has_value(name));
    let text = has_errors.then(|| String::from_utf8_lossy(reply.body).into_owned())?;
    let bare = text.replace(['"', '{', '}', '[', ']'], " ");
    Some(bare.split_whitespace().collect::<Vec<_>>().join(" "))
}
