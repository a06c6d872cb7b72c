//! TODO
#[derive(Debug)]
pub(crate) struct AgentSetting;
