//! Why a guest trapped, in the words of the configuration.

use wasmtime::Trap;
use wasmtime::component::ResourceTableError;

use super::growth::Refused;
use crate::context::Context;

/// What limit is behind a trap, if one is: wasmtime's own words do not know the port's keys.
pub(crate) fn reason(trap: &wasmtime::Error, context: &Context) -> Option<String> {
    let limits = &context.limits;
    let text = trap.root_cause().to_string();
    if text.contains("handle limit exceeded") || is_full(trap) {
        let handles = limits.handles;
        return Some(format!(
            "the port allows {handles} handles at once (limits.handles)"
        ));
    }
    if text.contains("fuel allocated for hostcalls") {
        let bytes = limits.host_call_bytes;
        return Some(format!(
            "the port allows {bytes} bytes in one call (limits.host-call-bytes)"
        ));
    }
    // What a program does that got no memory is to give up, as a rule.
    let gave_up = trap.downcast_ref::<Trap>() == Some(&Trap::UnreachableCodeReached);
    match context.growth.refused() {
        Some(Refused::Memory(limit)) if gave_up || is_growth(&text) => Some(format!(
            "it had been refused more memory; the port allows {limit} bytes (limits.memory)"
        )),
        Some(Refused::TableElements(limit)) if gave_up || is_growth(&text) => Some(format!(
            "it had been refused more table elements; an instance may have {limit}"
        )),
        _ => None,
    }
}

fn is_full(trap: &wasmtime::Error) -> bool {
    let error = trap.downcast_ref::<ResourceTableError>();
    error.is_some_and(|error| matches!(error, ResourceTableError::Full))
}

/// The memory or table that a module begins with does not fit.
fn is_growth(text: &str) -> bool {
    text.contains("minimum size") || text.contains("exceeds")
}
