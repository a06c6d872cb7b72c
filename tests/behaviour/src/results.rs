//! The items and contents of a result, borrowed from it.

use std::ffi::c_char;
use std::marker::PhantomData;

use serde_json::Value;

use crate::{Answer, Failure, Outcome, c, optional, outcome, raw, text};

/// A text with its length, also where a NUL is inside.
pub(crate) fn sized(get: impl Fn(*mut usize) -> *const c_char) -> Option<String> {
    let mut len = 0;
    let start = get(&mut len);
    if start.is_null() {
        assert!(get(std::ptr::null_mut()).is_null(), "`len` may be NULL");
        return None;
    }
    assert_eq!(get(std::ptr::null_mut()), start, "the same each time");
    let bytes = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), len + 1) };
    assert_eq!(bytes[len], 0, "ends with a NUL");
    Some(String::from_utf8(bytes[..len].to_vec()).unwrap())
}

/// JSON text, which must be that.
pub(crate) fn sized_json(get: impl Fn(*mut usize) -> *const c_char) -> Option<Value> {
    sized(get).map(|json| serde_json::from_str(&json).unwrap())
}

/// A member that has no getter; null counts as absent.
fn member(json: &Value, name: &str) -> Option<Value> {
    json.get(name).filter(|value| !value.is_null()).cloned()
}

macro_rules! borrowed {
    ($name:ident $raw:ident { $($method:ident $function:ident $kind:ident,)* }) => {
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a>(pub *const raw::$raw, PhantomData<&'a ()>);

        impl $name<'_> {
            fn of(pointer: *const raw::$raw) -> Option<Self> {
                (!pointer.is_null()).then_some(Self(pointer, PhantomData))
            }

            $(borrowed!(@ $method $function $kind);)*
        }
    };
    (@ $method:ident $function:ident text) => {
        pub fn $method(&self) -> Option<String> {
            text(unsafe { raw::$function(self.0) })
        }
    };
    (@ $method:ident $function:ident sized) => {
        pub fn $method(&self) -> Option<String> {
            sized(|len| unsafe { raw::$function(self.0, len) })
        }
    };
    (@ $method:ident $name:ident member) => {
        pub fn $method(&self) -> Option<Value> {
            member(&self.json()?, stringify!($name))
        }
    };
    (@ $method:ident $function:ident json) => {
        pub fn $method(&self) -> Option<Value> {
            sized_json(|len| unsafe { raw::$function(self.0, len) })
        }
    };
}

borrowed!(Tool mcp_tool {
    name mcp_tool_name text,
    title mcp_tool_title text,
    description mcp_tool_description text,
    input_schema mcp_tool_input_schema_json json,
    output_schema mcp_tool_output_schema_json json,
    annotations annotations member,
    icons icons member,
    meta _meta member,
    json mcp_tool_json json,
});

borrowed!(Resource mcp_resource {
    uri mcp_resource_uri text,
    name mcp_resource_name text,
    title mcp_resource_title text,
    description mcp_resource_description text,
    mime_type mcp_resource_mime_type text,
    annotations annotations member,
    icons icons member,
    meta _meta member,
    json mcp_resource_json json,
});

borrowed!(Prompt mcp_prompt {
    name mcp_prompt_name text,
    title mcp_prompt_title text,
    description mcp_prompt_description text,
    icons icons member,
    meta _meta member,
    json mcp_prompt_json json,
});

borrowed!(Content mcp_content {
    role mcp_content_role text,
    text mcp_content_text sized,
    mime_type mcp_content_mime_type text,
    annotations annotations member,
    meta _meta member,
    json mcp_content_json json,
});

borrowed!(Skill mcp_skill {
    uri mcp_skill_uri text,
    name mcp_skill_name text,
    description mcp_skill_description text,
    frontmatter mcp_skill_frontmatter_json json,
    json mcp_skill_json json,
});

/// An argument of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub is_required: bool,
}

/// A file of a skill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub uri: String,
    pub size: i64,
    pub digest: String,
}

impl Tool<'_> {
    pub fn check_arguments(&self, arguments: Option<&str>) -> Outcome<()> {
        let arguments = arguments.map(c);
        outcome(unsafe { raw::mcp_tool_check_arguments(self.0, optional(arguments.as_ref())) })
    }

    pub fn hint(&self, name: &str) -> i32 {
        unsafe { raw::mcp_tool_hint(self.0, c(name).as_ptr()) }
    }
}

impl Resource<'_> {
    pub fn size(&self) -> i64 {
        unsafe { raw::mcp_resource_size(self.0) }
    }
}

