//! Destinations that an instance has seen: what their configuration says, and connections that wait there
//! for the next batch.

use std::cell::RefCell;
use std::rc::Rc;

use sendport_guest::{Destination, ErrorInfo, secrets};

use crate::client::Client;
use crate::settings::Settings;
use crate::transaction::TransactionError;

/// More destinations than one instance needs at a time; of a dynamic port, messages may name any number.
const MOST_PLACES: usize = 16;
/// More connections than one instance writes on at a time would only keep the server's slots.
const MOST_IDLE: usize = 4;

/// The destinations, the one used last at the end.
#[derive(Debug, Default)]
pub(crate) struct Places(RefCell<Vec<Rc<Place>>>);

/// One destination.
#[derive(Debug)]
pub(crate) struct Place {
    /// As the host names it: another configuration is another place.
    destination: Destination,
    pub(crate) settings: Settings,
    idle: RefCell<Vec<Client>>,
}

impl Places {
    /// The place of that name; reads its configuration when it is new.
    pub(crate) fn get(
        &self,
        destination: &Destination,
        password: Option<&str>,
    ) -> Result<Rc<Place>, ErrorInfo> {
        let mut places = self.0.borrow_mut();
        let known = places.iter().position(|place| place.is(destination));
        let place = match known {
            Some(known) => places.remove(known),
            None => {
                let port = destination.settings();
                let settings =
                    Settings::parse(&destination.address, &port, password, &secrets::named_by)?;
                Rc::new(Place {
                    destination: destination.clone(),
                    settings,
                    idle: RefCell::default(),
                })
            }
        };
        // Whoever is at the oldest place still has it; only its idle connections end.
        if places.len() == MOST_PLACES {
            places.remove(0);
        }
        places.push(Rc::clone(&place));
        Ok(place)
    }

    /// Forgets all places; their idle connections are the caller's.
    pub(crate) fn clear(&self) -> Vec<Client> {
        let places = self.0.take();
        let idle = places.iter().map(|place| place.idle.take());
        idle.flatten().collect()
    }
}

impl Place {
    /// Works on a connection, an idle one when there is one. An idle connection may have ended long ago,
    /// which shows when it is used: then the work is done again on a new one, so it must be such that
    /// doing it twice is no harm. Returns the connection as well.
    pub(crate) async fn work<T>(
        &self,
        work: impl AsyncFn(&mut Client) -> Result<T, TransactionError>,
    ) -> Result<(Client, T), TransactionError> {
        let idle = self.idle.borrow_mut().pop();
        if let Some(mut client) = idle {
            match work(&mut client).await {
                Ok(done) => return Ok((client, done)),
                // What ended this one, a restart of the server say, has ended the others as well.
                Err(TransactionError::Broken(_)) => self.idle.borrow_mut().clear(),
                Err(error) => return Err(error),
            }
        }
        let mut client = Client::connect(&self.settings).await?;
        let done = work(&mut client).await?;
        Ok((client, done))
    }

    /// Keeps a connection for the next batch, if it is as good as new.
    pub(crate) fn keep(&self, mut client: Client) {
        let mut idle = self.idle.borrow_mut();
        if client.session().is_fresh() && idle.len() < MOST_IDLE {
            idle.push(client);
        }
    }

    fn is(&self, destination: &Destination) -> bool {
        self.destination.address == destination.address
            && self.destination.configuration == destination.configuration
    }
}
