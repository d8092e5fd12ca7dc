//! What a port grants of a capability: the other half of "what can this adapter do?".

use super::Capability;
use crate::grants::{ClockGrant, RandomGrant};
use crate::{HttpGrant, PoolConfig, TcpGrant};

impl PoolConfig {
    /// What the port grants of a capability, one text for each thing; nothing when it grants none of it.
    /// Whether the adapter asks for it is another question.
    pub fn granted(&self, capability: Capability) -> Vec<String> {
        let grants = &self.grants;
        match capability {
            Capability::Http => self.http(),
            Capability::Tcp => self.tcp(),
            Capability::Udp => Vec::new(),
            Capability::NameLookup if self.tcp().is_empty() => Vec::new(),
            Capability::NameLookup => vec!["those of its TCP connections".to_owned()],
            Capability::Files => {
                let directories = grants.directories.iter();
                directories.map(ToString::to_string).collect()
            }
            Capability::Environment => {
                let names = grants.environment.iter();
                names.map(|(name, _)| name.clone()).collect()
            }
            Capability::Secrets => self.secrets.names().map(str::to_owned).collect(),
            Capability::Date => match grants.clock {
                ClockGrant::None => Vec::new(),
                ClockGrant::Coarse => vec!["to the millisecond".to_owned()],
                ClockGrant::Fine => vec!["as exactly as the host".to_owned()],
            },
            Capability::Timer => vec![
                match grants.clock {
                    ClockGrant::None | ClockGrant::Coarse => "to the millisecond",
                    ClockGrant::Fine => "as exactly as the host",
                }
                .to_owned(),
            ],
            Capability::Random => vec![
                match grants.random {
                    RandomGrant::System => "unpredictable ones",
                    RandomGrant::Fixed => "the same ones in every instance",
                }
                .to_owned(),
            ],
            Capability::Log if grants.silent => Vec::new(),
            Capability::Log => vec!["within the log's limits".to_owned()],
        }
    }

    /// The port's own address, if it is a URL, and what is granted besides.
    fn http(&self) -> Vec<String> {
        let own = HttpGrant::parse(&self.address).ok();
        let granted = self.grants.http.iter().map(ToString::to_string);
        self.hosts(own.map(|own| own.to_string()), granted)
    }

    /// The same for TCP.
    fn tcp(&self) -> Vec<String> {
        let own = TcpGrant::of_address(&self.address);
        let granted = self.grants.tcp.iter().map(ToString::to_string);
        self.hosts(own.map(|own| own.to_string()), granted)
    }

    fn hosts(&self, own: Option<String>, granted: impl Iterator<Item = String>) -> Vec<String> {
        let own = own.map(|own| format!("{own} (the port's address)"));
        let mut hosts: Vec<_> = own.into_iter().chain(granted).collect();
        let networks: Vec<_> = self
            .grants
            .networks
            .iter()
            .map(ToString::to_string)
            .collect();
        if !hosts.is_empty() && !networks.is_empty() {
            hosts.push(format!(
                "their names also where they are at {}",
                networks.join(" or ")
            ));
        }
        hosts
    }
}
