;; A send adapter that says nothing but what lies in its memory. Its transmitter is a name only: it is
;; never called.
(component
  (core module $code
    (memory (export "memory") 1)
    (data (i32.const 0) "…memory…")
    (func (export "describe") (result i32) i32.const 0)
    (func (export "nothing"))
  )
  (core instance $instance (instantiate $code))

  (type $value-kind (variant
    (case "text") (case "number") (case "boolean") (case "duration")
    (case "one-of" (list string))))
  (type $configuration-key (record
    (field "name" string) (field "description" string) (field "kind" $value-kind)
    (field "required" bool) (field "default" (option string))))
  (type $transport-info (record
    (field "name" string) (field "version" string) (field "description" string)
    (field "transport-type" string) (field "address-prefixes" (list string))
    (field "start-eagerly" bool) (field "ordered-delivery" bool) (field "two-way" bool)
    (field "handler-schema" (list $configuration-key))
    (field "port-schema" (list $configuration-key))))
  (func $describe (result $transport-info)
    (canon lift (core func $instance "describe") (memory (core memory $instance "memory"))))
  (func $nothing (canon lift (core func $instance "nothing")))

  ;; Gives the types the names that an exported instance needs.
  (component $naming
    (type $kind (variant
      (case "text") (case "number") (case "boolean") (case "duration")
      (case "one-of" (list string))))
    (import "kind" (type $kind-in (eq $kind)))
    (type $key (record
      (field "name" string) (field "description" string) (field "kind" $kind-in)
      (field "required" bool) (field "default" (option string))))
    (import "key" (type $key-in (eq $key)))
    (type $info (record
      (field "name" string) (field "version" string) (field "description" string)
      (field "transport-type" string) (field "address-prefixes" (list string))
      (field "start-eagerly" bool) (field "ordered-delivery" bool) (field "two-way" bool)
      (field "handler-schema" (list $key-in))
      (field "port-schema" (list $key-in))))
    (import "info" (type $info-in (eq $info)))
    (import "describe" (func $describe (result $info-in)))

    (export $kind-out "value-kind" (type $kind))
    (type $key-again (record
      (field "name" string) (field "description" string) (field "kind" $kind-out)
      (field "required" bool) (field "default" (option string))))
    (export $key-out "configuration-key" (type $key-again))
    (type $info-again (record
      (field "name" string) (field "version" string) (field "description" string)
      (field "transport-type" string) (field "address-prefixes" (list string))
      (field "start-eagerly" bool) (field "ordered-delivery" bool) (field "two-way" bool)
      (field "handler-schema" (list $key-out))
      (field "port-schema" (list $key-out))))
    (export $info-out "transport-info" (type $info-again))
    (export "describe" (func $describe) (func (result $info-out)))
  )
  (instance $transport (instantiate $naming
    (with "kind" (type $value-kind))
    (with "key" (type $configuration-key))
    (with "info" (type $transport-info))
    (with "describe" (func $describe))))
  (instance $control
    (export "initialize" (func $nothing))
    (export "terminate" (func $nothing)))
  (instance $transmitter
    (export "transmit-message" (func $nothing)))

  (export "sendport:adapter/transport@0.2.0" (instance $transport))
  (export "sendport:adapter/transport-control@0.2.0" (instance $control))
  (export "sendport:adapter/transmitter@0.2.0" (instance $transmitter))
)
