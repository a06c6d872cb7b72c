//! The rules of a schema, which its keywords are compiled to.

use crate::protocol::schema::pattern::Pattern;
use crate::wire::json_decimal::Decimal;

/// A schema or subschema by its index.
pub(super) type NodeId = usize;

/// A schema or subschema: a value matches it if it keeps every rule.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) rules: Vec<Rule>,
    /// A rule depends on which members or items the others have looked at.
    pub(super) has_unevaluated: bool,
}

#[derive(Debug)]
pub(super) enum Rule {
    /// The schema `false`.
    Never,
    Types(Types),
    /// `enum` or `const`.
    OneOfValues(Vec<KnownValue>),
    Bound(Bound, Decimal),
    MultipleOf(Decimal),
    AtLeast(Counted, usize),
    AtMost(Counted, usize),
    Pattern(Box<Pattern>),
    /// `prefixItems`, or `items` as an array.
    Prefix(Vec<NodeId>),
    /// The items from an index on.
    Items(usize, NodeId),
    Contains(Box<Contains>),
    UniqueItems,
    Members(Box<MemberRules>),
    Required(Vec<String>),
    /// With the member that demands them.
    DependentRequired(String, Vec<String>),
    DependentSchema(String, NodeId),
    PropertyNames(NodeId),
    Reference(NodeId),
    AllOf(Vec<NodeId>),
    AnyOf(Vec<NodeId>),
    OneOf(Vec<NodeId>),
    Not(NodeId),
    If(Box<Conditional>),
    UnevaluatedItems(NodeId),
    UnevaluatedProperties(NodeId),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    Minimum,
    ExclusiveMinimum,
    Maximum,
    ExclusiveMaximum,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Counted {
    Characters,
    Items,
    Members,
}

#[derive(Debug)]
pub(super) struct KnownValue {
    pub(super) canonical: String,
    /// The beginning of its text.
    pub(super) shown: String,
}

#[derive(Debug)]
pub(super) struct Contains {
    pub(super) schema: NodeId,
    pub(super) least: usize,
    pub(super) most: usize,
    /// From draft 2020-12 on, the items that it finds are evaluated.
    pub(super) evaluates: bool,
}

#[derive(Debug, Default)]
pub(super) struct MemberRules {
    /// Sorted by name.
    pub(super) properties: Vec<(String, NodeId)>,
    pub(super) patterns: Vec<(Pattern, NodeId)>,
    pub(super) additional: Option<NodeId>,
}

#[derive(Debug)]
pub(super) struct Conditional {
    pub(super) condition: NodeId,
    pub(super) then: Option<NodeId>,
    pub(super) otherwise: Option<NodeId>,
}

/// A set of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Types(u8);

/// Their names, in the order of their bits.
const NAMES: [(&str, &str); 7] = [
    ("null", "null"),
    ("boolean", "a boolean"),
    ("object", "an object"),
    ("array", "an array"),
    ("number", "a number"),
    ("string", "a string"),
    ("integer", "an integer"),
];

impl Types {
    pub(super) const NONE: Self = Self(0);
    pub(super) const OBJECT: Self = Self(1 << 2);
    pub(super) const ARRAY: Self = Self(1 << 3);
    pub(super) const NUMBER: Self = Self(1 << 4);
    pub(super) const STRING: Self = Self(1 << 5);
    pub(super) const INTEGER: Self = Self(1 << 6);

    pub(super) fn named(name: &str) -> Option<Self> {
        NAMES.iter().position(|(its, _)| *its == name).map(|at| Self(1 << at))
    }

    /// The type of a value. An integer is a number with both bits.
    pub(super) fn of(raw: &str) -> Self {
        match raw.as_bytes().first() {
            Some(b'{') => Self::OBJECT,
            Some(b'[') => Self::ARRAY,
            Some(b'"') => Self::STRING,
            Some(b't' | b'f') => Self(1 << 1),
            Some(b'n') | None => Self(1),
            Some(_) => {
                let is_integer = raw.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit())
                    || Decimal::parse(raw).is_integer();
                if is_integer { Self::NUMBER.or(Self::INTEGER) } else { Self::NUMBER }
            }
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the sets have a type in common.
    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The types in words.
    pub(super) fn words(self) -> String {
        let names = NAMES.iter().enumerate();
        let all: Vec<&str> =
            names.filter(|(at, _)| self.0 & (1 << at) != 0).map(|(_, (_, words))| *words).collect();
        all.join(" or ")
    }

    /// One value's type in words.
    pub(super) fn word(self) -> &'static str {
        let names = NAMES.iter().enumerate();
        let mut found = names.filter(|(at, _)| self.0 & (1 << at) != 0);
        found.next().map_or("nothing", |(_, (_, words))| words)
    }
}
