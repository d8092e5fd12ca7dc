//! The API driven through its router, on a real message box and a real dispatcher.

mod api;
mod events;
mod fixture;
mod publishing;
mod refusals;
mod uploads;
