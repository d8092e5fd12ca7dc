//! The API driven through its router, on a real message box and a real dispatcher.

mod admission;
mod api;
mod control;
mod document;
mod editing;
mod events;
mod fixture;
mod publishing;
mod refusals;
mod responses;
mod serving;
mod status;
mod suspended;
mod uploads;
