//! The steps of one call: a state machine without I/O.
//!
//! The machine names a step. The driver in `client/call` performs it and
//! reports an event. The machine answers with the next step.
//!
//! # May a request be sent twice?
//!
//! | event after `Send` | the server ran it | sent again |
//! |---|---|---|
//! | `Answered`, `TaskStarted` | yes | never |
//! | `Failed` | perhaps | never |
//! | `SessionLost` | no | once, in a new session, if the client may reconnect |
//! | `Broken` | perhaps | once, if the call is repeatable, the transport has not sent it twice and the client may reconnect |
//! | `ToolStale`, `TaskRequired` | no | once, after the list of tools was read |
//! | `InputRequired`, `PutOff`, `PageRequired` | no, the server asks for it | at most ten times in a session |
//!
//! `SessionLost` and `Broken` share their one repetition. `ToolStale` and
//! `TaskRequired` share theirs.
//!
//! Below this machine a request is sent again in three cases. The transport sends
//! a repeatable request once more if the server had closed the kept connection;
//! `is_repeated` reports that. It follows redirects within the origin. A request
//! that the server refused for its credential is sent with another token.

use std::time::Duration;

/// What the driver does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallStep {
    /// Take the session, or make one.
    Connect,
    /// The same to repeat the request, which is counted.
    Reconnect,
    Send,
    /// Get the input that the server asks for.
    Ask,
    /// Let a person visit the pages that the server names (2025-11-25).
    OpenPage,
    Pause(Duration),
    /// Wait for the end of the task.
    PollTask,
    /// Read the list of tools.
    RefreshTools,
    Done(CallEnd),
}

/// What the call ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallEnd {
    /// The answer of the last step.
    Answer,
    /// The error of the last step that had one.
    Error,
    TooManyRounds,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallEvent {
    /// Of every step: an error that ends the call.
    Failed,

    /// Of `Connect`: there is a session.
    Connected,
    /// There is a session, and the list of tools shows how to send the call.
    ToolUnknown,
    /// The response to the first request of the session is the answer.
    AlreadyAnswered,

    /// Of `Send` and `PollTask`.
    Answered,
    /// Of `Send`: the server needs input.
    InputRequired,
    /// The server wants the request again, and needs no input.
    PutOff,
    /// The server wants pages visited first.
    PageRequired,
    TaskStarted,
    /// The server did not run the request: it does not know the session, or it
    /// speaks another revision now, or nothing reached it.
    SessionLost,
    /// The connection broke, or the process ended. `is_repeated`: the transport
    /// has sent the request twice.
    Broken {
        is_repeated: bool,
    },
    /// The server did not run the request: it contradicts the tool's schema, or
    /// the tool may run as a task only. The list of tools shows which.
    ToolStale,
    /// The same, and the list of tools that was read last shows that the tool
    /// runs as a task only.
    TaskRequired,

    /// Of `Ask`.
    InputGiven,
    /// Of `OpenPage`.
    PageVisited,
    /// Of `Pause`.
    PauseOver,
    /// Of `RefreshTools`.
    ToolsRead,
}

/// What decides about repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallRules {
    /// Whether a second execution does no harm.
    pub(crate) is_repeatable: bool,
    /// Whether the client may make a new session.
    pub(crate) reconnects: bool,
}

#[derive(Debug)]
pub(crate) struct CallMachine {
    rules: CallRules,
    step: CallStep,
    has_recovered: bool,
    has_refreshed: bool,
    after_refresh: CallStep,
    rounds_left: usize,
    pause: Duration,
}

/// How often a call is sent again in a session because the server asks for it.
pub(crate) const ROUNDS: usize = 10;

/// The pause after `PutOff`, which doubles with each.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

impl CallMachine {
    pub(crate) fn new(rules: CallRules) -> Self {
        Self {
            rules,
            step: CallStep::Connect,
            has_recovered: false,
            has_refreshed: false,
            after_refresh: CallStep::Send,
            rounds_left: ROUNDS,
            pause: PAUSE,
        }
    }

    pub(crate) fn step(&self) -> CallStep {
        self.step
    }

    /// Takes the outcome of the step.
    pub(crate) fn on(&mut self, event: CallEvent) {
        self.step = self.next(event);
    }

