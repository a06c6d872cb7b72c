//! All pages of a list, within limits.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::base::error::{Error, Result, Status};
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::protocol::call::Call;
use crate::protocol::error_code;
use crate::protocol::item;
use crate::protocol::payload;
use crate::transport::wait::now;
use crate::wire::json_members;
use crate::wire::jsonrpc::Answer;
use crate::wire::object::Members;

impl Ctx<'_> {
    /// Reads all pages. Each page has the timeout of a call. All pages
    /// together have one deadline.
    pub(crate) async fn list_within(
        self,
        call: &Call,
        member: &str,
        limits: &CallLimits,
    ) -> Result<Vec<Answer>> {
        let Ctx { client, .. } = self;
        let mut has_restarted = false;
        loop {
            match self.pages(call, member, limits).await {
                // The server does not know the cursor any more. Read the list
                // once more from the first page.
                Err((true, error)) if !has_restarted && is_stale(&error) => {
                    has_restarted = true;
                    client.cache.forget(call);
                }
                Err((_, error)) => return Err(error),
                Ok(pages) => return Ok(pages),
            }
        }
    }

    /// Reads the pages once. The flag of an error is set if the first page was
    /// read.
    async fn pages(
        self,
        call: &Call,
        member: &str,
        limits: &CallLimits,
    ) -> std::result::Result<Vec<Answer>, (bool, Error)> {
        let Ctx { options, wait, .. } = self;
        let (max_pages, max_items) = (options.max_pages, options.max_items);
        let mut pages: Vec<Answer> = Vec::new();
        // The cursors, with the number of the page that gave each.
        let mut seen: HashMap<String, usize> = HashMap::new();
        let (mut items, mut bytes) = (0, 0usize);
        let mut cursor: Option<String> = None;
        loop {
            let page = call.at(cursor.as_deref());
            wait.restart();
            let answer = match self.perform(&page, limits).await {
                Ok(answer) => answer,
                Err(error) if is_stale(&error) && self.is_no_cursor(cursor.as_deref()) => {
                    return Ok(pages);
                }
                Err(error) => return Err((!pages.is_empty(), error)),
            };
            let next = payload::next_cursor(&answer).map(str::to_owned);
            if next.is_some() && next == cursor && self.is_no_cursor(cursor.as_deref()) {
                // The page is another one that the server gave before.
                return Ok(pages);
            }
            let named = |what: String| {
                let error = Error::new(Status::TooLarge, format!("{}: {what}", call.method()));
                (false, error)
            };
            // A shorter text cannot have so many items.
            let may_be_many = answer.json().len() / 3 > max_items;
            if next.is_some() || !pages.is_empty() || may_be_many {
                items += item::count(&answer, member);
                if items > max_items {
                    return Err(named(format!(
                        "the server's list has more than {} items; see \
                         MCP_LIMIT_ITEMS of mcp_client_set_limit()",
                        max_items
                    )));
                }
            }
            // The pages are kept until the list is complete: it is one result.
            bytes = bytes.saturating_add(answer.json().len());
            if bytes > options.max_message {
                return Err(named(format!(
                    "the server's list has more than {} bytes; see \
                     MCP_LIMIT_MESSAGE_SIZE of mcp_client_set_limit()",
                    options.max_message
                )));
            }
            pages.push(answer);
            let Some(next) = next else { return Ok(pages) };
            if pages.len() >= max_pages {
                return Err(named(format!(
                    "the server's list has more than {} pages; see \
                     MCP_LIMIT_PAGES of mcp_client_set_limit()",
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

    /// Whether a cursor only says that there are no more pages: many servers
    /// before 2026-07-28 write an empty text then. Some have a page for it, so
    /// that it is requested once.
    fn is_no_cursor(self, cursor: Option<&str>) -> bool {
        let session = self.client.current_session();
        cursor == Some("\"\"")
            && session.is_none_or(|session| !session.server_info.revision.is_stateless())
    }
}

impl Client {
    /// All pages of a list. `member` is the member that holds the items.
    pub(crate) fn list(self: &Arc<Self>, method: &str, member: &str) -> Result<Vec<Answer>> {
        let call = Call::new(method, None)?;
        let (options, limits) = (self.options(), CallLimits::default());
        let wait = self.wait(&options, &limits, false);
        now(Ctx::new(self, &options, &wait).list_within(&call, member, &limits))
    }
}

/// Several pages as one object: the members of the last page, whose arrays have
/// the items of all pages. The last one of members with the same name counts.
/// The last page may have no items, and leave out their array.
pub(crate) fn joined(pages: &[&str]) -> String {
    let last = pages.last().and_then(|page| Members::parse(page).ok()).unwrap_or_default();
    let places: HashMap<&str, usize> =
        last.0.iter().enumerate().map(|(at, (name, _))| (&**name, at)).collect();
    let members = || {
        let all = last.0.iter().enumerate();
        all.filter(|(at, (name, _))| places.get(&**name) == Some(at)).map(|(_, member)| member)
    };
    let arrays = members().filter(|(_, value)| is_array(value)).map(|(name, _)| &**name);
    let lists = item::MEMBERS.into_iter();
    let lists = lists.filter(|name| last.get(name).is_none_or(|list| is_no_list(list.get())));
    let mut items: HashMap<&str, Vec<&str>> =
        arrays.chain(lists).map(|name| (name, Vec::new())).collect();
    for page in pages {
        let page = Members::parse(page).unwrap_or_default();
        let own: HashMap<&str, &str> =
            page.0.iter().map(|(name, value)| (&**name, value.get())).collect();
        for (name, text) in own {
            let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
                continue;
            };
            if let (Some(all), false) = (items.get_mut(name), inner.trim().is_empty()) {
                all.push(inner.trim());
            }
        }
    }
    json_members::object(|json| {
        for (name, value) in members() {
            match items.remove(&**name) {
                Some(all) if is_array(value) || !all.is_empty() => {
                    json.named(name, &format!("[{}]", all.join(",")));
                }
                _ => json.named(name, value.get()),
            }
        }
        for name in item::MEMBERS {
            if let Some(all) = items.get(name).filter(|all| !all.is_empty()) {
                json.named(name, &format!("[{}]", all.join(",")));
            }
        }
    })
}

/// Whether a value stands for an empty list.
fn is_no_list(value: &str) -> bool {
    value == "null" || payload::is_empty_object(value)
}

fn is_array(value: &RawValue) -> bool {
    value.get().starts_with('[')
}

fn is_stale(error: &Error) -> bool {
    error.rpc().is_some_and(|rpc| rpc.code == error_code::INVALID_PARAMS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::testing::assert_linear;

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
    fn keeps_the_items_where_the_last_page_has_no_array() {
        let first = r#"{"tools":[1],"nextCursor":"x"}"#;
        for (last, whole) in [
            (r#"{"tools":null,"x":1}"#, r#"{"tools":[1],"x":1}"#),
            (r#"{"tools":{ }}"#, r#"{"tools":[1]}"#),
            (r#"{"x":1}"#, r#"{"x":1,"tools":[1]}"#),
        ] {
            assert_eq!(joined(&[first, last]), whole);
        }
        assert_eq!(joined(&["{}", r#"{"tools":null}"#]), r#"{"tools":null}"#);
    }

    #[test]
    fn joins_pages_with_any_members_in_a_time_that_grows_with_them() {
        assert_eq!(
            joined(&[r#"{"a":[1],"a":[2]}"#, r#"{"a":[3],"b":0,"a":[4],"b":1}"#]),
            r#"{"a":[2,4],"b":1}"#
        );
        assert_eq!(joined(&[r#"{"a":[1]}"#, r#"{"a":{}}"#, "{"]), "{}");
        assert_eq!(joined(&[r#"{"a":[1]}"#, r#"{"a":{}}"#]), r#"{"a":{}}"#);
        let many = |count: usize, name: &dyn Fn(usize) -> String| {
            let all: Vec<String> =
                (0..count).map(|at| format!("\"{}\":[{at}]", name(at))).collect();
            (count - 1, format!("{{{}}}", all.join(",")))
        };
        let wide = |count| many(count, &|at| format!("k{at}"));
        assert_linear("joining members", 16_000, wide, |(last, page)| {
            let out = joined(&[page, page]);
            assert!(out.contains(&format!("\"k{last}\":[{last},{last}]")));
        });
        let same = |count| many(count, &|_| "a".to_owned());
        assert_linear("joining members with one name", 16_000, same, |(last, page)| {
            assert_eq!(joined(&[page, page]), format!("{{\"a\":[{last},{last}]}}"));
        });
    }
}
