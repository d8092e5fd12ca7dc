;; Makes a table longer and longer: 800 MB, where the host lets it.
(table $table 0 funcref)
(func $attack (result i32)
  (local $times i32)
  (loop $again
    (if (i32.eq (table.grow $table (ref.null func) (i32.const 1000000)) (i32.const -1))
      (then unreachable))
    (local.set $times (i32.add (local.get $times) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $times) (i32.const 100))))
  (i32.const 0))
