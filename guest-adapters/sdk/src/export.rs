//! What the export macros are made of: one instance of an adapter between the contract and its author.
//!
//! Public only because macros expand in the author's crate. Nothing here is for authors.

mod batch;
mod instance;
mod outcomes;
mod single;
mod sync_batch;
mod sync_single;
mod transactional;

pub use batch::{Batch, Batches};
pub use instance::Instance;
pub use single::Single;
pub use sync_batch::{SyncBatch, SyncBatches};
pub use sync_single::SyncSingle;
pub use transactional::{TransactionBatch, Transactions};

use crate::log;
use crate::raw::{sync_transport_proxy, transport_proxy};

// Two functions, each called by the components of its kind only: what nobody calls is not imported.

/// Tells the log that this is an asynchronous component.
pub fn connect() {
    log::connect(transport_proxy::log);
}

/// Tells the log that this is a synchronous component.
pub fn sync_connect() {
    log::connect(sync_transport_proxy::log);
}

/// Makes the crate a component that exports a [`SendAdapter`](crate::SendAdapter).
#[macro_export]
macro_rules! export_send_adapter {
    ($adapter:ty) => {
        $crate::__export_async! {
            $adapter, $crate::SendAdapter, $crate::export::Single<$adapter>;

            impl $crate::raw::transmitter::Guest for Component {
                async fn transmit_message(
                    message: $crate::Message,
                ) -> ::core::result::Result<$crate::raw::types::Disposition, $crate::Failure> {
                    adapter().transmit(message).await
                }
            }

            $crate::raw::single::export_single!(Component with_types_in $crate::raw::single);
        }
    };
}

/// Makes the crate a component that exports a [`BatchSendAdapter`](crate::BatchSendAdapter).
#[macro_export]
macro_rules! export_batch_send_adapter {
    ($adapter:ty) => {
        $crate::__export_async! {
            $adapter, $crate::BatchSendAdapter, $crate::export::Batches<$adapter>;

            impl $crate::raw::batch_transmitter::Guest for Component {
                type TransmitterBatch = $crate::export::Batch<$adapter>;

                fn get_batch() -> $crate::raw::batch_transmitter::TransmitterBatch {
                    $crate::raw::batch_transmitter::TransmitterBatch::new(adapter().open())
                }
            }

            $crate::raw::batch::export_batch!(Component with_types_in $crate::raw::batch);
        }
    };
}

/// Makes the crate a component that exports a
/// [`TransactionalBatchSendAdapter`](crate::TransactionalBatchSendAdapter).
#[macro_export]
macro_rules! export_transactional_batch_send_adapter {
    ($adapter:ty) => {
        $crate::__export_async! {
            $adapter,
            $crate::TransactionalBatchSendAdapter,
            $crate::export::Transactions<$adapter>;

            impl $crate::raw::transactional_batch_transmitter::Guest for Component {
                type TransmitterBatch = $crate::export::TransactionBatch<$adapter>;

                fn get_batch(
                    destination: $crate::Destination,
                ) -> $crate::raw::transactional_batch_transmitter::TransmitterBatch {
                    $crate::raw::transactional_batch_transmitter::TransmitterBatch::new(
                        adapter().open(destination),
                    )
                }

                async fn commit(
                    destination: $crate::Destination,
                    transaction: ::std::string::String,
                ) -> ::core::result::Result<(), $crate::Failure> {
                    adapter().commit(destination, &transaction).await
                }

                async fn rollback(
                    destination: $crate::Destination,
                    transaction: ::std::string::String,
                ) -> ::core::result::Result<(), $crate::Failure> {
                    adapter().rollback(destination, &transaction).await
                }

                async fn list_prepared(
                    destination: $crate::Destination,
                    prefix: ::std::string::String,
                ) -> ::core::result::Result<
                    ::std::vec::Vec<::std::string::String>,
                    $crate::Failure,
                > {
                    adapter().list_prepared(destination, &prefix).await
                }
            }

            $crate::raw::transactional::export_transactional!(
                Component with_types_in $crate::raw::transactional
            );
        }
    };
}

