//! Looks up the hosts of URLs, and leaves out the addresses that the port's adapters may not dial.
//!
//! The connector dials what comes out of here and looks nothing up again, so a name that changes its
//! address in between gains nothing. A host that is written as an IP address does not come here: a grant
//! has named it.

use std::error::Error;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use model::transmit::BoxFuture;
use tower_service::Service;

use crate::egress::Networks;

/// The resolver of one port.
#[derive(Clone, Debug)]
pub(super) struct CheckedResolver(pub(super) Networks);

type BoxError = Box<dyn Error + Send + Sync>;

impl Service<Name> for CheckedResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let networks = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(networks.sift(name.as_str(), found)?.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::{Network, Prohibited};

    async fn resolve(networks: &[&str], name: &str) -> Result<Vec<SocketAddr>, BoxError> {
        let networks: Vec<_> = networks
            .iter()
            .map(|n| Network::parse(n).expect(n))
            .collect();
        let mut resolver = CheckedResolver(Networks::new(&networks));
        let found = resolver.call(name.parse().expect("a name")).await?;
        Ok(found.collect())
    }

    /// Resolvers read "127.1" as 127.0.0.1: a name that is no address by the rules of URLs, and at home.
    #[tokio::test]
    async fn b115_a_name_that_hides_this_machine_is_not_resolved_unless_that_is_granted() {
        let error = resolve(&["private"], "127.1").await.expect_err("loopback");
        let prohibited = error.downcast_ref::<Prohibited>();
        assert!(prohibited.is_some(), "{error}");
        let expected: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        for networks in ["loopback", "127.0.0.0/8", "127.0.0.1"] {
            let found = resolve(&[networks], "127.1").await.expect(networks);
            assert!(found.contains(&expected), "{found:?}");
        }
    }

    #[tokio::test]
    async fn localhost_is_where_it_says() {
        let found = resolve(&[], "localhost").await.expect("it is found");
        assert!(found.iter().all(|found| found.ip().is_loopback()) && !found.is_empty());
    }

    #[tokio::test]
    async fn a_name_that_is_not_found_is_not_denied() {
        let error = resolve(&[], "no such name").await.expect_err("no name");
        assert!(error.downcast_ref::<Prohibited>().is_none(), "{error}");
    }
}
