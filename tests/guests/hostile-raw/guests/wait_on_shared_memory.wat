;; Would put the thread it runs on to sleep, and with it every other adapter on that thread.
(memory $shared 1 1 shared)
(func $attack (result i32)
  (drop (memory.atomic.wait32 $shared (i32.const 0) (i32.const 0) (i64.const -1)))
  (i32.const 0))
