//! Lists the guests: see `hostile_crate.rs`.

#[path = "../hostile_crate.rs"]
mod hostile_crate;
#[path = "../hostile_guests.rs"]
mod hostile_guests;

fn main() {
    hostile_crate::write();
}
