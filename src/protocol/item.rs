//! The items of lists.

use crate::protocol::header_params::{self, HeaderMarks};
use crate::wire::jsonrpc::Answer;

/// The members that hold the items of a list.
pub(crate) const MEMBERS: [&str; 6] =
    ["tools", "resources", "resourceTemplates", "prompts", "skills", "tasks"];

/// The member of the result that holds the items, for methods that list.
pub(crate) fn member_of(method: &str) -> Option<&'static str> {
    Some(match method {
        "tools/list" => "tools",
        "resources/list" => "resources",
        "resources/templates/list" => "resourceTemplates",
        "prompts/list" => "prompts",
        "skills/list" => "skills",
        "tasks/list" => "tasks",
        _ => return None,
    })
}

/// The number of items of a list.
pub(crate) fn count(answer: &Answer, member: &str) -> usize {
    let (text, tape) = (answer.message(), answer.tape());
    let list = tape.member(text, answer.place(), member);
    list.map_or(0, |list| tape.elements(text, list).count())
}

/// Whether a tool may be called over HTTP: its header parameters are valid.
pub(crate) fn is_usable(schema: Option<&str>, marks: &HeaderMarks) -> bool {
    schema.is_none_or(|schema| header_params::parse(schema, marks).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_items_of_a_list() {
        let answer = Answer::whole(r#"{"tools":[{"name":"a"}, 7,[]],"x":{"a":1}}"#.into());
        assert_eq!(count(&answer, "tools"), 3);
        assert_eq!((count(&answer, "x"), count(&answer, "other")), (0, 0));
    }
}
