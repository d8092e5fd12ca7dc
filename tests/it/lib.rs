//! Nothing: the tests are in `main.rs` and the files beside it, see `tests/README.md`.
