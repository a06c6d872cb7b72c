//! Checks a value against the compiled rules.

use std::fmt::{self, Write};

use crate::base::error::quote;
use crate::protocol::schema::fault::SchemaFault;
use crate::protocol::schema::pattern::Pattern;
use crate::protocol::schema::rule::{
    Bound, Conditional, Counted, KnownValue, Node, NodeId, Rule, Types,
};
use crate::wire::json_canonical::{push_canonical, string};
use crate::wire::json_decimal::Decimal;
use crate::wire::tape::{Place, Tape};

/// The most schemas inside each other that are checked, which bounds the stack.
const MOST_DEPTH: usize = 200;

/// The steps of a check: a number for any value, and more for each byte of the
/// value, up to a limit. A step takes some ten nanoseconds.
const STEPS: usize = 500_000;
const STEPS_PER_BYTE: usize = 16;
const MOST_STEPS: usize = 20_000_000;

/// The check ends without a verdict.
#[derive(Debug)]
pub(super) struct Stopped(&'static str);

/// Whether the value keeps the rule.
pub(super) type RuleResult = Result<bool, Stopped>;

pub(super) struct Checker<'a> {
    nodes: &'a [Node],
    pub(super) text: &'a str,
    pub(super) tape: &'a Tape,
    steps: usize,
    depth: usize,
    /// Above 0 inside a schema that need not match.
    quiet: usize,
    pub(super) path: Vec<ValueStep>,
    fault: Option<String>,
}

pub(super) enum ValueStep {
    Member(String),
    Item(usize),
}

/// The members or items of a value that a schema has looked at, by their index.
#[derive(Clone, Default)]
pub(super) struct Evaluated(Vec<bool>);

impl Evaluated {
    fn mark(&mut self, index: usize) {
        if self.0.len() <= index {
            self.0.resize(index + 1, false);
        }
        if let Some(mark) = self.0.get_mut(index) {
            *mark = true;
        }
    }

    fn has(&self, index: usize) -> bool {
        self.0.get(index).copied().unwrap_or(false)
    }

    fn add(&mut self, other: &Self) {
        for (index, _) in other.0.iter().enumerate().filter(|(_, mark)| **mark) {
            self.mark(index);
        }
    }
}

/// One value under one schema.
pub(super) struct Visit {
    pub(super) place: Place,
    types: Types,
    /// Collected only where `unevaluated...` asks for it.
    evaluated: Option<Evaluated>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(nodes: &'a [Node], text: &'a str, tape: &'a Tape) -> Self {
        let steps = STEPS.saturating_add(text.len().saturating_mul(STEPS_PER_BYTE)).min(MOST_STEPS);
        Self { nodes, text, tape, steps, depth: 0, quiet: 0, path: Vec::new(), fault: None }
    }

    pub(super) fn check(mut self, root: NodeId) -> Result<(), SchemaFault> {
        match self.node(root, 0, None) {
            Ok(true) => Ok(()),
            Ok(false) => Err(SchemaFault::Mismatch(self.fault.unwrap_or_default())),
            Err(Stopped(why)) => Err(SchemaFault::Unchecked(why.to_owned())),
        }
    }

    pub(super) fn raw(&self, place: Place) -> &'a str {
        self.tape.text(self.text, place)
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Stopped> {
        self.steps =
            self.steps.checked_sub(steps).ok_or(Stopped("the check has too many steps"))?;
        Ok(())
    }

