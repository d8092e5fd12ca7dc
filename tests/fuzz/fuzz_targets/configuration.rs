//! The program of the target `configuration`: configuration files.

#![cfg_attr(fuzzing, no_main)]

sendport_fuzz::program!(sendport_fuzz::configuration::fuzz);
