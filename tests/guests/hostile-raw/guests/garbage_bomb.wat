;; Keeps structures that the host's collector looks after: 8 million of them, where the host lets it.
(type $node (struct (field $next (ref null $node)) (field i64) (field i64)))
(global $kept (mut (ref null $node)) (ref.null $node))
(func $attack (result i32)
  (local $times i32)
  (loop $again
    (global.set $kept (struct.new $node (global.get $kept) (i64.const 1) (i64.const 2)))
    (local.set $times (i32.add (local.get $times) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $times) (i32.const 8000000))))
  (i32.const 0))
