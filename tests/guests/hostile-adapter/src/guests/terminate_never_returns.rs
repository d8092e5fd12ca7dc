//! Has nothing to do and never ends.

use crate::attack::Attack;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn terminate() {
        std::future::pending::<()>().await;
    }
}
