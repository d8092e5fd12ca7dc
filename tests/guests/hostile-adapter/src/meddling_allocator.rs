//! An allocator that calls the host, when told to. The host asks a guest for memory while it is in the
//! middle of a call of its own; a call back at that moment would find it half done.

#![expect(unsafe_code, reason = "an allocator is")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::bindings::sendport::adapter::transport_proxy;
use crate::bindings::sendport::adapter::types::LogLevel;

/// True when every allocation is to call the host.
pub(crate) static MEDDLES: AtomicBool = AtomicBool::new(false);

#[global_allocator]
static ALLOCATOR: Meddling = Meddling;

struct Meddling;

// SAFETY: it is the system's; what else happens allocates nothing.
unsafe impl GlobalAlloc for Meddling {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if MEDDLES.load(Ordering::Relaxed) {
            transport_proxy::log(LogLevel::Info, "called back by the allocator");
        }
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(start, layout) }
    }
}