impl Prompt<'_> {
    pub fn arguments(&self) -> Vec<Argument> {
        let count = unsafe { raw::mcp_prompt_argument_count(self.0) };
        assert!(unsafe { raw::mcp_prompt_argument_name(self.0, count) }.is_null());
        let one = |index| unsafe {
            Argument {
                name: text(raw::mcp_prompt_argument_name(self.0, index)).unwrap(),
                title: self
                    .json()
                    .and_then(|json| Some(json["arguments"][index]["title"].as_str()?.to_owned())),
                description: text(raw::mcp_prompt_argument_description(self.0, index)),
                is_required: raw::mcp_prompt_argument_required(self.0, index) == 1,
            }
        };
        (0..count).map(one).collect()
    }
}

impl Content<'_> {
    pub fn kind(&self) -> i32 {
        unsafe { raw::mcp_content_kind(self.0) }
    }

    /// The bytes; Ok(None) where the kind has none.
    pub fn data(&self) -> Outcome<Option<Vec<u8>>> {
        // The last error is this call's only if it is not this one.
        let before = crate::Client::new("", None).expect_err("no address");
        let mut len = 0;
        let start = unsafe { raw::mcp_content_data(self.0, &mut len) };
        if start.is_null() {
            let after = Failure::last();
            return if after == before { Ok(None) } else { Err(after) };
        }
        let again = unsafe { raw::mcp_content_data(self.0, std::ptr::null_mut()) };
        assert_eq!(again, start, "decoded once");
        let bytes = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), len) };
        Ok(Some(bytes.to_vec()))
    }

    pub fn uri(&self) -> Option<String> {
        self.resource()?.uri()
    }

    pub fn name(&self) -> Option<String> {
        self.resource()?.name()
    }

    /// The resource of a link, of an embedded resource, or that was read.
    pub fn resource(&self) -> Option<Resource<'_>> {
        Resource::of(unsafe { raw::mcp_content_resource(self.0) })
    }
}

impl Skill<'_> {
    pub fn files(&self) -> Vec<File> {
        let count = unsafe { raw::mcp_skill_file_count(self.0) };
        let one = |index| unsafe {
            File {
                uri: text(raw::mcp_skill_file_uri(self.0, index)).unwrap(),
                size: raw::mcp_skill_file_size(self.0, index),
                digest: text(raw::mcp_skill_file_digest(self.0, index)).unwrap(),
            }
        };
        (0..count).map(one).collect()
    }
}

macro_rules! items {
    ($($method:ident $item:ident $count:ident $get:ident,)*) => {
        $(
            pub fn $method(&self) -> Vec<$item<'_>> {
                let count = unsafe { raw::$count(self.0) };
                let get = |index| $item::of(unsafe { raw::$get(self.0, index) });
                assert!(get(count).is_none() && get(usize::MAX).is_none(), "past the end");
                (0..count).map(|index| get(index).expect("an item")).collect()
            }
        )*
    };
}

impl Answer {
    items! {
        tools Tool mcp_result_tool_count mcp_result_tool,
        resources Resource mcp_result_resource_count mcp_result_resource,
        prompts Prompt mcp_result_prompt_count mcp_result_prompt,
        contents Content mcp_result_content_count mcp_result_content,
        skills Skill mcp_result_skill_count mcp_result_skill,
    }

    pub fn value(&self) -> Value {
        serde_json::from_str(&self.json()).unwrap()
    }

    pub fn find_tool(&self, name: &str) -> Option<Tool<'_>> {
        Tool::of(unsafe { raw::mcp_result_find_tool(self.0, c(name).as_ptr()) })
    }

    pub fn meta(&self) -> Option<Value> {
        member(&self.value(), "_meta")
    }

    pub fn next_cursor(&self) -> Option<String> {
        text(unsafe { raw::mcp_result_next_cursor(self.0) })
    }

    pub fn ttl(&self) -> i64 {
        self.value()["ttlMs"].as_i64().unwrap_or(-1)
    }

    pub fn is_error(&self) -> bool {
        unsafe { raw::mcp_result_is_error(self.0) == 1 }
    }

    pub fn text(&self) -> String {
        sized(|len| unsafe { raw::mcp_result_text(self.0, len) }).unwrap()
    }

    /// Of a resource that was read.
    pub fn text_of_first(&self) -> String {
        self.contents()[0].text().unwrap()
    }

    /// The text of a tool that answers in JSON.
    pub fn told(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    pub fn structured(&self) -> Option<String> {
        sized(|len| unsafe { raw::mcp_result_structured_json(self.0, len) })
    }

    pub fn description(&self) -> Option<String> {
        text(unsafe { raw::mcp_result_prompt_description(self.0) })
    }

    pub fn completions(&self) -> Vec<String> {
        let count = unsafe { raw::mcp_result_completion_count(self.0) };
        let get = |index| text(unsafe { raw::mcp_result_completion(self.0, index) });
        assert_eq!(get(count), None);
        (0..count).map(|index| get(index).unwrap()).collect()
    }

    /// Whether there are more, and how many there are in all.
    pub fn more_completions(&self) -> (bool, i64) {
        let has_more = unsafe { raw::mcp_result_completion_has_more(self.0) };
        (has_more == 1, self.value()["completion"]["total"].as_i64().unwrap_or(-1))
    }
}
