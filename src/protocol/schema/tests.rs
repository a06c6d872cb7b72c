use std::time::Duration;

use super::*;
use crate::platform::testing::processor_time;

const SEVEN: &str = "http://json-schema.org/draft-07/schema#";
const D2019: &str = "https://json-schema.org/draft/2019-09/schema";
const D2020: &str = "https://json-schema.org/draft/2020-12/schema";

/// A schema's members, values that match, and values that do not with a part of
/// the message.
type Row = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

/// What every draft has.
const COMMON: &[Row] = &[
    ("", &["1", "{}", "null"], &[]),
    (
        r#""type":"string""#,
        &[r#""a""#],
        &[("1", "the value is a number, not a string"), ("null", "is null, not a string")],
    ),
    (
        r#""type":["integer","null"]"#,
        &["1", "1.0", "1e3", "null"],
        &[("1.5", "not null or an integer")],
    ),
    (r#""type":"number""#, &["1", "1.5"], &[("\"1\"", "is a string, not a number")]),
    (r#""const":{"a":[1]}"#, &[r#"{"a":[1.0]}"#], &[(r#"{"a":[2]}"#, r#"not {"a":[1]}"#)]),
    (
        r#""enum":["a",1,null]"#,
        &["\"a\"", "1.0", "null"],
        &[("\"b\"", "is \"b\", not one of \"a\", 1, null")],
    ),
    (r#""enum":[]"#, &[], &[("1", "the value is not allowed")]),
    (
        r#""minimum":1,"maximum":2"#,
        &["1", "2", "\"x\""],
        &[("0.9", "is 0.9, less than 1"), ("3", "greater than 2")],
    ),
    (r#""exclusiveMinimum":0"#, &["0.001"], &[("0", "not greater than 0"), ("-1", "is -1")]),
    (r#""exclusiveMaximum":1.5"#, &["1"], &[("1.5", "is 1.5, not less than 1.5")]),
    (r#""multipleOf":0.01"#, &["19.99", "0"], &[("0.005", "is not a multiple of 0.01")]),
    (
        r#""minLength":2,"maxLength":3"#,
        &["\"äö\"", "\"\\u00e4bc\"", "1"],
        &[("\"a\"", "has 1 characters, fewer than 2"), ("\"abcd\"", "more than 3")],
    ),
    (
        r#""pattern":"^[a-z]+\\d{2}$""#,
        &["\"ab12\"", "7"],
        &[("\"ab1\"", "does not match the pattern")],
    ),
    (
        r#""minItems":1,"maxItems":2"#,
        &["[1]", "{}"],
        &[("[]", "has 0 items"), ("[1,2,3]", "has 3 items, more than 2")],
    ),
    (r#""uniqueItems":true"#, &["[1,2,\"1\"]"], &[("[1,{},1.0]", "the same item twice, at 2")]),
    (
        r#""items":{"type":"integer"}"#,
        &["[1,2]", "[]"],
        &[("[1,\"x\"]", "\"/1\" is a string, not an integer")],
    ),
    (r#""items":false"#, &["[]"], &[("[1]", "\"/0\" is not allowed")]),
    (
        r#""contains":{"type":"null"}"#,
        &["[1,null]"],
        &[("[1]", "has 0 items that match \"contains\"")],
    ),
    (
        r#""properties":{"a":{"type":"string"},"b/c":{"minimum":1}},"required":["a"]"#,
        &[r#"{"a":""}"#, r#"{"a":"","x":1}"#, "[]"],
        &[
            ("{}", "\"/a\" is missing"),
            (r#"{"a":1}"#, "\"/a\" is a number, not a string"),
            (r#"{"a":"","b/c":0}"#, "\"/b~1c\" is 0, less than 1"),
            (r#"{"a":"","a":2}"#, "\"/a\" is a number"),
        ],
    ),
    (
        r#""properties":{"a":{}},"patternProperties":{"^x-":{"type":"string"}},"additionalProperties":false"#,
        &[r#"{"a":1,"x-b":""}"#],
        &[(r#"{"b":1}"#, "\"/b\" is not allowed"), (r#"{"x-b":1}"#, "\"/x-b\" is a number")],
    ),
    (
        r#""additionalProperties":{"type":"integer"}"#,
        &[r#"{"a":1}"#],
        &[(r#"{"a":{}}"#, "\"/a\" is an object, not an integer")],
    ),
    (
        r#""propertyNames":{"maxLength":2}"#,
        &[r#"{"ab":1}"#],
        &[(r#"{"abc":1}"#, "whose name is not allowed: \"abc\"")],
    ),
    (
        r#""minProperties":1,"maxProperties":1"#,
        &[r#"{"a":1}"#],
        &[("{}", "has 0 members"), (r#"{"a":1,"b":1}"#, "has 2 members")],
    ),
    (r#""allOf":[{"minimum":1},{"maximum":2}]"#, &["1"], &[("3", "greater than 2")]),
    (
        r#""anyOf":[{"type":"string"},{"type":"null"}]"#,
        &["null"],
        &[("1", "is a number, not null or a string")],
    ),
    (
        r#""anyOf":[{"type":"object","required":["a"]},{"type":"null"}]"#,
        &["null", r#"{"a":1}"#],
        &[("{}", "\"/a\" is missing")],
    ),
    (
        r#""anyOf":[{"minimum":5},{"multipleOf":2}]"#,
        &["7", "4"],
        &[("3", "none of the 2 schemas of \"anyOf\"")],
    ),
    (
        r#""oneOf":[{"minimum":5},{"multipleOf":2}]"#,
        &["7", "4"],
        &[("6", "matches 2 schemas of \"oneOf\""), ("3", "none of")],
    ),
    (r#""not":{"type":"null"}"#, &["1"], &[("null", "a schema that it must not match")]),
    (
        r##""definitions":{"n":{"type":"object","properties":{"next":{"$ref":"#/definitions/n"}},"required":["v"]}},"allOf":[{"$ref":"#/definitions/n"}]"##,
        &[r#"{"v":1,"next":{"v":2}}"#],
        &[(r#"{"v":1,"next":{"v":2,"next":{}}}"#, "\"/next/next/v\" is missing")],
    ),
    (
        r##""properties":{"a":{"$ref":"#"}},"additionalProperties":false"##,
        &[r#"{"a":{"a":{}}}"#],
        &[(r#"{"a":{"b":1}}"#, "\"/a/b\" is not allowed")],
    ),
    // Annotations and keywords that no draft knows.
    (
        r#""format":"email","title":1,"x-fastmcp-wrap-result":true,"default":7"#,
        &["\"no mail\"", "1"],
        &[],
    ),
];

const OF_SEVEN: &[Row] = &[
    (
        r#""items":[{"type":"string"}],"additionalItems":false"#,
        &["[\"a\"]", "[]"],
        &[("[1]", "\"/0\" is a number"), ("[\"a\",1]", "\"/1\" is not allowed")],
    ),
    (
        r#""dependencies":{"a":["b"],"c":{"required":["d"]}}"#,
        &[r#"{"a":1,"b":1}"#],
        &[(r#"{"a":1}"#, "\"/b\" is missing"), (r#"{"c":1}"#, "\"/d\" is missing")],
    ),
    (
        r#""if":{"type":"string"},"then":{"minLength":1},"else":{"minimum":0}"#,
        &["\"a\"", "0"],
        &[("\"\"", "fewer than 1"), ("-1", "less than 0")],
    ),
    (
        r##""definitions":{"a":{"$id":"#x","type":"null"}},"properties":{"p":{"$ref":"#x","type":"string"}}"##,
        &[r#"{"p":null}"#],
        &[(r#"{"p":"s"}"#, "\"/p\" is a string, not null")],
    ),
    // Keywords of later drafts are unknown.
    (
        r#""dependentRequired":{"a":["b"]},"unevaluatedProperties":false,"prefixItems":[false]"#,
        &[r#"{"a":1}"#, "[1]"],
        &[],
    ),
];

const OF_2020: &[Row] = &[
    (
        r#""prefixItems":[{"type":"string"}],"items":{"type":"integer"}"#,
        &["[\"a\",1]", "[]"],
        &[("[\"a\",\"b\"]", "\"/1\" is a string")],
    ),
    (
        r#""contains":{"type":"null"},"minContains":0,"maxContains":1"#,
        &["[]", "[null]"],
        &[("[null,null]", "more than 1")],
    ),
    (
        r#""dependentRequired":{"a":["b"]},"dependentSchemas":{"c":{"required":["d"]}}"#,
        &[r#"{"b":1}"#],
        &[(r#"{"a":1}"#, "\"/b\" is missing"), (r#"{"c":1}"#, "\"/d\" is missing")],
    ),
    (
        r##""$defs":{"a":{"$anchor":"x","type":"null"}},"properties":{"p":{"$ref":"#x","enum":[null,1]}}"##,
        &[r#"{"p":null}"#],
        &[(r#"{"p":1}"#, "\"/p\" is a number, not null")],
    ),
    (
        r##""$dynamicAnchor":"n","properties":{"p":{"$dynamicRef":"#n"}},"additionalProperties":false"##,
        &[r#"{"p":{}}"#],
        &[(r#"{"p":{"q":1}}"#, "\"/p/q\" is not allowed")],
    ),
    (
        r##""allOf":[{"properties":{"a":{}}}],"anyOf":[{"properties":{"b":{"const":1}},"required":["b"]},{}],"unevaluatedProperties":false"##,
        &[r#"{"a":1}"#, r#"{"a":1,"b":1}"#],
        &[(r#"{"a":1,"b":2}"#, "\"/b\" is not allowed"), (r#"{"c":1}"#, "\"/c\" is not allowed")],
    ),
    (
        r#""prefixItems":[{}],"contains":{"const":7},"unevaluatedItems":false"#,
        &["[1,7]"],
        &[("[1,7,2]", "\"/2\" is not allowed")],
    ),
    (
        r##""$id":"https://example.com/s","$ref":"https://example.com/s#/$defs/%61~1b","$defs":{"a/b":{"type":"null"}}"##,
        &["null"],
        &[("1", "not null")],
    ),
];

fn check_rows(draft: &str, rows: &[Row]) {
    for (members, good, bad) in rows {
        let comma = if members.is_empty() { "" } else { "," };
        let text = format!("{{\"$schema\":\"{draft}\"{comma}{members}}}");
        let schema = Schema::parse(&text).unwrap_or_else(|why| panic!("{text}: {why}"));
        for value in *good {
            assert_eq!(schema.check(value), Ok(()), "{text} {value}");
        }
        for (value, words) in *bad {
            match schema.check(value) {
                Err(SchemaFault::Mismatch(what)) if what.contains(words) => {}
                other => panic!("{text} {value}: {other:?}, not {words}"),
            }
        }
    }
}

#[test]
fn checks_every_keyword_of_each_draft() {
    for draft in [SEVEN, D2019, D2020, "http://json-schema.org/draft-06/schema"] {
        check_rows(draft, COMMON);
    }
    check_rows(SEVEN, OF_SEVEN);
    check_rows(D2020, OF_2020);
}

#[test]
fn takes_a_schema_without_a_draft_as_2020_12() {
    let schema = Schema::parse(r#"{"prefixItems":[{"type":"null"}]}"#).unwrap();
    assert!(schema.check("[1]").is_err());
}

#[test]
fn says_why_a_schema_is_unusable() {
    for (text, words) in [
        ("", "it is not JSON"),
        ("7", "this is not a schema: 7"),
        ("{\"properties\":{\"a\":1}}", "this is not a schema: 1"),
        (r#"{"type":"text"}"#, "its \"type\" is not"),
        (r#"{"type":7}"#, "its \"type\" is not"),
        (r#"{"type":[]}"#, "its \"type\" is not"),
        (r#"{"minimum":"1"}"#, "its \"minimum\" is not a number: \"1\""),
        (r#"{"minLength":-1}"#, "whole number"),
        (r#"{"multipleOf":0}"#, "positive"),
        (r#"{"required":true}"#, "its \"required\" is not an array"),
        (r#"{"enum":1}"#, "an array"),
        (r#"{"properties":[]}"#, "an object"),
        (r#"{"$ref":"https://example.com/s.json"}"#, "another document, which is not fetched"),
        (r#"{"$ref":"file:///etc/passwd"}"#, "another document"),
        (r#"{"$ref":"other.json#/a"}"#, "another document"),
        (r##"{"$ref":"#/$defs/none"}"##, "leads nowhere"),
        (r##"{"$ref":"#none"}"##, "leads nowhere"),
        (r#"{"$schema":"https://example.com/draft"}"#, "not a known draft"),
        (r#"{"properties":{"a":{"$id":"inner","type":"null"}}}"#, "has an \"$id\""),
        (r#"{"pattern":"(?=a)b"}"#, "cannot be used"),
        (r#"{"pattern":"(a)\\1"}"#, "cannot be used"),
        (r#"{"pattern":"["}"#, "cannot be used"),
    ] {
        match Schema::parse(text) {
            Err(why) if why.contains(words) => {}
            other => panic!("{text}: {other:?}, not {words}"),
        }
    }
    // What no check reaches does no harm.
    assert!(Schema::parse(r#"{"$defs":{"a":{"$ref":"https://example.com/"}}}"#).is_ok());
}

/// A check ends soon, whatever the schema and the value.
fn soon<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let mut done = None;
    let time = processor_time(|| done = Some(work()));
    // Without optimization.
    assert!(time < Duration::from_secs(20), "{what} took {time:?}");
    done.unwrap()
}

fn is_unchecked(schema: &str, value: &str) -> bool {
    let schema = Schema::parse(schema).unwrap();
    soon(schema_name(value), || matches!(schema.check(value), Err(SchemaFault::Unchecked(_))))
}

fn schema_name(value: &str) -> &str {
    &value[..value.len().min(40)]
}

#[test]
fn ends_a_check_of_a_hostile_schema() {
    // A schema that refers to itself for the same value.
    assert!(is_unchecked(r##"{"$ref":"#"}"##, "1"));
    assert!(is_unchecked(r##"{"allOf":[{"$ref":"#"}]}"##, "1"));
    // A number of branches that doubles with each definition.
    let double = |at: usize| {
        format!(
            "\"d{at}\":{{\"allOf\":[{{\"$ref\":\"#/$defs/d{0}\"}},{{\"$ref\":\"#/$defs/d{0}\"}}]}}",
            at + 1
        )
    };
    let all: Vec<String> = (0..60).map(double).collect();
    let schema =
        format!("{{\"$ref\":\"#/$defs/d0\",\"$defs\":{{{},\"d60\":{{}}}}}}", all.join(","));
    assert!(is_unchecked(&schema, "1"));
    // One that doubles with each level of the value.
    let schema = r##"{"oneOf":[{"items":{"$ref":"#"}},{"items":{"$ref":"#"}}]}"##;
    let value = format!("{}1{}", "[".repeat(60), "]".repeat(60));
    assert!(is_unchecked(schema, &value));
    // A deep value under a schema that follows it.
    let value = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    assert!(is_unchecked(r##"{"items":{"$ref":"#"}}"##, &value));
    // Nested quantifiers take linear time.
    let schema = Schema::parse(r#"{"pattern":"^(a+)+$"}"#).unwrap();
    let value = format!("\"{}b\"", "a".repeat(20_000));
    assert!(soon("(a+)+", || schema.check(&value)).is_err());
    // Values that are long for each schema that looks at them.
    let all = |schema: &str| format!("{{\"allOf\":[{}{{}}]}}", format!("{schema},").repeat(5000));
    let (number, name) = ("9".repeat(1_000_000), "x".repeat(1_000_000));
    assert!(is_unchecked(&all("{}"), &number));
    assert!(is_unchecked(&all(r#"{"multipleOf":3}"#), &number));
    assert!(is_unchecked(&all(r#"{"required":["a"]}"#), &format!("{{\"a\":1,\"{name}\":1}}")));
    assert!(is_unchecked(&all(r#"{"minLength":1}"#), &format!("\"{name}\"")));
    let items = format!("[{}0]", "1,".repeat(50_000));
    assert!(is_unchecked(&all(r#"{"not":{"const":1}}"#), &items));
    // Patterns for a text that is empty.
    let patterns: Vec<String> = (0..128).map(|at| format!("\"p{at}\":{{}}")).collect();
    let named = r##"{"$ref":"#/$defs/p"},"##.repeat(5000);
    let schema = format!(
        "{{\"allOf\":[{named}{{}}],\"$defs\":{{\"p\":{{\"patternProperties\":{{{}}}}}}}}}",
        patterns.join(",")
    );
    assert!(is_unchecked(&schema, r#"{"":1}"#));
    // A large pattern for a large text.
    let schema = r#"{"pattern":"(x+x+){1,20}y"}"#;
    let value = format!("\"{}\"", "x".repeat(1_000_000));
    assert!(is_unchecked(schema, &value));
}

#[test]
fn judges_no_text_that_validators_read_differently() {
    for (pattern, value, is_clear) in [
        (r"^\\w+$", "M\u{fc}ller", false),
        (r"^\\w+$", "Miller", true),
        (r"^\\d+$", "\u{663}", false),
        (r"^\\D+$", "\u{fc}", true),
        (r"^\\S+$", "\u{fc}", true),
        (r"^a\\s$", "a\u{a0}", false),
        (r"^\\\\w$", "\u{fc}", true),
        ("^.$", "\u{fc}", true),
    ] {
        for schema in [
            format!("{{\"items\":{{\"pattern\":\"{pattern}\"}}}}"),
            format!("{{\"items\":{{\"propertyNames\":{{\"pattern\":\"{pattern}\"}}}}}}"),
        ] {
            let value = format!("[{{\"{value}\":1}},\"{value}\"]");
            let found = Schema::parse(&schema).unwrap().check(&value);
            assert_eq!(
                matches!(found, Err(SchemaFault::Unchecked(_))),
                !is_clear,
                "{schema} {value}"
            );
        }
    }
}

#[test]
fn uses_little_stack_for_the_deepest_check() {
    let schema =
        r##"{"anyOf":[{"properties":{"a":{"$ref":"#"}},"unevaluatedProperties":false},false]}"##;
    let value = format!("{}1{}", "{\"a\":".repeat(400), "}".repeat(400));
    let checked = std::thread::Builder::new()
        .stack_size(if cfg!(debug_assertions) { 1 << 20 } else { 192 << 10 })
        .spawn(move || Schema::parse(schema).unwrap().check(&value))
        .unwrap();
    assert!(matches!(checked.join().unwrap(), Err(SchemaFault::Unchecked(_))));
}

#[test]
fn limits_what_a_schema_takes() {
    let unusable = |text: &str, words: &str| {
        let why = soon(words, || Schema::parse(text)).unwrap_err();
        assert!(why.contains(words), "{why}");
    };
    let nested = |open: &str, depth: usize, close: &str| {
        format!("{}{{}}{}", open.repeat(depth), close.repeat(depth))
    };
    assert!(Schema::parse(&nested("{\"not\":", 500, "}")).is_ok());
    unusable(&nested("{\"not\":", 600, "}"), "512 nested");
    unusable(&format!("{{\"title\":\"{}\"}}", "x".repeat(1 << 20)), "262144 bytes");
    unusable(&format!("{{\"allOf\":[{}{{}}]}}", "{},".repeat(30_000)), "20000 subschemas");
    let members = |count: usize, member: &dyn Fn(usize) -> String| {
        let all: Vec<String> = (0..count).map(member).collect();
        all.join(",")
    };
    let patterns = members(129, &|at| format!("\"p{at}\":{{}}"));
    unusable(&format!("{{\"patternProperties\":{{{patterns}}}}}"), "its patterns take more than");
    let references = members(1001, &|at| format!("{{\"$ref\":\"#/x/{at}\"}}"));
    let targets = members(1001, &|_| "{}".to_owned());
    unusable(&format!("{{\"allOf\":[{references}],\"x\":[{targets}]}}"), "1000 references");
    unusable(&format!("{{\"pattern\":\"{}\"}}", "a".repeat(3000)), "2000 bytes");
    let patterns = members(128, &|at| format!("\"p{at}\":{{}}"));
    assert!(Schema::parse(&format!("{{\"patternProperties\":{{{patterns}}}}}")).is_ok());
    let patterns = members(9, &|at| format!("\"{at}(ab){{200}}\":{{}}"));
    unusable(&format!("{{\"patternProperties\":{{{patterns}}}}}"), "its patterns take more than");
    unusable(r#"{"pattern":"(((a{1,100}){1,100}){1,100}){1,100}"}"#, "cannot be used");
    unusable(&format!("{{\"pattern\":\"{}\"}}", "(".repeat(900)), "cannot be used");
    // Many references that look through a large document.
    let references = members(900, &|at| format!("{{\"$ref\":\"#a{at}\"}}"));
    let anchors = members(900, &|at| format!("{{\"$anchor\":\"a{at}\"}}"));
    let schema = format!("{{\"allOf\":[{references}],\"x\":[{anchors}]}}");
    assert!(soon("anchors", || Schema::parse(&schema)).is_ok());
}

/// The schemas that FastMCP 2 and 3 and the official SDKs write.
#[test]
fn checks_the_schemas_of_real_servers() {
    let wrapped = r#"{"type":"object","properties":{"result":{"type":"integer"}},"required":["result"],
        "x-fastmcp-wrap-result":true}"#;
    let titled = r##"{"$defs":{"Wind":{"properties":{"speed":{"title":"Speed","type":"number"},
        "from":{"anyOf":[{"type":"string"},{"type":"null"}],"default":null,"title":"From"}},
        "required":["speed"],"title":"Wind","type":"object"}},"properties":{"city":{"title":"City",
        "type":"string"},"wind":{"$ref":"#/$defs/Wind"},"tags":{"items":{"enum":["wet","dry"],
        "type":"string"},"type":"array"}},"required":["city","wind"],"title":"Weather","type":"object"}"##;
    let zod = r#"{"type":"object","properties":{"temperature":{"type":"number"},"conditions":{"type":"string",
        "enum":["sunny","cloudy"]}},"required":["temperature","conditions"],
        "additionalProperties":false,"$schema":"http://json-schema.org/draft-07/schema#"}"#;
    let zod4 = r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":
        {"at":{"type":"string","format":"date-time","pattern":"^(?:\\d{4}-\\d{2}-\\d{2})T[\\d:.]+Z$"}},
        "required":["at"],"additionalProperties":false}"#;
    for (schema, good, bad, words) in [
        (
            wrapped,
            r#"{"result":3}"#,
            r#"{"result":"3"}"#,
            "\"/result\" is a string, not an integer",
        ),
        (
            titled,
            r#"{"city":"Oslo","wind":{"speed":1.5,"from":null},"tags":["wet"]}"#,
            r#"{"city":"Oslo","wind":{"speed":1,"from":3}}"#,
            "\"/wind/from\" is a number, not null or a string",
        ),
        (
            zod,
            r#"{"temperature":1,"conditions":"sunny"}"#,
            r#"{"temperature":1,"conditions":"sunny","extra":1}"#,
            "\"/extra\" is not allowed",
        ),
        (zod4, r#"{"at":"2026-11-30T10:00:00Z"}"#, r#"{"at":"today"}"#, "\"/at\" does not match"),
    ] {
        let compiled = Schema::parse(schema).unwrap();
        assert_eq!(compiled.check(good), Ok(()));
        match compiled.check(bad) {
            Err(SchemaFault::Mismatch(what)) if what.contains(words) => {}
            other => panic!("{other:?}, not {words}"),
        }
    }
}
