;; A guest of WASI 0.2. `connections` begins a TCP connection to the port of 127.0.0.1, a second one while
;; there is the first, and a third when the first is gone. `names` looks up localhost and another name.
;; Each answers with a byte per attempt, the first one in the lowest: an error code's number, or 255.
(component
  (import "wasi:sockets/network@0.2.0" (instance $networks
    (export "network" (type (sub resource)))
    (type $code' (enum
      "unknown" "access-denied" "not-supported" "invalid-argument" "out-of-memory" "timeout"
      "concurrency-conflict" "not-in-progress" "would-block" "invalid-state" "new-socket-limit"
      "address-not-bindable" "address-in-use" "remote-unreachable" "connection-refused"
      "connection-reset" "connection-aborted" "datagram-too-large" "name-unresolvable"
      "temporary-resolver-failure" "permanent-resolver-failure"))
    (export "error-code" (type (eq $code')))
    (type $family' (enum "ipv4" "ipv6"))
    (export "ip-address-family" (type (eq $family')))
    (type $v4' (tuple u8 u8 u8 u8))
    (export "ipv4-address" (type $v4 (eq $v4')))
    (type $v6' (tuple u16 u16 u16 u16 u16 u16 u16 u16))
    (export "ipv6-address" (type $v6 (eq $v6')))
    (type $socket4' (record (field "port" u16) (field "address" $v4)))
    (export "ipv4-socket-address" (type $socket4 (eq $socket4')))
    (type $socket6' (record
      (field "port" u16) (field "flow-info" u32) (field "address" $v6) (field "scope-id" u32)))
    (export "ipv6-socket-address" (type $socket6 (eq $socket6')))
    (type $address' (variant (case "ipv4" $socket4) (case "ipv6" $socket6)))
    (export "ip-socket-address" (type (eq $address')))
  ))
  (alias export $networks "network" (type $network))
  (alias export $networks "error-code" (type $code))
  (alias export $networks "ip-address-family" (type $family))
  (alias export $networks "ip-socket-address" (type $address))

  (import "wasi:sockets/instance-network@0.2.0" (instance $instance-network
    (alias outer 1 $network (type $network'))
    (export "network" (type $n (eq $network')))
    (export "instance-network" (func (result (own $n))))
  ))
  (import "wasi:sockets/tcp@0.2.0" (instance $tcp
    (alias outer 1 $network (type $network'))
    (export "network" (type $n (eq $network')))
    (alias outer 1 $code (type $code'))
    (export "error-code" (type $c (eq $code')))
    (alias outer 1 $address (type $address'))
    (export "ip-socket-address" (type $a (eq $address')))
    (export "tcp-socket" (type $s (sub resource)))
    (export "[method]tcp-socket.start-connect" (func
      (param "self" (borrow $s)) (param "network" (borrow $n)) (param "remote-address" $a)
      (result (result (error $c)))))
  ))
  (alias export $tcp "tcp-socket" (type $socket))
  (import "wasi:sockets/tcp-create-socket@0.2.0" (instance $create
    (alias outer 1 $code (type $code'))
    (export "error-code" (type $c (eq $code')))
    (alias outer 1 $family (type $family'))
    (export "ip-address-family" (type $f (eq $family')))
    (alias outer 1 $socket (type $socket'))
    (export "tcp-socket" (type $s (eq $socket')))
    (export "create-tcp-socket" (func
      (param "address-family" $f) (result (result (own $s) (error $c)))))
  ))
  (import "wasi:sockets/ip-name-lookup@0.2.0" (instance $lookup
    (alias outer 1 $network (type $network'))
    (export "network" (type $n (eq $network')))
    (alias outer 1 $code (type $code'))
    (export "error-code" (type $c (eq $code')))
    (export "resolve-address-stream" (type $stream (sub resource)))
    (export "resolve-addresses" (func
      (param "network" (borrow $n)) (param "name" string)
      (result (result (own $stream) (error $c)))))
  ))

  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 64) "localhost")
    (data (i32.const 96) "secret.example.org")
  )
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $bytes))
  (core func $network (canon lower (func $instance-network "instance-network")))
  (core func $create
    (canon lower (func $create "create-tcp-socket") (memory $bytes)))
  (core func $connect
    (canon lower (func $tcp "[method]tcp-socket.start-connect") (memory $bytes)))
  (core func $lookup
    (canon lower (func $lookup "resolve-addresses") (memory $bytes)))
  (core func $drop (canon resource.drop $socket))

  (core module $main
    (import "host" "memory" (memory 1))
    (import "host" "network" (func $network (result i32)))
    (import "host" "create" (func $create (param i32 i32)))
    (import "host" "connect" (func $connect
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "lookup" (func $lookup (param i32 i32 i32 i32)))
    (import "host" "drop" (func $drop (param i32)))

    (func $socket (result i32)
      (call $create (i32.const 0) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then unreachable))
      (i32.load (i32.const 4)))

    (func $begin (param $socket i32) (param $network i32) (param $port i32) (result i32)
      (call $connect
        (local.get $socket) (local.get $network)
        (i32.const 0) (local.get $port)
        (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0))
      (if (result i32) (i32.load8_u (i32.const 0))
        (then (i32.load8_u (i32.const 1)))
        (else (i32.const 255))))

    (func (export "connections") (param $port i32) (result i32)
      (local $network i32) (local $first i32) (local $answers i32)
      (local.set $network (call $network))
      (local.set $first (call $socket))
      (local.set $answers
        (call $begin (local.get $first) (local.get $network) (local.get $port)))
      (local.set $answers (i32.or (local.get $answers) (i32.shl
        (call $begin (call $socket) (local.get $network) (local.get $port)) (i32.const 8))))
      (call $drop (local.get $first))
      (i32.or (local.get $answers) (i32.shl
        (call $begin (call $socket) (local.get $network) (local.get $port)) (i32.const 16))))

    (func $find (param $network i32) (param $name i32) (param $length i32) (result i32)
      (call $lookup (local.get $network) (local.get $name) (local.get $length) (i32.const 0))
      (if (result i32) (i32.load8_u (i32.const 0))
        (then (i32.load8_u (i32.const 4)))
        (else (i32.const 255))))

    (func (export "names") (result i32)
      (local $network i32)
      (local.set $network (call $network))
      (i32.or
        (call $find (local.get $network) (i32.const 64) (i32.const 9))
        (i32.shl (call $find (local.get $network) (i32.const 96) (i32.const 18)) (i32.const 8))))
  )
  (core instance $main (instantiate $main (with "host" (instance
    (export "memory" (memory $bytes))
    (export "network" (func $network))
    (export "create" (func $create))
    (export "connect" (func $connect))
    (export "lookup" (func $lookup))
    (export "drop" (func $drop))))))
  (func (export "connections") (param "port" u16) (result u32)
    (canon lift (core func $main "connections")))
  (func (export "names") (result u32) (canon lift (core func $main "names")))
)