    fn next(&mut self, event: CallEvent) -> CallStep {
        use {CallEvent as Event, CallStep as Step};
        match (self.step, event) {
            (Step::Connect | Step::Reconnect, Event::Connected) => self.begin(),
            (Step::Connect | Step::Reconnect, Event::ToolUnknown) => self.refresh_then(Step::Send),
            (Step::Connect | Step::Reconnect, Event::AlreadyAnswered)
            | (Step::Send | Step::PollTask, Event::Answered) => Step::Done(CallEnd::Answer),

            (Step::Send, Event::InputRequired) => Step::Ask,
            (Step::Send, Event::PutOff) => self.pause(),
            (Step::Send, Event::PageRequired) => Step::OpenPage,
            (Step::Send, Event::TaskStarted) => Step::PollTask,
            (Step::Send, Event::SessionLost) if self.may_recover() => self.recover(),
            (Step::Send, Event::Broken { is_repeated: false })
                if self.rules.is_repeatable && self.may_recover() =>
            {
                self.recover()
            }
            (Step::Send, Event::ToolStale) if !self.has_refreshed => {
                self.has_refreshed = true;
                self.refresh_then(Step::Connect)
            }
            (Step::Send, Event::TaskRequired) if !self.has_refreshed => {
                self.has_refreshed = true;
                Step::Connect
            }

            (Step::Ask, Event::InputGiven)
            | (Step::OpenPage, Event::PageVisited)
            | (Step::Pause(_), Event::PauseOver) => self.send_again(),
            (Step::RefreshTools, Event::ToolsRead) if self.after_refresh == Step::Send => {
                self.begin()
            }
            (Step::RefreshTools, Event::ToolsRead) => self.after_refresh,

            // `Failed`, what may not be repeated, and what no driver reports.
            _ => Step::Done(CallEnd::Error),
        }
    }

    /// The first sending in a session.
    fn begin(&mut self) -> CallStep {
        (self.rounds_left, self.pause) = (ROUNDS, PAUSE);
        CallStep::Send
    }

    fn send_again(&mut self) -> CallStep {
        match self.rounds_left.checked_sub(1) {
            Some(left) => {
                self.rounds_left = left;
                CallStep::Send
            }
            None => CallStep::Done(CallEnd::TooManyRounds),
        }
    }

    fn pause(&mut self) -> CallStep {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        CallStep::Pause(pause)
    }

    /// A session that is lost at once will be lost again.
    fn may_recover(&self) -> bool {
        self.rules.reconnects && !self.has_recovered
    }

    fn recover(&mut self) -> CallStep {
        self.has_recovered = true;
        CallStep::Reconnect
    }

    fn refresh_then(&mut self, step: CallStep) -> CallStep {
        self.after_refresh = step;
        CallStep::RefreshTools
    }
}

#[cfg(test)]
mod tests {
    use CallEvent::*;
    use CallStep::{Ask, Connect, Done, OpenPage, Pause, PollTask, Reconnect, RefreshTools, Send};

    use super::*;

    const READ: CallRules = CallRules { is_repeatable: true, reconnects: true };
    const WRITE: CallRules = CallRules { is_repeatable: false, reconnects: true };
    const FIXED: CallRules = CallRules { is_repeatable: true, reconnects: false };

    const ANSWER: CallStep = Done(CallEnd::Answer);
    const ERROR: CallStep = Done(CallEnd::Error);
    const BROKEN: CallEvent = Broken { is_repeated: false };

    /// Feeds events to a new machine and compares the steps.
    fn check(rules: CallRules, rows: &[(CallEvent, CallStep)]) {
        let mut machine = CallMachine::new(rules);
        assert_eq!(machine.step(), Connect);
        for (at, (event, step)) in rows.iter().enumerate() {
            machine.on(*event);
            assert_eq!(machine.step(), *step, "{rules:?}, row {at} of {rows:?}");
        }
    }

    #[test]
    fn shows_which_request_may_be_sent_twice() {
        let twice = |rules, event, again: &[CallStep]| {
            let mut machine = CallMachine::new(rules);
            machine.on(Connected);
            machine.on(event);
            for step in again {
                assert_eq!(machine.step(), *step, "{rules:?} {event:?}");
                machine.on(match step {
                    Connect | Reconnect => Connected,
                    Ask => InputGiven,
                    OpenPage => PageVisited,
                    Pause(_) => PauseOver,
                    RefreshTools => ToolsRead,
                    _ => Failed,
                });
            }
            if !again.is_empty() {
                assert_eq!(machine.step(), Send, "{rules:?} {event:?}");
                machine.on(event);
            }
            machine.step()
        };
        // Event, rules, the steps before it is sent again, the step after the
        // same event came again.
        for (event, rules, again, second) in [
            (Answered, READ, &[][..], ANSWER),
            (TaskStarted, READ, &[], PollTask),
            (Failed, READ, &[], ERROR),
            (SessionLost, READ, &[Reconnect], ERROR),
            (SessionLost, WRITE, &[Reconnect], ERROR),
            (SessionLost, FIXED, &[], ERROR),
            (BROKEN, READ, &[Reconnect], ERROR),
            (BROKEN, WRITE, &[], ERROR),
            (BROKEN, FIXED, &[], ERROR),
            (Broken { is_repeated: true }, READ, &[], ERROR),
            (ToolStale, WRITE, &[RefreshTools, Connect], ERROR),
            (ToolStale, FIXED, &[RefreshTools, Connect], ERROR),
            (TaskRequired, WRITE, &[Connect], ERROR),
            (TaskRequired, FIXED, &[Connect], ERROR),
            (InputRequired, WRITE, &[Ask], Ask),
            (PutOff, WRITE, &[Pause(PAUSE)], Pause(PAUSE * 2)),
            (PageRequired, WRITE, &[OpenPage], OpenPage),
        ] {
            assert_eq!(twice(rules, event, again), second, "{event:?} {rules:?}");
        }
    }

