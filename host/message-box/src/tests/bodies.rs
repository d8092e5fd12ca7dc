//! Large bodies: written and read in pieces, and removed with their message or without one.

use super::*;
use crate::StagedBody;

const MIB: usize = 1024 * 1024;

/// A byte that tells where it stands.
pub(super) fn byte(position: u64) -> u8 {
    (position.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

pub(super) fn block(start: u64, length: usize) -> Bytes {
    (start..).take(length).map(byte).collect()
}

/// A staged body of `size` bytes written in blocks of `step`.
async fn stage(message_box: &MessageBox, size: u64, step: usize) -> StagedBody {
    let mut stage = message_box.stage_body().await.unwrap();
    while stage.size() < size {
        let left = usize::try_from(size - stage.size()).unwrap();
        let next = block(stage.size(), step.min(left));
        stage.write(next).await.unwrap();
    }
    stage.finish().await.unwrap()
}

fn with_body(body: StagedBody) -> Publication {
    publication([NewMessage {
        body: NewBody::Staged(body),
        ..message("")
    }])
}

#[tokio::test]
async fn b106_a_body_of_64_mib_passes_in_short_reads_without_being_held_whole() {
    const SIZE: u64 = 64 * MIB as u64;
    const MORE: u64 = 12_345;
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let staged = stage(&message_box, SIZE + MORE, 300_000).await;
    assert_eq!(staged.size(), SIZE + MORE);
    let body = with_body(staged);
    message_box.publish(&port("p"), body, START).await.unwrap();

    let claimed = claim_all(&message_box.feed(&port("p"), TransportSlot::Primary), START).await;
    let body = &claimed[0].message.body;
    assert_eq!(body.size(), SIZE + MORE);
    let mut offset = 0;
    while offset < body.size() {
        let piece = body.read(offset, 70_000).await.unwrap();
        assert!((1..=70_000).contains(&piece.len()));
        assert_eq!(piece, block(offset, piece.len()), "at {offset}");
        offset += piece.len() as u64;
    }
    assert!(body.read(offset, 1).await.unwrap().is_empty());
    // A retry reads it again from the start, or from anywhere.
    assert_eq!(body.read(1_000_003, 5).await.unwrap(), block(1_000_003, 5));

    let deleted = settlements(&claimed, &Verdict::Delete);
    message_box.settle(deleted, START).await.unwrap();
    let gone = body.read(0, 1).await.unwrap_err();
    assert!(gone.to_string().contains("was settled"), "{gone}");
    message_box.close().await.unwrap();
    assert_eq!((rows(&fixture, "piece"), rows(&fixture, "stage")), (0, 0));
}

#[tokio::test]
async fn bodies_of_all_sizes_come_back_fresh_and_after_a_restart() {
    let sizes = [0, 1, 999, 1000, 1001, 256 * 1024, 256 * 1024 + 1, MIB];
    let fixture = Fixture::new();
    let config = Config {
        inline_limit: 1000,
        ..fixture.config()
    };
    let first = MessageBox::open(config).unwrap();
    let feed = first.feed(&port("p"), TransportSlot::Primary);
    assert!(claim_all(&feed, START).await.is_empty());
    let all = publication(sizes.map(|size| message(block(0, size))));
    first.publish(&port("p"), all, START).await.unwrap();
    let fresh = claim_all(&feed, START).await;
    for (leased, size) in fresh.iter().zip(sizes) {
        assert_eq!(
            leased.message.body.read_all().await.unwrap(),
            block(0, size)
        );
    }
    drop((first, feed));
    let found = claim_all(
        &fixture.open().feed(&port("p"), TransportSlot::Primary),
        START,
    )
    .await;
    assert_eq!(found.len(), sizes.len());
}

#[tokio::test]
async fn a_restarted_box_reads_bodies_of_the_one_before() {
    let fixture = Fixture::new();
    let first = fixture.open();
    let staged = stage(&first, 2 * MIB as u64, MIB).await;
    first
        .publish(&port("p"), with_body(staged), START)
        .await
        .unwrap();
    drop(first);
    let second = fixture.open();
    // A new body must not get the number of the old one.
    let other = stage(&second, MIB as u64, MIB).await;
    drop(other);
    let found = claim_all(&second.feed(&port("p"), TransportSlot::Primary), START).await;
    let body = found[0].message.body.read_all().await.unwrap();
    assert_eq!(body, block(0, 2 * MIB));
}

#[tokio::test]
async fn an_unpublished_body_is_removed_at_once_or_at_the_next_start() {
    let fixture = Fixture::new();
    let first = fixture.open();
    let mut begun = first.stage_body().await.unwrap();
    begun.write(block(0, MIB)).await.unwrap();
    drop(begun);
    drop(stage(&first, MIB as u64, MIB).await);
    first.close().await.unwrap();
    assert_eq!((rows(&fixture, "piece"), rows(&fixture, "stage")), (0, 0));

    // A process that dies removes nothing.
    let second = fixture.open();
    std::mem::forget(stage(&second, MIB as u64, MIB).await);
    drop(second);
    assert_eq!((rows(&fixture, "piece"), rows(&fixture, "stage")), (4, 1));
    fixture.open().close().await.unwrap();
    assert_eq!((rows(&fixture, "piece"), rows(&fixture, "stage")), (0, 0));
}

#[tokio::test]
async fn a_body_belongs_to_the_box_that_staged_it() {
    let (here, there) = (Fixture::new(), Fixture::new());
    let (here, there) = (here.open(), there.open());
    let staged = stage(&here, 10, 10).await;
    let refused = there.publish(&port("p"), with_body(staged), START).await;
    assert!(
        matches!(refused, Err(Error::StagedElsewhere)),
        "{refused:?}"
    );
}
