//! What the export macros are made of: one instance of an adapter between the contract and its author.
//!
//! Public only because macros expand in the author's crate. Nothing here is for authors.

mod batch;
mod instance;
mod single;

pub use batch::{Batch, Batches};
pub use instance::Instance;
pub use single::Single;

/// Makes the crate a component that exports a [`SendAdapter`](crate::SendAdapter).
#[macro_export]
macro_rules! export_send_adapter {
    ($adapter:ty) => {
        $crate::__export_adapter! {
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
        $crate::__export_adapter! {
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

/// What both kinds of adapter export, and the one static of a component: its adapter.
///
/// The exports exist only in a component. A native build, which runs the author's unit tests, checks
/// the types and exports nothing: the names are no symbols that a native linker takes.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_adapter {
    ($adapter:ty, $trait:path, $state:ty; $($transmitter:tt)*) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            fn adapter() -> &'static $state {
                ::std::thread_local! {
                    static ADAPTER: &'static $state =
                        ::std::boxed::Box::leak(::std::boxed::Box::new(<$state>::new()));
                }
                ADAPTER.with(|adapter| *adapter)
            }

            impl $crate::raw::transport::Guest for Component {
                fn describe() -> $crate::TransportInfo {
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

            impl $crate::raw::transport_control::Guest for Component {
                fn initialize() -> ::core::result::Result<(), $crate::ErrorInfo> {
                    adapter().instance().initialize(<$adapter as $trait>::load)
                }

                async fn terminate() {
                    adapter().instance().terminate().await;
                }
            }

            $crate::raw::foundation::export_foundation!(
                Component with_types_in $crate::raw::foundation
            );

            $($transmitter)*
        };

        #[cfg(not(target_family = "wasm"))]
        const _: fn() -> $state = <$state>::new;
    };
}
