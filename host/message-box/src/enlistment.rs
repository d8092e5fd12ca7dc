//! What operators say about ports: started, stopped, unenlisted. Kept here over restarts; what follows
//! from it is the dispatcher's business, the box itself gives out the messages of every port.

use model::{Enlistment, PortName};
use rusqlite::Connection;
use rusqlite::types::Type;

use crate::command::{Command, Reply, Write};
use crate::round::Round;
use crate::{Error, MessageBox, ports};

/// A port's new state on its way to the disk.
#[derive(Debug)]
pub(crate) struct Enlist {
    port: PortName,
    enlistment: Enlistment,
    pub(crate) reply: Reply<()>,
}

impl MessageBox {
    /// Remembers the state of a port; on disk when it returns.
    pub async fn set_enlistment(
        &self,
        port: &PortName,
        enlistment: Enlistment,
    ) -> Result<(), Error> {
        let port = port.clone();
        let enlist = |reply| Enlist {
            port,
            enlistment,
            reply,
        };
        self.inner
            .ask(|reply| Command::Write(Write::Enlist(enlist(reply))))
            .await
    }

    /// The states of all ports that the box has heard of, in the order of their names; any other is
    /// started.
    pub async fn enlistments(&self) -> Result<Vec<(PortName, Enlistment)>, Error> {
        self.inner.rows.ask(enlistments).await
    }
}

fn enlistments(connection: &Connection) -> rusqlite::Result<Vec<(PortName, Enlistment)>> {
    connection
        .prepare_cached("SELECT name, enlistment FROM port ORDER BY name")?
        .query_map([], |row| {
            let text = row.get_ref(1)?.as_str()?;
            let enlistment = Enlistment::parse(text).ok_or_else(|| {
                let reason = format!("{text:?} is no state of a port");
                rusqlite::Error::FromSqlConversionFailure(1, Type::Text, reason.into())
            })?;
            Ok((ports::name(row.get_ref(0)?.as_str()?)?, enlistment))
        })?
        .collect()
}

impl Enlist {
    pub(crate) fn apply(&self, round: &mut Round<'_>) -> rusqlite::Result<()> {
        let port = round.port(&self.port)?;
        round
            .connection
            .prepare_cached("UPDATE port SET enlistment = ?2 WHERE id = ?1")?
            .execute((port, self.enlistment.as_str()))
            .map(drop)
    }
}
