//! Which messages of a batch may be written at the same time. Pure.

/// The messages that go to one file, in the order of the batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    /// The file's name.
    pub(crate) name: String,
    /// Their places in the batch.
    pub(crate) places: Vec<usize>,
}

/// Sorts a batch into lanes: different files may be written at once, the messages for one file only one
/// after the other, so that the last one wins where the file is overwritten and the order stays where
/// it is appended to.
pub(crate) fn lanes(names: impl IntoIterator<Item = (usize, String)>) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for (place, name) in names {
        match lanes.iter_mut().find(|lane| lane.name == name) {
            Some(lane) => lane.places.push(place),
            None => lanes.push(Lane {
                name,
                places: vec![place],
            }),
        }
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(names: &[&str]) -> Vec<(String, Vec<usize>)> {
        let named = names.iter().map(|name| (*name).to_owned());
        lanes(named.enumerate())
            .into_iter()
            .map(|lane| (lane.name, lane.places))
            .collect()
    }

    #[test]
    fn one_lane_per_file_in_the_order_of_the_batch() {
        assert_eq!(sorted(&[]), []);
        assert_eq!(
            sorted(&["a", "b", "a", "c", "b", "a"]),
            [
                ("a".to_owned(), vec![0, 2, 5]),
                ("b".to_owned(), vec![1, 4]),
                ("c".to_owned(), vec![3]),
            ]
        );
    }
}
