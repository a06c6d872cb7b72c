//! One call, from its arguments to its answer.
//!
//! [`Ctx::perform_within`] is the driver. `protocol/call_machine.rs` decides which
//! step follows, and whether a request may be sent twice. [`steps`] performs the
//! steps.

mod give_up;
pub(crate) mod input_rounds;
mod output_check;
pub(crate) mod pages;
mod perform;
mod refresh_tools;
mod steps;
mod task;
mod task_poller;
pub(crate) mod task_requests;

use std::sync::Arc;

use crate::base::error::Result;
use crate::client::call::perform::{Perform, Performing};
use crate::client::call::steps::CallSteps;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::protocol::call::Call;
use crate::protocol::call_machine::{CallMachine, CallRules, CallStep};
use crate::transport::wait::now;
use crate::wire::jsonrpc::Answer;

impl Ctx<'_> {
    /// Performs a call. The error names it and shows no secret.
    pub(crate) async fn perform(self, call: &Call, limits: &CallLimits) -> Result<Answer> {
        let Ctx { client, options, .. } = self;
        let result = self.perform_within(call, limits).await;
        result.map_err(|error| client.failed(error, self.wait, call.method(), options))
    }

    /// Performs a call that may be part of another one.
    pub(crate) async fn perform_within(self, call: &Call, limits: &CallLimits) -> Result<Answer> {
        let Ctx { client, options, .. } = self;
        if let Some(answer) = client.cache.get(options, call) {
            return Ok(answer);
        }
        let _in_progress = client.count_call();
        let rules = self.rules(call, limits);
        let mut machine = CallMachine::new(rules);
        let mut steps = CallSteps::new(self, call, limits, rules.is_repeatable, &Calls);
        loop {
            let event = match machine.step() {
                CallStep::Connect => steps.connect().await,
                CallStep::Reconnect => {
                    client.count_one(Counter::Repetitions);
                    steps.connect().await
                }
                CallStep::Send => steps.send().await,
                // Boxed: a call without these steps carries no room for them.
                CallStep::Ask => Box::pin(steps.ask()).await,
                CallStep::OpenPage => Box::pin(steps.open_page()).await,
                CallStep::Pause(pause) => steps.pause(pause).await,
                CallStep::PollTask => steps.poll_task().await,
                CallStep::RefreshTools => Box::pin(steps.refresh_tools()).await,
                CallStep::Done(end) => return steps.end(end),
            };
            machine.on(event);
        }
    }

    /// What decides about repetitions, read once.
    fn rules(self, call: &Call, limits: &CallLimits) -> CallRules {
        let Ctx { client, options, .. } = self;
        let is_repeatable = limits.is_repeatable.unwrap_or_else(|| {
            call.is_repeatable() || options.repeats_tools && client.tool_catalog.is_idempotent(call)
        });
        CallRules { is_repeatable, reconnects: options.reconnects() }
    }
}

/// Performs the calls that the steps of a call need.
struct Calls;

impl Perform for Calls {
    fn perform<'a>(&self, ctx: Ctx<'a>, call: &'a Call, limits: &'a CallLimits) -> Performing<'a> {
        Box::pin(ctx.perform_within(call, limits))
    }
}

impl Client {
    /// Performs a call on this thread, with the limits of the client.
    pub(crate) fn call(self: &Arc<Self>, call: &Call) -> Result<Answer> {
        let (options, limits) = (self.options(), CallLimits::of(call));
        let wait = self.wait(&options, &limits, false);
        let result = now(Ctx::new(self, &options, &wait).perform_within(call, &limits));
        result.map_err(|error| self.failed(error, &wait, call.method(), &options))
    }

    /// The same, without the response cache.
    pub(crate) fn call_uncached(self: &Arc<Self>, call: &Call) -> Result<Answer> {
        self.cache.forget_answer(call);
        self.call(call)
    }
}
