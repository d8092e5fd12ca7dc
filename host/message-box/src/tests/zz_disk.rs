//! scratch
use super::*;
#[tokio::test]
async fn zz_disk() {
    let Ok(dir) = std::env::var("MB_DISK") else {
        return;
    };
    let b = MessageBox::open(Config::new(&dir)).unwrap();
    let feed = b.feed(&port("p"));
    for round in 0..4 {
        let mut n = 0;
        let e = loop {
            match b
                .publish(&port("p"), publication([message(vec![1; 3000])]), START)
                .await
            {
                Ok(_) => n += 1,
                Err(e) => break e,
            }
        };
        println!("round {round}: accepted {n}, then {e}");
        let all = claim_all(&feed, START).await;
        let mut ok = 0;
        for chunk in all.chunks(50) {
            match b.settle(settlements(chunk, &Verdict::Delete), START).await {
                Ok(()) => ok += chunk.len(),
                Err(e) => {
                    println!("settle: {e}");
                }
            }
        }
        println!("settled {ok} of {}", all.len());
        println!("{:?}", b.audit().await);
        if ok < all.len() {
            std::fs::remove_file(format!("{dir}/ballast")).ok();
            let again: Vec<_> = all[ok..].to_vec();
            println!(
                "again {:?}",
                b.settle(settlements(&again, &Verdict::Delete), START).await
            );
        }
    }
}
