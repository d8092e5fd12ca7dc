//! Orders made up by number: a stream of small JSON documents, and one large XML document.

use std::fmt::Write as _;

use serde_json::json;

/// The size of an order of the stream.
const ORDER_SIZE: usize = 1024;
/// Lines of the large order; makes it about 300 KiB.
const LARGE_ORDER_LINES: u32 = 2_400;

/// Buyers, so that the stream is not ASCII only.
const BUYERS: [&str; 4] = [
    "Bäckerei Groß GmbH",
    "Lindgren Mekanik AB",
    "Schiffswerft Jürgensen & Söhne",
    "Łódzkie Zakłady Włókiennicze",
];

/// One line of JSON of exactly 1 KiB, different for every port and number.
pub(crate) fn order(port: &str, number: u32) -> Vec<u8> {
    let quantity = number % 97 + 1;
    let cents = u64::from(number % 8_999 + 100);
    let text = |note: &str| {
        json!({
            "documentType": "purchase-order",
            "number": format!("PO-{port}-{number:07}"),
            "currency": "EUR",
            "buyer": BUYERS[number as usize % BUYERS.len()],
            "lines": [{
                "sku": format!("40123{:08}", number * 7 % 100_000_000),
                "quantity": quantity,
                "unitPrice": format!("{}.{:02}", cents / 100, cents % 100),
            }],
            "note": note,
        })
        .to_string()
    };
    let room = ORDER_SIZE.saturating_sub(text("").len());
    text(
        &"Lieferung frei Haus. "
            .chars()
            .cycle()
            .take(room)
            .collect::<String>(),
    )
    .into_bytes()
}

/// An order of about 300 KiB.
pub(crate) fn large_order() -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Order>\n");
    xml.push_str("  <ID>PO-4799</ID>\n  <Buyer>Schiffswerft Jürgensen &amp; Söhne</Buyer>\n");
    for line in 1..=LARGE_ORDER_LINES {
        let (quantity, cents) = (line % 50 + 1, line * 37 % 9_000 + 10);
        writeln!(
            xml,
            "  <Line no=\"{line}\"><Name>Paßfeder Größe {line}</Name><Quantity unit=\"PCE\">{quantity}\
             </Quantity><Price currency=\"EUR\">{}.{:02}</Price></Line>",
            cents / 100,
            cents % 100
        )
        .expect("a String takes everything");
    }
    xml.push_str("</Order>\n");
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_one_line_of_json_of_one_kibibyte_each_different() {
        let all: Vec<_> = (0..200).map(|n| order("bulk", n)).collect();
        for text in &all {
            assert_eq!(text.len(), ORDER_SIZE);
            assert!(!text.contains(&b'\n'));
            serde_json::from_slice::<serde_json::Value>(text).unwrap();
        }
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert_ne!(order("bulk", 1), order("webhooks", 1));
    }

    #[test]
    fn the_large_order_is_larger_than_one_piece_of_a_body() {
        let size = large_order().len();
        assert!((280 * 1024..340 * 1024).contains(&size), "{size}");
    }
}
