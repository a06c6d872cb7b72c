//! The rules for arrays and objects.

use std::collections::HashSet;

use crate::base::error::quote;
use crate::protocol::schema::check::{Checker, RuleResult, Stopped, ValueStep, Visit};
use crate::protocol::schema::rule::{Contains, MemberRules, NodeId};
use crate::wire::json_canonical::{push_canonical, sorted_members};
use crate::wire::tape::Place;

impl Checker<'_> {
    #[inline(never)]
    pub(super) fn prefix(&mut self, schemas: &[NodeId], visit: &mut Visit) -> RuleResult {
        let elements = self.elements(visit.place)?;
        for (index, (schema, element)) in schemas.iter().zip(elements).enumerate() {
            if !self.item(*schema, index, element)? {
                return Ok(false);
            }
            visit.mark(index);
        }
        Ok(true)
    }

    #[inline(never)]
    pub(super) fn items(&mut self, start: usize, schema: NodeId, visit: &mut Visit) -> RuleResult {
        let elements = self.elements(visit.place)?;
        for (index, element) in elements.into_iter().enumerate().skip(start) {
            if !self.item(schema, index, element)? {
                return Ok(false);
            }
            visit.mark(index);
        }
        Ok(true)
    }

    #[inline(never)]
    pub(super) fn contains(&mut self, contains: &Contains, visit: &mut Visit) -> RuleResult {
        let mut found = 0;
        for (index, element) in self.elements(visit.place)?.into_iter().enumerate() {
            if self.quietly(contains.schema, element, None)? {
                found += 1;
                if contains.evaluates {
                    visit.mark(index);
                }
            }
        }
        if found < contains.least {
            return self.fail(format_args!(
                "has {found} items that match \"contains\", fewer than {}",
                contains.least
            ));
        }
        if found > contains.most {
            return self.fail(format_args!(
                "has {found} items that match \"contains\", more than {}",
                contains.most
            ));
        }
        Ok(true)
    }

    #[inline(never)]
    pub(super) fn unique(&mut self, place: Place) -> RuleResult {
        self.spend(self.raw(place).len().saturating_mul(2))?;
        let mut seen = HashSet::new();
        for (index, element) in self.elements(place)?.into_iter().enumerate() {
            let mut own = String::new();
            push_canonical(&mut own, self.text, self.tape, element);
            if !seen.insert(own) {
                return self.fail(format_args!("has the same item twice, at {index} and before"));
            }
        }
        Ok(true)
    }

    #[inline(never)]
    pub(super) fn members(&mut self, members: &MemberRules, visit: &mut Visit) -> RuleResult {
        for (index, (name, value)) in self.sorted(visit.place)?.into_iter().enumerate() {
            let mut is_known = false;
            let known = members.properties.binary_search_by(|(its, _)| its.cmp(&name));
            if let Some((_, schema)) = known.ok().and_then(|at| members.properties.get(at)) {
                is_known = true;
                if !self.member(*schema, &name, value)? {
                    return Ok(false);
                }
            }
            for (pattern, schema) in &members.patterns {
                if self.matches(pattern, &name)? {
                    is_known = true;
                    if !self.member(*schema, &name, value)? {
                        return Ok(false);
                    }
                }
            }
            if !is_known && let Some(schema) = members.additional {
                is_known = true;
                if !self.member(schema, &name, value)? {
                    return Ok(false);
                }
            }
            if is_known {
                visit.mark(index);
            }
        }
        Ok(true)
    }

    #[inline(never)]
    pub(super) fn required(&mut self, names: &[String], place: Place) -> RuleResult {
        self.spend(names.len())?;
        let members = self.sorted(place)?;
        for name in names {
            if members.binary_search_by(|(its, _)| its.cmp(name)).is_err() {
                self.path.push(ValueStep::Member(name.clone()));
                let verdict = self.fail(format_args!("is missing"));
                self.path.pop();
                return verdict;
            }
        }
        Ok(true)
    }

    pub(super) fn has_member(&mut self, place: Place, name: &str) -> RuleResult {
        let members = self.sorted(place)?;
        Ok(members.binary_search_by(|(its, _)| its.as_str().cmp(name)).is_ok())
    }

    /// The names of members are values of their own: each is checked as the
    /// string that it is in the text.
    #[inline(never)]
    pub(super) fn names(&mut self, schema: NodeId, place: Place) -> RuleResult {
        let all: Vec<Place> = self.tape.members(self.text, place).map(|(name, _)| name).collect();
        self.spend(all.len().saturating_mul(8))?;
        for name in all {
            if !self.quietly(schema, name, None)? {
                let name = quote(self.raw(name));
                return self.fail(format_args!("has a member whose name is not allowed: {name}"));
            }
        }
        Ok(true)
    }

    #[inline(never)]
    pub(super) fn unevaluated_items(&mut self, schema: NodeId, visit: &mut Visit) -> RuleResult {
        for (index, element) in self.elements(visit.place)?.into_iter().enumerate() {
            if visit.has(index) {
                continue;
            }
            if !self.item(schema, index, element)? {
                return Ok(false);
            }
            visit.mark(index);
        }
        Ok(true)
    }

    #[inline(never)]
    pub(super) fn unevaluated_properties(
        &mut self,
        schema: NodeId,
        visit: &mut Visit,
    ) -> RuleResult {
        for (index, (name, value)) in self.sorted(visit.place)?.into_iter().enumerate() {
            if visit.has(index) {
                continue;
            }
            if !self.member(schema, &name, value)? {
                return Ok(false);
            }
            visit.mark(index);
        }
        Ok(true)
    }

    fn item(&mut self, schema: NodeId, index: usize, place: Place) -> RuleResult {
        self.inside(schema, ValueStep::Item(index), place)
    }

    fn member(&mut self, schema: NodeId, name: &str, place: Place) -> RuleResult {
        self.inside(schema, ValueStep::Member(name.to_owned()), place)
    }

    fn inside(&mut self, schema: NodeId, step: ValueStep, place: Place) -> RuleResult {
        self.path.push(step);
        let verdict = self.node(schema, place, None);
        self.path.pop();
        verdict
    }

    pub(super) fn elements(&mut self, place: Place) -> Result<Vec<Place>, Stopped> {
        let elements: Vec<Place> = self.tape.elements(self.text, place).collect();
        self.spend(elements.len())?;
        Ok(elements)
    }

    /// The members by name. Their indexes are the same at each call.
    pub(super) fn sorted(&mut self, place: Place) -> Result<Vec<(String, Place)>, Stopped> {
        let members = sorted_members(self.text, self.tape, place);
        let bytes: usize = members.iter().map(|(name, _)| name.len()).sum();
        self.spend(members.len().saturating_mul(4) + bytes / 8)?;
        Ok(members)
    }
}