    /// Checks a value, and adds what the schema has looked at to `evaluated`.
    pub(super) fn node(
        &mut self,
        id: NodeId,
        place: Place,
        evaluated: Option<&mut Evaluated>,
    ) -> RuleResult {
        self.spend(1)?;
        if self.depth >= MOST_DEPTH {
            return Err(Stopped("the schemas are nested too deeply in each other"));
        }
        let nodes = self.nodes;
        let Some(node) = nodes.get(id) else { return Ok(true) };
        self.depth += 1;
        let raw = self.raw(place);
        if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            self.spend(raw.len() / 8)?;
        }
        let collects = evaluated.is_some() || node.has_unevaluated;
        let mut visit =
            Visit { place, types: Types::of(raw), evaluated: collects.then(Evaluated::default) };
        for rule in &node.rules {
            if !self.rule(rule, &mut visit)? {
                self.depth -= 1;
                return Ok(false);
            }
        }
        self.depth -= 1;
        if let (Some(all), Some(own)) = (evaluated, &visit.evaluated) {
            self.spend(own.0.len() / 2)?;
            all.add(own);
        }
        Ok(true)
    }

    fn rule(&mut self, rule: &Rule, visit: &mut Visit) -> RuleResult {
        let place = visit.place;
        let is = |types: Types| visit.types.has(types);
        match rule {
            Rule::Never => self.fail(format_args!("is not allowed")),
            Rule::Types(types) => {
                if types.has(visit.types) {
                    return Ok(true);
                }
                self.wrong_type(visit.types, *types)
            }
            Rule::OneOfValues(values) => self.one_of_values(values, place),
            Rule::Bound(bound, limit) if is(Types::NUMBER) => self.bound(*bound, limit, place),
            Rule::MultipleOf(divisor) if is(Types::NUMBER) => {
                // A division for each digit.
                self.spend(self.raw(place).len().saturating_mul(2))?;
                match Decimal::parse(self.raw(place)).is_multiple_of(divisor) {
                    Some(false) => {
                        let divisor = divisor.text();
                        self.fail(format_args!("is not a multiple of {divisor}"))
                    }
                    _ => Ok(true),
                }
            }
            Rule::AtLeast(counted, least) => self.count(*counted, visit, *least, usize::MAX),
            Rule::AtMost(counted, most) => self.count(*counted, visit, 0, *most),
            Rule::Pattern(pattern) if is(Types::STRING) => {
                let text = string(self.raw(place));
                if self.matches(pattern, &text)? {
                    return Ok(true);
                }
                self.fail(format_args!(
                    "does not match the pattern \"{}\"",
                    quote(pattern.source())
                ))
            }
            Rule::Prefix(schemas) if is(Types::ARRAY) => self.prefix(schemas, visit),
            Rule::Items(start, schema) if is(Types::ARRAY) => self.items(*start, *schema, visit),
            Rule::Contains(contains) if is(Types::ARRAY) => self.contains(contains, visit),
            Rule::UniqueItems if is(Types::ARRAY) => self.unique(place),
            Rule::Members(members) if is(Types::OBJECT) => self.members(members, visit),
            Rule::Required(names) if is(Types::OBJECT) => self.required(names, place),
            Rule::DependentRequired(member, names) if is(Types::OBJECT) => {
                if self.has_member(place, member)? { self.required(names, place) } else { Ok(true) }
            }
            Rule::DependentSchema(member, schema) if is(Types::OBJECT) => {
                if self.has_member(place, member)? { self.same(*schema, visit) } else { Ok(true) }
            }
            Rule::PropertyNames(schema) if is(Types::OBJECT) => self.names(*schema, place),
            Rule::Reference(schema) => self.same(*schema, visit),
            Rule::AllOf(schemas) => {
                for schema in schemas {
                    if !self.same(*schema, visit)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Rule::AnyOf(schemas) => self.any_of(schemas, visit),
            Rule::OneOf(schemas) => self.one_of(schemas, visit),
            Rule::Not(schema) => {
                if self.quietly(*schema, place, None)? {
                    return self.fail(format_args!("matches a schema that it must not match"));
                }
                Ok(true)
            }
            Rule::If(conditional) => self.conditional(conditional, visit),
            Rule::UnevaluatedItems(schema) if is(Types::ARRAY) => {
                self.unevaluated_items(*schema, visit)
            }
            Rule::UnevaluatedProperties(schema) if is(Types::OBJECT) => {
                self.unevaluated_properties(*schema, visit)
            }
            // A rule for another type.
            _ => Ok(true),
        }
    }

    pub(super) fn matches(&mut self, pattern: &Pattern, text: &str) -> RuleResult {
        self.spend(pattern.steps_for(text))?;
        if pattern.is_unclear_for(text) {
            return Err(Stopped(
                "validators differ in what one of its patterns means for letters outside ASCII",
            ));
        }
        Ok(pattern.is_match(text))
    }

    /// Another schema for the same value.
    fn same(&mut self, schema: NodeId, visit: &mut Visit) -> RuleResult {
        self.node(schema, visit.place, visit.evaluated.as_mut())
    }

    /// A schema that need not match, so that a mismatch is no fault.
    pub(super) fn quietly(
        &mut self,
        schema: NodeId,
        place: Place,
        evaluated: Option<&mut Evaluated>,
    ) -> RuleResult {
        self.quiet += 1;
        let verdict = self.node(schema, place, evaluated);
        self.quiet -= 1;
        verdict
    }

    /// The same, and what the schema looked at counts if it matches.
    fn trial(&mut self, schema: NodeId, visit: &mut Visit) -> RuleResult {
        self.quietly(schema, visit.place, visit.evaluated.as_mut())
    }

    #[inline(never)]
    fn one_of_values(&mut self, values: &[KnownValue], place: Place) -> RuleResult {
        self.spend(self.raw(place).len().saturating_mul(2) + values.len())?;
        let mut own = String::new();
        push_canonical(&mut own, self.text, self.tape, place);
        if values.iter().any(|one| one.canonical == own) {
            return Ok(true);
        }
        if self.quiet > 0 {
            return Ok(false);
        }
        let (own, many) = (quote(self.raw(place)), if values.len() > 1 { "one of " } else { "" });
        let all: Vec<&str> = values.iter().take(10).map(|one| one.shown.as_str()).collect();
        self.fail(format_args!("is {own}, not {many}{}", quote(&all.join(", "))))
    }

    #[inline(never)]
    fn bound(&mut self, bound: Bound, limit: &Decimal, place: Place) -> RuleResult {
        let raw = self.raw(place);
        self.spend(raw.len() / 8)?;
        let order = Decimal::parse(raw).compare(limit);
        let (is_kept, words) = match bound {
            Bound::Minimum => (order.is_ge(), "less than"),
            Bound::ExclusiveMinimum => (order.is_gt(), "not greater than"),
            Bound::Maximum => (order.is_le(), "greater than"),
            Bound::ExclusiveMaximum => (order.is_lt(), "not less than"),
        };
        if is_kept {
            return Ok(true);
        }
        self.fail(format_args!("is {}, {words} {}", quote(raw), limit.text()))
    }

    #[inline(never)]
    fn count(&mut self, counted: Counted, visit: &Visit, least: usize, most: usize) -> RuleResult {
        let place = visit.place;
        let (found, what) = match counted {
            Counted::Characters if visit.types.has(Types::STRING) => {
                self.spend(self.raw(place).len() / 2)?;
                (string(self.raw(place)).chars().count(), "characters")
            }
            Counted::Items if visit.types.has(Types::ARRAY) => {
                (self.elements(place)?.len(), "items")
            }
            Counted::Members if visit.types.has(Types::OBJECT) => {
                (self.sorted(place)?.len(), "members")
            }
            _ => return Ok(true),
        };
        if found < least {
            return self.fail(format_args!("has {found} {what}, fewer than {least}"));
        }
        if found > most {
            return self.fail(format_args!("has {found} {what}, more than {most}"));
        }
        Ok(true)
    }

    #[inline(never)]
    fn any_of(&mut self, schemas: &[NodeId], visit: &mut Visit) -> RuleResult {
        let mut is_match = false;
        for schema in schemas {
            if self.trial(*schema, visit)? {
                is_match = true;
                // What the others look at counts as well.
                if visit.evaluated.is_none() {
                    break;
                }
            }
        }
        if is_match { Ok(true) } else { self.none_of(schemas, visit, "anyOf") }
    }

    #[inline(never)]
    fn one_of(&mut self, schemas: &[NodeId], visit: &mut Visit) -> RuleResult {
        let mut found = 0;
        for schema in schemas {
            if self.trial(*schema, visit)? {
                found += 1;
            }
        }
        match found {
            0 => self.none_of(schemas, visit, "oneOf"),
            1 => Ok(true),
            _ => self.fail(format_args!("matches {found} schemas of \"oneOf\", not one")),
        }
    }

    /// No alternative matches. If only one is for the value's type, its reason
    /// is the one to report.
    #[inline(never)]
    fn none_of(&mut self, schemas: &[NodeId], visit: &Visit, keyword: &str) -> RuleResult {
        if self.quiet > 0 || self.fault.is_some() {
            return Ok(false);
        }
        let mut wanted = Types::NONE;
        let mut candidates = Vec::new();
        for schema in schemas {
            match self.types_of(*schema) {
                Some(types) if !types.has(visit.types) => wanted = wanted.or(types),
                _ => candidates.push(*schema),
            }
        }
        match candidates.as_slice() {
            [] => self.wrong_type(visit.types, wanted),
            [only] => self.node(*only, visit.place, None),
            _ => {
                let count = schemas.len();
                self.fail(format_args!("matches none of the {count} schemas of \"{keyword}\""))
            }
        }
    }

    /// The types that a schema allows, if it says so.
    fn types_of(&self, mut schema: NodeId) -> Option<Types> {
        for _ in 0..8 {
            let rules = &self.nodes.get(schema)?.rules;
            let types = rules.iter().find_map(|rule| match rule {
                Rule::Types(types) => Some(*types),
                _ => None,
            });
            match rules.first() {
                Some(Rule::Reference(target)) if types.is_none() => schema = *target,
                _ => return types,
            }
        }
        None
    }

    #[inline(never)]
    fn conditional(&mut self, conditional: &Conditional, visit: &mut Visit) -> RuleResult {
        let is_met = self.trial(conditional.condition, visit)?;
        match if is_met { conditional.then } else { conditional.otherwise } {
            Some(schema) => self.same(schema, visit),
            None => Ok(true),
        }
    }

    #[cold]
    #[inline(never)]
    fn wrong_type(&mut self, own: Types, wanted: Types) -> RuleResult {
        self.fail(format_args!("is {}, not {}", own.word(), wanted.words()))
    }

    /// The value breaks a rule. The first fault is reported.
    #[cold]
    #[inline(never)]
    pub(super) fn fail(&mut self, what: fmt::Arguments<'_>) -> RuleResult {
        if self.quiet == 0 && self.fault.is_none() {
            let mut text = String::new();
            for step in &self.path {
                // Writing to a text cannot fail.
                let _ = match step {
                    ValueStep::Member(name) => {
                        let name = name.replace('~', "~0").replace('/', "~1");
                        write!(text, "/{name}")
                    }
                    ValueStep::Item(index) => write!(text, "/{index}"),
                };
            }
            let subject = if text.is_empty() {
                "the value".to_owned()
            } else {
                format!("\"{}\"", quote(&text))
            };
            self.fault = Some(format!("{subject} {what}"));
        }
        Ok(false)
    }
}

impl Visit {
    pub(super) fn mark(&mut self, index: usize) {
        if let Some(evaluated) = &mut self.evaluated {
            evaluated.mark(index);
        }
    }

    pub(super) fn has(&self, index: usize) -> bool {
        self.evaluated.as_ref().is_some_and(|evaluated| evaluated.has(index))
    }
}

#[cfg(test)]
mod tests {
    use crate::platform::testing::assert_linear;
    use crate::protocol::schema::Schema;

    #[test]
    fn checks_large_values_in_linear_time() {
        let schema = Schema::parse(
            r#"{"type":"array","items":{"type":"object","properties":{"id":{"type":"integer","minimum":0},
                "name":{"type":"string","maxLength":80},"tags":{"type":"array","items":{"type":"string"},
                "uniqueItems":true}},"required":["id","name"],"additionalProperties":false}}"#,
        )
        .unwrap();
        let rows = |count: usize| {
            let all: Vec<String> = (0..count)
                .map(|at| format!("{{\"id\":{at},\"name\":\"row {at}\",\"tags\":[\"a\",\"b\"]}}"))
                .collect();
            format!("[{}]", all.join(","))
        };
        assert_linear("rows", 4000, rows, |value| {
            assert_eq!(schema.check(value), Ok(()));
        });
    }
}