/// Makes the crate a component that exports a [`SyncSendAdapter`](crate::SyncSendAdapter).
#[macro_export]
macro_rules! export_sync_send_adapter {
    ($adapter:ty) => {
        $crate::__export_sync! {
            $adapter, $crate::SyncSendAdapter, $crate::export::SyncSingle<$adapter>;

            impl $crate::raw::sync_transmitter::Guest for Component {
                fn transmit_message(
                    message: $crate::Message,
                ) -> ::core::result::Result<(), $crate::Failure> {
                    adapter().transmit(&message)
                }
            }

            $crate::raw::sync_single::export_sync_single!(
                Component with_types_in $crate::raw::sync_single
            );
        }
    };
}

/// Makes the crate a component that exports a [`SyncBatchSendAdapter`](crate::SyncBatchSendAdapter).
#[macro_export]
macro_rules! export_sync_batch_send_adapter {
    ($adapter:ty) => {
        $crate::__export_sync! {
            $adapter, $crate::SyncBatchSendAdapter, $crate::export::SyncBatches<$adapter>;

            impl $crate::raw::sync_batch_transmitter::Guest for Component {
                type TransmitterBatch = $crate::export::SyncBatch<$adapter>;

                fn get_batch() -> $crate::raw::sync_batch_transmitter::TransmitterBatch {
                    $crate::raw::sync_batch_transmitter::TransmitterBatch::new(adapter().open())
                }
            }

            $crate::raw::sync_batch::export_sync_batch!(
                Component with_types_in $crate::raw::sync_batch
            );
        }
    };
}

/// What asynchronous adapters export beside their transmitter.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_async {
    ($adapter:ty, $trait:path, $state:ty; $($transmitter:tt)*) => {
        $crate::__export_adapter! {
            $adapter, $trait, $state, $crate::export::connect;

            impl $crate::raw::transport_control::Guest for Component {
                fn initialize() -> ::core::result::Result<(), $crate::ErrorInfo> {
                    adapter().instance().initialize(<$adapter as $trait>::load)
                }

                async fn terminate() {
                    adapter().terminate().await;
                }
            }

            $crate::raw::foundation::export_foundation!(
                Component with_types_in $crate::raw::foundation
            );

            $($transmitter)*
        }
    };
}

/// What synchronous adapters export beside their transmitter.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_sync {
    ($adapter:ty, $trait:path, $state:ty; $($transmitter:tt)*) => {
        $crate::__export_adapter! {
            $adapter, $trait, $state, $crate::export::sync_connect;

            impl $crate::raw::sync_transport_control::Guest for Component {
                fn initialize() -> ::core::result::Result<(), $crate::ErrorInfo> {
                    adapter().instance().initialize(<$adapter as $trait>::load)
                }

                fn terminate() {
                    adapter().instance().stop();
                }
            }

            $crate::raw::sync_foundation::export_sync_foundation!(
                Component with_types_in $crate::raw::sync_foundation
            );

            $($transmitter)*
        }
    };
}

/// What every adapter exports, and the one static of a component: its adapter.
///
/// The exports exist only in a component. A native build, which runs the author's unit tests, checks
/// the types and exports nothing: the names are no symbols that a native linker takes.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_adapter {
    ($adapter:ty, $trait:path, $state:ty, $connect:path; $($rest:tt)*) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            /// Whatever the host calls first comes here first, so that the log is there from then on.
            fn adapter() -> &'static $state {
                ::std::thread_local! {
                    static ADAPTER: &'static $state = {
                        $connect();
                        ::std::boxed::Box::leak(::std::boxed::Box::new(<$state>::new()))
                    };
                }
                ADAPTER.with(|adapter| *adapter)
            }

            impl $crate::raw::transport::Guest for Component {
                fn describe() -> $crate::TransportInfo {
                    adapter();
                    <$adapter as $trait>::describe()
                }
            }

            impl $crate::raw::persist_property_bag::Guest for Component {
                fn load(
                    handler: ::std::vec::Vec<(::std::string::String, ::std::string::String)>,
                ) -> ::core::result::Result<(), $crate::ErrorInfo> {
                    adapter().instance().load(handler.into(), <$adapter as $trait>::load)
                }
            }

            $crate::raw::common::export_common!(Component with_types_in $crate::raw::common);

            $($rest)*
        };

        #[cfg(not(target_family = "wasm"))]
        const _: fn() -> $state = <$state>::new;
    };
}