    #[test]
    fn recovers_once_from_a_lost_session_or_a_broken_connection() {
        for (first, second) in [(SessionLost, BROKEN), (BROKEN, SessionLost), (BROKEN, BROKEN)] {
            check(
                READ,
                &[(Connected, Send), (first, Reconnect), (Connected, Send), (second, ERROR)],
            );
        }
    }

    #[test]
    fn keeps_the_repetitions_of_different_causes_apart() {
        check(
            WRITE,
            &[
                (Connected, Send),
                (ToolStale, RefreshTools),
                (ToolsRead, Connect),
                (Connected, Send),
                (SessionLost, Reconnect),
                (Connected, Send),
                (InputRequired, Ask),
                (InputGiven, Send),
                (TaskRequired, ERROR),
            ],
        );
    }

    #[test]
    fn reads_the_tools_before_a_call_whose_tool_is_unknown() {
        check(WRITE, &[(ToolUnknown, RefreshTools), (ToolsRead, Send), (Answered, ANSWER)]);
        // This reading is not the one after a refusal.
        check(
            WRITE,
            &[
                (ToolUnknown, RefreshTools),
                (ToolsRead, Send),
                (ToolStale, RefreshTools),
                (ToolsRead, Connect),
                (ToolUnknown, RefreshTools),
                (ToolsRead, Send),
                (ToolStale, ERROR),
            ],
        );
        check(WRITE, &[(ToolUnknown, RefreshTools), (Failed, ERROR)]);
    }

    #[test]
    fn answers_a_ping_by_the_first_request_of_a_session() {
        check(READ, &[(AlreadyAnswered, ANSWER)]);
        check(READ, &[(Connected, Send), (BROKEN, Reconnect), (AlreadyAnswered, ANSWER)]);
    }

    #[test]
    fn ends_at_every_step_that_fails() {
        check(READ, &[(Failed, ERROR)]);
        check(READ, &[(Connected, Send), (InputRequired, Ask), (Failed, ERROR)]);
        check(READ, &[(Connected, Send), (PageRequired, OpenPage), (Failed, ERROR)]);
        check(READ, &[(Connected, Send), (PutOff, Pause(PAUSE)), (Failed, ERROR)]);
        check(READ, &[(Connected, Send), (ToolStale, RefreshTools), (Failed, ERROR)]);
        check(READ, &[(Connected, Send), (TaskStarted, PollTask), (Failed, ERROR)]);
        check(READ, &[(Connected, Send), (TaskStarted, PollTask), (Answered, ANSWER)]);
        check(READ, &[(Connected, Send), (SessionLost, Reconnect), (Failed, ERROR)]);
    }

    #[test]
    fn bounds_the_rounds_of_a_session() {
        for (asks, given) in
            [(InputRequired, InputGiven), (PutOff, PauseOver), (PageRequired, PageVisited)]
        {
            let mut machine = CallMachine::new(WRITE);
            machine.on(Connected);
            let mut sent = 0;
            while machine.step() == Send && sent < 100 {
                sent += 1;
                machine.on(asks);
                machine.on(given);
            }
            assert_eq!((sent, machine.step()), (ROUNDS + 1, Done(CallEnd::TooManyRounds)));
        }
    }

    #[test]
    fn pauses_longer_each_time_up_to_a_bound() {
        let mut machine = CallMachine::new(WRITE);
        machine.on(Connected);
        for millis in [50, 100, 200, 250, 250] {
            machine.on(PutOff);
            assert_eq!(machine.step(), Pause(Duration::from_millis(millis)));
            machine.on(PauseOver);
        }
        // A new session begins again.
        machine.on(SessionLost);
        machine.on(Connected);
        machine.on(PutOff);
        assert_eq!(machine.step(), Pause(PAUSE));
    }

    #[test]
    fn ends_with_an_error_on_an_event_that_does_not_belong_to_the_step() {
        check(READ, &[(Answered, ERROR)]);
        check(READ, &[(Connected, Send), (InputGiven, ERROR)]);
        check(READ, &[(Connected, Send), (Answered, ANSWER), (Connected, ERROR)]);
    }
}
