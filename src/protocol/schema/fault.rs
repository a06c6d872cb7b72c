//! The outcome of a check that did not find a match.

/// Why a value was not found to match.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "schema"), expect(dead_code))]
pub(crate) enum SchemaFault {
    /// It does not match. The text names the field.
    Mismatch(String),
    /// The schema cannot be used, or the check would take too long.
    Unchecked(String),
}
