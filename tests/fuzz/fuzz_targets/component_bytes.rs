//! The program of the target `component_bytes`: files that claim to be adapters.

#![cfg_attr(fuzzing, no_main)]

sendport_fuzz::program!(sendport_fuzz::component_bytes::fuzz);
