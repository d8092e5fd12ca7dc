//! Names of properties that mean something to the host.

/// The lane of a message on a port that orders by key.
pub const ORDERING_KEY: &str = "ordering-key";
/// Where a message of a dynamic port goes. BizTalk: OutboundTransportLocation.
pub const ADDRESS: &str = "address";
/// By which kind of adapter a message of a dynamic port goes. BizTalk: OutboundTransportType.
pub const TRANSPORT_TYPE: &str = "transport-type";
/// `true` asks for a delivery notification. BizTalk: DeliveryNotification.
pub const DELIVERY_NOTIFICATION: &str = "delivery-notification";
/// On responses, notifications and routed failures: the id of the message they are about.
pub const CORRELATION_ID: &str = "correlation-id";
/// On notifications: `ack` or `nack`. BizTalk: AckType.
pub const NOTIFICATION: &str = "notification";
/// On notifications: the port that the message was published to.
pub const NOTIFICATION_PORT: &str = "notification.port";
/// What the content is, as in HTTP.
pub const CONTENT_TYPE: &str = "content-type";

/// On routed failures and NACKs: why, as a word for programs. BizTalk: ErrorReport.FailureCode.
pub const ERROR_CODE: &str = "error.code";
/// On routed failures and NACKs: why, for people. BizTalk: ErrorReport.Description.
pub const ERROR_TEXT: &str = "error.text";
/// On routed failures and NACKs: the port that failed. BizTalk: ErrorReport.SendPortName.
pub const ERROR_PORT: &str = "error.port";
/// On routed failures: the adapter that failed, and its version.
pub const ERROR_ADAPTER: &str = "error.adapter";
/// On routed failures: where the message was to go. BizTalk: ErrorReport.OutboundTransportLocation.
pub const ERROR_ADDRESS: &str = "error.address";
/// On routed failures: attempts made.
pub const ERROR_ATTEMPTS: &str = "error.attempts";
/// On routed failures: when, in milliseconds since 1970. BizTalk: ErrorReport.FailureTime.
pub const ERROR_TIME: &str = "error.time";
