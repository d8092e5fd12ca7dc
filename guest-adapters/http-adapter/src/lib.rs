//! The HTTP adapter: each message is one request, many are under way at once.
//!
//! The call of a message stays open until its answer has come, which is the response on a two-way port.
//! What a request looks like and what an
//! answer means is shared with the batch adapter; see `http-port` and `http-delivery`.

#![forbid(unsafe_code)]

use http_port::Port;
use sendport_guest::{
    Configuration, ErrorInfo, Message, Outcome, PortSettings, SendAdapter, TransportInfo, http,
};

struct HttpAdapter {
    ports: PortSettings<Port>,
}

impl SendAdapter for HttpAdapter {
    fn describe() -> TransportInfo {
        http_port::describe(
            "HTTP adapter",
            env!("CARGO_PKG_VERSION"),
            "Delivers each message as one HTTP request.",
        )
    }

    fn load(_handler: Configuration) -> Result<Self, ErrorInfo> {
        Ok(Self {
            ports: PortSettings::new(),
        })
    }

    async fn send(&self, message: &Message) -> Outcome {
        let port = self.ports.get(message, Port::parse)?;
        let mut request = port.prepare(message)?;
        let headers = std::mem::take(&mut request.headers);
        let answer = http::send(&request.template, headers, message).await;
        port.outcome(message, &request, answer)
    }
}

sendport_guest::export_send_adapter!(HttpAdapter);
