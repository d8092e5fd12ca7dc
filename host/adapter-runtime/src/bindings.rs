//! What `bindgen!` makes of the contract. Only glue: meaning lives in the rooms beside it.

mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "sendport:adapter/everything",
        imports: {
            "sendport:adapter/types.[method]message.body": async | trappable,
            "sendport:adapter/types.[method]message.read": async | trappable,
            default: trappable,
        },
        exports: { default: async | store },
        with: {
            "sendport:adapter/types.message": crate::message::LentMessage,
            "sendport:adapter/transport-proxy.transport-batch": crate::transport_batch::TransportBatch,
            "sendport:adapter/http-client.request-template": crate::http::RequestTemplate,
        },
    });
}

pub(crate) use generated::exports::sendport::adapter as exports;
pub(crate) use generated::sendport::adapter as imports;
