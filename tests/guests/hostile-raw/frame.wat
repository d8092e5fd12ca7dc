;; A synchronous adapter without a language: what a compiler would never make is written into it by hand.
;; Each file in `guests` takes the place of the last line; it has at least the function $attack, which is
;; what `transmit-message` does: it returns where its result is. At 0 it says that the message is sent.
(module
  (memory (export "memory") 1)

  ;; A description without a word: every address is its own, and it has no settings.
  (func (export "sendport:adapter/transport@0.2.0#describe") (result i32)
    (i32.const 0))
  (func (export "sendport:adapter/sync-transport-control@0.2.0#initialize") (result i32)
    (i32.const 0))
  (func (export "sendport:adapter/sync-transport-control@0.2.0#terminate"))
  (func (export "sendport:adapter/sync-transmitter@0.2.0#transmit-message") (param i32) (result i32)
    (call $attack))

  ;; Only strings come in, and nobody reads them.
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 1024))

  ;; GUEST
)
