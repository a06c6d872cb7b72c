//! A whole list, page after page, within bounds.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::base::error::{Error, Result, Status};
use crate::client::Client;
use crate::client::request::Limits;
use crate::protocol::call::{Call, push_member};
use crate::protocol::item;
use crate::transport::wait::{Wait, now};
use crate::wire::jsonrpc::Answer;
use crate::wire::object::Members;

const INVALID_PARAMS: i32 = -32602;

impl Client {
    /// All pages of a list; `member` is what its items stand in.
    pub(crate) fn list(self: &Arc<Self>, method: &str, member: &str) -> Result<Vec<Answer>> {
        let call = Call::new(method, None)?;
        let limits = Limits::default();
        let wait = self.wait(&self.options(), &limits, false);
        now(self.list_within(&call, member, &limits, &wait))
    }

    /// The time without a sign of life begins anew with each page; the whole
    /// has one deadline.
    pub(crate) async fn list_within(
        self: &Arc<Self>,
        call: &Call,
        member: &str,
        limits: &Limits,
        wait: &Wait,
    ) -> Result<Vec<Answer>> {
        let mut has_begun_again = false;
        loop {
            match self.pages(call, member, limits, wait).await {
                // The cursor is not known any more: once more from the start.
                Err((true, error)) if !has_begun_again && is_stale(&error) => {
                    has_begun_again = true;
                    self.cache.forget(call);
                }
                Err((_, error)) => return Err(error),
                Ok(pages) => return Ok(pages),
            }
        }
    }

    /// The flag of an error says whether it came behind the first page.
    async fn pages(
        self: &Arc<Self>,
        call: &Call,
        member: &str,
        limits: &Limits,
        wait: &Wait,
    ) -> std::result::Result<Vec<Answer>, (bool, Error)> {
        let options = self.options();
        let (max_pages, max_items) = (options.max_pages, options.max_items);
        let mut pages: Vec<Answer> = Vec::new();
        // With the number of the page that gave it.
        let mut seen: HashMap<String, usize> = HashMap::new();
        let (mut items, mut bytes) = (0, 0usize);
        let mut cursor: Option<String> = None;
        loop {
            let page = call.at(cursor.as_deref());
            wait.restart();
            let answer = self
                .perform(&page, limits, wait)
                .await
                .map_err(|error| (!pages.is_empty(), error))?;
            let next = next_cursor(&answer);
            let named = |what: String| {
                let error = Error::new(Status::TooLarge, format!("{}: {what}", call.method()));
                (false, error)
            };
            // What is shorter than that many empty items needs no counting.
            let may_be_many = answer.json().len() / 3 > max_items;
            if next.is_some() || !pages.is_empty() || may_be_many {
                items += item::count(&answer, member);
                if items > max_items {
                    return Err(named(format!(
                        "the server's list has more than {} items; see mcp_client_set_max_items()",
                        max_items
                    )));
                }
            }
            // All are kept until the list is whole: it is one result.
            bytes = bytes.saturating_add(answer.json().len());
            if bytes > options.max_message {
                return Err(named(format!(
                    "the server's list has more than {} bytes; see \
                     mcp_client_set_max_message_size()",
                    options.max_message
                )));
            }
            pages.push(answer);
            let Some(next) = next else { return Ok(pages) };
            if pages.len() >= max_pages {
                return Err(named(format!(
                    "the server's list has more than {} pages; see mcp_client_set_max_pages()",
                    max_pages
                )));
            }
            if seen.insert(next.clone(), pages.len()).is_some() {
                let error = Error::protocol(format!(
                    "{}: the server's list goes round in a circle: it gave the same cursor twice",
                    call.method()
                ));
                return Err((false, error));
            }
            cursor = Some(next);
        }
    }
}

/// Several pages as one object: the members of the last, with the items of
/// all in the place of its own.
pub(crate) fn joined(pages: &[&str]) -> String {
    let last = pages.last().and_then(|page| Members::parse(page).ok()).unwrap_or_default();
    let mut items: Vec<Option<Vec<&str>>> = vec![None; last.0.len()];
    for page in pages {
        let members = Members::parse(page).unwrap_or_default();
        for (name, value) in members.0.into_iter().filter(|(_, value)| is_array(value)) {
            let text = value.get();
            let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default().trim();
            let places = last.0.iter().zip(&mut items);
            for (_, all) in places.filter(|((other, _), _)| *other == name) {
                all.get_or_insert_default().extend((!inner.is_empty()).then_some(inner));
            }
        }
    }
    let mut out = String::from("{");
    for ((name, value), all) in last.0.iter().zip(&items) {
        match all {
            Some(all) => push_member(&mut out, name, &format!("[{}]", all.join(","))),
            None => push_member(&mut out, name, value.get()),
        }
    }
    out.push('}');
    out
}

fn is_array(value: &RawValue) -> bool {
    value.get().starts_with('[')
}

/// Where the list goes on. An empty text is a cursor; null is none.
fn next_cursor(page: &Answer) -> Option<String> {
    serde_json::from_str(page.member("nextCursor")?).ok()
}

fn is_stale(error: &Error) -> bool {
    error.rpc().is_some_and(|rpc| rpc.code == INVALID_PARAMS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_pages_into_one_object() {
        let pages = [
            r#"{"tools":[{"a":1}, {"b":2}],"nextCursor":"x"}"#,
            r#"{"tools":[ ],"nextCursor":""}"#,
            r#"{"_meta":{"last":1},"tools":[{"c":3}]}"#,
        ];
        assert_eq!(joined(&pages), r#"{"_meta":{"last":1},"tools":[{"a":1}, {"b":2},{"c":3}]}"#);
    }

    #[test]
    fn takes_an_empty_cursor_for_one_and_null_for_none() {
        assert_eq!(next_cursor(&Answer::whole(r#"{"nextCursor":""}"#.into())).as_deref(), Some(""));
        assert_eq!(next_cursor(&Answer::whole(r#"{"nextCursor":null}"#.into())), None);
        assert_eq!(next_cursor(&Answer::whole("{}".into())), None);
    }
}
