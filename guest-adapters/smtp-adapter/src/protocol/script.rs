//! A connection that follows a script, for tests: a dialogue as the RFCs write it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use futures::FutureExt as _;
use sendport_guest::tcp::TcpError;

use super::wire::Wire;

/// `C:` is what the client must say, `S:` what the server answers, `X: silent` a server that says
/// nothing, `X: reset` a connection that breaks when the client speaks. At the end it is closed.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    rest: Rc<RefCell<VecDeque<String>>>,
    /// The beginning of a line of the client's.
    partial: Rc<RefCell<Vec<u8>>>,
}

impl Script {
    pub(crate) fn new(text: &str) -> Self {
        let lines = text
            .lines()
            .map(str::trim_start)
            .filter(|line| !line.is_empty());
        Self {
            rest: Rc::new(RefCell::new(lines.map(str::to_owned).collect())),
            partial: Rc::default(),
        }
    }

    /// Everything in the script has happened.
    #[track_caller]
    pub(crate) fn is_played(&self) {
        assert_eq!(
            *self.rest.borrow(),
            VecDeque::<String>::new(),
            "this did not happen"
        );
    }

    fn takes(&self, expected: &str) -> bool {
        let mut rest = self.rest.borrow_mut();
        let found = rest.front().is_some_and(|line| line == expected);
        if found {
            rest.pop_front();
        }
        found
    }
}

impl Wire for Script {
    async fn read(&mut self) -> Result<Vec<u8>, TcpError> {
        if self.takes("X: silent") {
            return Err(TcpError::TimedOut("nothing came in time".to_owned()));
        }
        let mut rest = self.rest.borrow_mut();
        assert!(
            rest.front().is_none_or(|line| line.starts_with("S: ")),
            "the client waits instead of {:?}",
            rest.front()
        );
        let mut bytes = Vec::new();
        while let Some(line) = rest.front().and_then(|line| line.strip_prefix("S: ")) {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\r\n");
            rest.pop_front();
        }
        Ok(bytes)
    }

    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), TcpError> {
        if self.takes("X: reset") {
            return Err(TcpError::Broken("reset by the peer".to_owned()));
        }
        let mut partial = self.partial.borrow_mut();
        partial.extend_from_slice(&bytes);
        while let Some(end) = memchr::memmem::find(&partial, b"\r\n") {
            let line: Vec<u8> = partial.drain(..end + 2).collect();
            let line = format!("C: {}", String::from_utf8_lossy(&line[..end]));
            let expected = self.rest.borrow_mut().pop_front();
            assert_eq!(
                Some(line.trim_end()),
                expected.as_deref().map(str::trim_end)
            );
        }
        Ok(())
    }
}

/// The result of a future that never has to wait.
#[track_caller]
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    future
        .now_or_never()
        .expect("a script never keeps anybody waiting")
}
