//! One compiled module and its evaluation.
//!
//! The interpreter looks at the clock and at the allocator between its steps. The allocator counts for the
//! whole process, so policies are evaluated one at a time, each with what the process uses at its start and a
//! budget on top; whatever else the server takes meanwhile counts as well, which the budget's size allows
//! for.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use beckn_wire::json::Json;
use regorus::utils::limits::{ExecutionTimerConfig, PolicyLengthConfig};
use regorus::{Engine, LimitError, Value, set_global_memory_limit};
use regorus_mimalloc::limits::global_allocation_stats_snapshot;

use crate::{Checksum, Verdict};

/// The only entry point that is evaluated, whatever a record or an offer names.
pub const ENTRY_POINT: &str = "data.deg.contracts.p2p_trading";

/// The clock is looked at every so many steps.
const CHECK_EVERY: NonZeroU32 = NonZeroU32::MIN.saturating_add(63);
const LINES_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);
/// One evaluation at a time: the allocator counts for all.
static TURN: Mutex<()> = Mutex::new(());

const COLUMNS_MAX: NonZeroU32 = NonZeroU32::MIN.saturating_add(1_023);

/// What the module is called inside the engine.
const FILE: &str = "policy.rego";

/// How much a policy may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of the module, in bytes.
    pub source_bytes: usize,
    /// Of the message that is judged, in bytes.
    pub input_bytes: usize,
    /// Of what it says, in bytes of JSON.
    pub output_bytes: usize,
    /// Time of one rule.
    pub time: Duration,
    /// Bytes that the process may take beyond what it has when an evaluation begins.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source_bytes: 256 * 1024,
            input_bytes: 1024 * 1024,
            output_bytes: 64 * 1024,
            time: Duration::from_millis(500),
            memory: 128 * 1024 * 1024,
        }
    }
}

/// Why there is no verdict. Each is a refusal to whoever asks; the texts name no internals.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("the policy is larger than {0} bytes")]
    SourceTooLarge(usize),
    #[error("the policy is not the one that was published")]
    ChecksumWrong,
    #[error("the policy is no module of the pinned entry point")]
    NotCompiled,
    #[error("the message is larger than a policy judges")]
    InputTooLarge,
    #[error("the message cannot be read")]
    InputUnreadable,
    #[error("the policy took too long")]
    TimeLimit,
    #[error("the policy took too much memory")]
    MemoryLimit,
    #[error("the policy failed")]
    Failed,
    #[error("the policy's answer is not of the pinned form")]
    OutputUnreadable,
}

/// A module, ready. Cheap to clone.
#[derive(Clone)]
pub struct Policy {
    checksum: Checksum,
    /// Parsed and scheduled; every evaluation works on a copy, which shares the module.
    engine: Engine,
    has_flows: bool,
    limits: Limits,
}

impl Policy {
    /// Compiles a module, which must have the checksum. Takes milliseconds: not for a thread that serves.
    ///
    /// # Errors
    /// Too large, not what was published, or not a module with `violations` at the entry point.
    pub fn compile(source: &[u8], published: Checksum, limits: Limits) -> Result<Self, PolicyError> {
        if source.len() > limits.source_bytes {
            return Err(PolicyError::SourceTooLarge(limits.source_bytes));
        }
        if Checksum::of(source) != published {
            return Err(PolicyError::ChecksumWrong);
        }
        let text = std::str::from_utf8(source).map_err(|_| PolicyError::NotCompiled)?;
        let mut engine = Engine::new();
        engine.set_policy_length_config(PolicyLengthConfig {
            max_col: COLUMNS_MAX,
            max_file_bytes: NonZeroUsize::new(limits.source_bytes).unwrap_or(NonZeroUsize::MIN),
            max_lines: LINES_MAX,
        });
        let turn = Turn::take(&limits);
        let package = engine.add_policy(FILE.to_owned(), text.to_owned());
        if package.map_err(|error| refused("parsed", &error))? != ENTRY_POINT {
            return Err(PolicyError::NotCompiled);
        }
        let has = |rule: &str| {
            engine.has_declared_rule_rooted_at(FILE, rule).map_err(|error| refused("read", &error))
        };
        let (has_violations, has_flows) = (has("violations")?, has("revenue_flows")?);
        if !has_violations {
            return Err(PolicyError::NotCompiled);
        }
        engine.set_execution_timer_config(ExecutionTimerConfig {
            limit: limits.time,
            check_interval: CHECK_EVERY,
        });
        // The checks that need all rules, and the schedule, are made once; every copy has them.
        engine
            .compile_with_entrypoint(&path("violations").into())
            .map_err(|error| refused("compiled", &error))?;
        drop(turn);
        Ok(Self { checksum: published, engine, has_flows, limits })
    }

    /// Which module this is.
    pub const fn checksum(&self) -> Checksum {
        self.checksum
    }

    /// Judges a whole message, the bytes of its body. Blocks for its turn and then for at most twice the time
    /// limit.
    ///
    /// # Errors
    /// [`PolicyError`]; then there is no verdict, and the message is to be refused.
    pub fn evaluate(&self, body: &[u8]) -> Result<Verdict, PolicyError> {
        if body.len() > self.limits.input_bytes {
            return Err(PolicyError::InputTooLarge);
        }
        let text = std::str::from_utf8(body).map_err(|_| PolicyError::InputUnreadable)?;
        let _turn = Turn::take(&self.limits);
        let mut engine = self.engine.clone();
        let input = Value::from_json_str(text).map_err(|_| PolicyError::InputUnreadable)?;
        engine.set_input(input);
        let violations = self.rule(&mut engine, "violations")?;
        let flows = if self.has_flows { self.rule(&mut engine, "revenue_flows")? } else { None };
        Verdict::read(violations.as_ref(), flows.as_ref())
    }

    /// One rule; `None` where it is undefined.
    fn rule(&self, engine: &mut Engine, rule: &str) -> Result<Option<Json>, PolicyError> {
        let value =
            engine.eval_rule(path(rule)).map_err(|error| match error.downcast_ref::<LimitError>() {
                Some(LimitError::TimeLimitExceeded { .. }) => PolicyError::TimeLimit,
                Some(LimitError::MemoryLimitExceeded { .. }) => PolicyError::MemoryLimit,
                _ => {
                    tracing::warn!(%error, rule, "a contract policy failed");
                    PolicyError::Failed
                }
            })?;
        if value == Value::Undefined {
            return Ok(None);
        }
        let text = value.to_json_str().map_err(|_| PolicyError::OutputUnreadable)?;
        if text.len() > self.limits.output_bytes {
            return Err(PolicyError::OutputUnreadable);
        }
        Json::parse_text(&text).map(Some).map_err(|_| PolicyError::OutputUnreadable)
    }
}

/// The right to compile or evaluate, with a limit on the process's memory while it is held.
struct Turn {
    _held: std::sync::MutexGuard<'static, ()>,
}

impl Turn {
    fn take(limits: &Limits) -> Self {
        let held = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let used = global_allocation_stats_snapshot().allocated;
        set_global_memory_limit(Some(used.saturating_add(limits.memory)));
        Self { _held: held }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        set_global_memory_limit(None);
    }
}

fn path(rule: &str) -> String {
    format!("{ENTRY_POINT}.{rule}")
}

/// The reason is for the operator's log.
fn refused(step: &str, reason: &dyn std::fmt::Display) -> PolicyError {
    tracing::warn!(%reason, "a contract policy could not be {step}");
    PolicyError::NotCompiled
}
