//! The check of a tool's structured content against its output schema.

use crate::base::error::Error;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::protocol::call::Call;
use crate::protocol::tool_schema::Checked;
use crate::transport::trace::TraceLine;
use crate::wire::jsonrpc::Answer;

impl Ctx<'_> {
    /// Checks the result of a tool call. The schema is that of the last list of
    /// tools; without a list there is no check. A schema that cannot be used
    /// must not make a working tool unusable, so that it is only counted.
    pub(crate) fn mismatch(self, call: &Call, answer: &Answer) -> Option<Error> {
        let Self { client, options, .. } = self;
        if options.allows_mismatch {
            return None;
        }
        let (tool, schema) = client.tool_catalog.output_schema(call)?;
        match schema.check(&tool, answer) {
            Checked::Match => None,
            Checked::Mismatch(error) => Some(client.finished(error, call.method(), options)),
            Checked::Unusable(why) => {
                client.count_one(Counter::UncheckedResults);
                if let Some(trace) = &options.trace {
                    let line = format!(
                        "the result of the tool {tool} is not checked, because its \
                         outputSchema cannot be used: {why}"
                    );
                    trace.line(TraceLine::Warning, &line, &options.secrets());
                }
                None
            }
        }
    }
}
