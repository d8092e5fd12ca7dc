;; Says that its result is where there is no memory.
(func $attack (result i32)
  (i32.const -16))
