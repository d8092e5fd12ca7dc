//! The program of the target `guest_values`: what adapters say about messages.

#![cfg_attr(fuzzing, no_main)]

sendport_fuzz::program!(sendport_fuzz::guest_values::fuzz);
