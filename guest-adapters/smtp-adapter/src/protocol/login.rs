//! AUTH (RFC 4954): a user and a password.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Who logs in. Without TLS, both travel as good as readable.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    /// The user's name.
    pub(crate) user: String,
    /// Never shown.
    pub(crate) password: String,
}

impl Login {
    /// The one command of AUTH PLAIN: authorization as oneself, user, password.
    pub(super) fn plain(&self) -> String {
        let Self { user, password } = self;
        format!(
            "AUTH PLAIN {}",
            STANDARD.encode(format!("\0{user}\0{password}"))
        )
    }

    /// The command of AUTH LOGIN and the answers to what the server then asks.
    pub(super) fn login(&self) -> [String; 3] {
        let encode = |text: &String| STANDARD.encode(text);
        [
            "AUTH LOGIN".to_owned(),
            encode(&self.user),
            encode(&self.password),
        ]
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mechanisms_are_those_of_their_documents() {
        // The example of RFC 4616 without an authorization identity.
        let tim = Login {
            user: "tim".to_owned(),
            password: "tanstaaftanstaaf".to_owned(),
        };
        assert_eq!(tim.plain(), "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
        assert_eq!(
            tim.login(),
            ["AUTH LOGIN", "dGlt", "dGFuc3RhYWZ0YW5zdGFhZg=="]
        );
        assert!(!format!("{tim:?}").contains("tanstaaf"));
    }
}
