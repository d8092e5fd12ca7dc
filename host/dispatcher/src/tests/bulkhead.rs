//! Ports do not wait for each other.

use super::host::{Host, delivered, held, port, with_watermark};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_port_holds_up_no_other() {
    let host = Host::new();
    let stuck = host.start(with_watermark(port("stuck"), 5), held);
    host.start(port("quick"), delivered);
    host.publish("stuck", 50).await;
    stuck.holds(5).await;
    for _ in 0..10 {
        host.publish("quick", 100).await;
    }
    host.until("quick", |s| s.delivered == 1000).await;
    let status = host.status("stuck");
    assert_eq!((status.unresolved, status.delivered), (5, 0));
    assert_eq!(host.audit().await, (1000, 0, 50));
}
