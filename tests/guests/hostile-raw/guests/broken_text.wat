;; Fails for good, with a text that is no UTF-8 and ends beyond its memory.
(func $attack (result i32)
  ;; An error: permanent, without a code, its text at 4096.
  (i32.store8 (i32.const 2048) (i32.const 1))
  (i32.store8 (i32.const 2056) (i32.const 1))
  (i32.store (i32.const 2076) (i32.const 4096))
  (i32.store (i32.const 2080) (i32.const 10000000))
  (i32.const 2048))
