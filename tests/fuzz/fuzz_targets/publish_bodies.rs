//! The program of the target `publish_bodies`: requests that publish.

#![cfg_attr(fuzzing, no_main)]

sendport_fuzz::program!(sendport_fuzz::publish_bodies::fuzz);
