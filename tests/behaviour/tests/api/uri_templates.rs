//! Expansion of URI templates.

use std::ffi::{CStr, CString};
use std::ptr::null;

use behaviour::constants::*;
use behaviour::{Failure, Outcome, raw, tests};

fn expand(template: &str, values: Option<&str>) -> Outcome<String> {
    let template = CString::new(template).unwrap();
    let values = values.map(|values| CString::new(values).unwrap());
    let values = values.as_ref().map_or(null(), |values| values.as_ptr());
    let expanded = unsafe { raw::mcp_uri_expand(template.as_ptr(), values) };
    if expanded.is_null() {
        return Err(Failure::last());
    }
    let text = unsafe { CStr::from_ptr(expanded) }.to_str().unwrap().to_owned();
    unsafe { raw::mcp_string_free(expanded) };
    Ok(text)
}

tests! {
    template_is_expanded_with_the_values {
        for (template, values, uri) in [
            ("file:///{+path}{?line,column}", Some(r#"{"path":"a/b c","line":7}"#),
             "file:///a/b%20c?line=7"),
            ("db://{table}/{id}", Some(r#"{"id":true,"table":"\u00fc"}"#), "db://%C3%BC/true"),
            ("x{/list*}{?keys*}", Some(r#"{"list":["a","b"],"keys":{"b":1,"a":2}}"#),
             "x/a/b?b=1&a=2"),
            ("x{y}", None, "x"),
            ("x{y}", Some(""), "x"),
            ("x{y}", Some("{}"), "x"),
            ("", None, ""),
        ] {
            assert_eq!(expand(template, values).unwrap(), uri, "{template}");
        }
    }

    mistake_is_named_with_its_place {
        for (template, values, words) in [
            ("\u{fc}a/{id", None, "at character 4, at \"{id\": the \"{\" is not closed"),
            ("{id:x}", None, "at character 5, at \"x}\": a number from 1 to 9999"),
            ("{a.}", None, "the name of a variable ends with"),
            ("{a:1}", Some(r#"{"a":[1]}"#), "the value of \"a\" is an array or an object"),
            ("{a}", Some(r#"{"a":[[1]]}"#), "the value of \"a\" has arrays or objects inside"),
            ("{a}", Some("[]"), "values_json is not a JSON object"),
            ("{a}", Some("{"), "values_json is not a JSON object"),
        ] {
            let failure = expand(template, values).unwrap_err();
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }

    expansion_has_a_limit {
        let values = format!("{{\"x\":\"{}\"}}", "y".repeat(1000));
        let template = "{x}".repeat(1048);
        assert_eq!(expand(&template, Some(&values)).unwrap().len(), 1_048_000);
        let failure = expand(&format!("{template}{{x}}"), Some(&values)).unwrap_err();
        assert_eq!(failure.status, MCP_E_TOO_LARGE, "{}", failure.message);
    }

    null_is_refused_or_ignored {
        unsafe {
            assert!(raw::mcp_uri_expand(null(), c"{}".as_ptr()).is_null());
            assert_eq!(Failure::last().status, MCP_E_INVALID_ARGUMENT);
            assert!(raw::mcp_uri_expand(c"\xff".as_ptr(), null()).is_null());
            assert_eq!(Failure::last().status, MCP_E_INVALID_ARGUMENT);
            raw::mcp_string_free(std::ptr::null_mut());
        }
    }
}
