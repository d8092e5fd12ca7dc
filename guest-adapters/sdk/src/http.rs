//! HTTP, made for delivering messages: templates, and bodies that never enter the instance.
//!
//! [`Template::open`] checks method, URL and headers once; [`send`] sends a message as the body of a
//! request, [`send_all`] many at once. The host keeps the connections.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

pub use crate::raw::http_client::{
    Answer, HttpError, Request, RequestOptions, RequestTemplate as Template, send, send_all,
};

impl Answer {
    /// The first value of a header, in any spelling. Only those named in
    /// [`RequestOptions::answer_headers`] are there.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Open templates by address. Most ports have one address; where the message says the address, the
/// templates in use are kept and the oldest of too many is given up.
pub struct Templates {
    open: RefCell<Vec<(String, Rc<Template>)>>,
}

/// A look-up compares addresses one by one, which is quicker than hashing as long as they are few.
const KEPT: usize = 64;

impl Templates {
    /// No template yet.
    pub const fn new() -> Self {
        Self {
            open: RefCell::new(Vec::new()),
        }
    }

    /// The template of an address; opens it with `options` when it is new.
    pub fn get(
        &self,
        address: &str,
        options: impl FnOnce() -> RequestOptions,
    ) -> Result<Rc<Template>, HttpError> {
        let mut open = self.open.borrow_mut();
        if let Some((_, template)) = open.iter().find(|(known, _)| known == address) {
            return Ok(Rc::clone(template));
        }
        let template = Rc::new(Template::open(&options())?);
        if open.len() == KEPT {
            open.remove(0);
        }
        open.push((address.to_owned(), Rc::clone(&template)));
        Ok(template)
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.open.borrow();
        f.debug_set()
            .entries(open.iter().map(|(address, _)| address))
            .finish()
    }
}
