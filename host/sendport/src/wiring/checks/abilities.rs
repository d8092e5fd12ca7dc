//! What a port asks of its adapters: order, responses, transactions, concurrency.

use super::Check;
use crate::config::Placed;
use crate::wiring::Facts;

impl Check<'_> {
    pub(super) fn abilities(&mut self) {
        self.ordered();
        self.two_way();
        self.transactional();
        self.one_by_one();
    }

    /// The port's adapters that are known.
    fn adapters(&self) -> Vec<(&Placed<String>, &Facts)> {
        let adapters = self.port.destination.adapters().into_iter();
        adapters
            .filter_map(|a| Some((a, self.known.get(&a.value)?)))
            .collect()
    }

    /// The names of those among them that are so.
    fn those(&self, are: impl Fn(&Facts) -> bool) -> Vec<String> {
        let mut names: Vec<_> = self
            .adapters()
            .into_iter()
            .filter(|(_, facts)| are(facts))
            .map(|(adapter, _)| adapter.value.clone())
            .collect();
        // A port and its backup may use the same one.
        names.dedup();
        names
    }

    fn ordered(&mut self) {
        let Some(ordered) = &self.port.ordered else {
            return;
        };
        for name in self.those(|facts| !facts.info.ordered_delivery) {
            let problem = format!(
                "the adapter '{name}' does not promise to keep messages in order; {}",
                self.remedy(&name, "ordered-delivery")
            );
            self.mistake(ordered.place, "ordered", problem);
        }
    }

    fn two_way(&mut self) {
        let Some(two_way) = &self.port.two_way else {
            return;
        };
        for name in self.those(Facts::is_transactional) {
            let problem = format!(
                "the adapter '{name}' delivers under transactions, which have no responses; use another"
            );
            self.mistake(two_way.place, "two-way", problem);
        }
        for name in self.those(|facts| !facts.info.two_way && !facts.is_transactional()) {
            let problem = format!(
                "the adapter '{name}' leaves no responses with the host; {}",
                self.remedy(&name, "two-way")
            );
            self.mistake(two_way.place, "two-way", problem);
        }
    }

    fn remedy(&self, name: &str, ability: &str) -> String {
        let others = match self.port.is_dynamic() {
            true => "name others: adapters = [\"…\"]",
            false => "use another",
        };
        format!("{others}, or say in [adapters.{name}] that it does: {ability} = true")
    }

    fn transactional(&mut self) {
        if !self.port.is_dynamic() {
            return;
        }
        let transactional: Vec<_> = self
            .adapters()
            .into_iter()
            .filter(|(_, facts)| facts.is_transactional())
            .map(|(adapter, _)| adapter.clone())
            .collect();
        for Placed { value: name, place } in transactional {
            let problem = format!(
                "the adapter '{name}' delivers under transactions, which have to be found again at an \
                 address that is known beforehand; name the others only: adapters = [\"…\"]"
            );
            self.mistake(place, "adapters", problem);
        }
    }

    fn one_by_one(&mut self) {
        let instances = &self.port.instances;
        let adapters = self.adapters();
        let all = !adapters.is_empty() && adapters.iter().all(|(_, facts)| facts.is_one_by_one());
        if let Some(place) = instances.open_calls_place
            && instances.open_calls > 1
            && all
        {
            let names = self.those(Facts::is_one_by_one).join("' and '");
            let problem = format!(
                "has no effect: an instance of the adapter '{names}' takes one message at a time, since it \
                 is synchronous; remove it, and raise 'instances' to send more at once"
            );
            self.mistake(place, "open-calls", problem);
        }
    }
}
