//! What an error means for the messages it befell: whether trying again can help.

use sendport_guest::{ErrorInfo, Failure};

use crate::row::RowError;
use crate::session::{Broken, ServerError};
use crate::transaction::TransactionError;

/// Classes of SQLSTATE that lie in the row itself: data that does not fit its type (22), a constraint
/// (23), a name or a permission (42), a view's check option (44). Everything else, from locks to full
/// disks, passes.
const PERMANENT: [&str; 4] = ["22", "23", "42", "44"];

/// The server did not take this row; the others of its batch are not concerned.
pub(crate) fn of_row(error: &ServerError) -> Failure {
    let info = ErrorInfo::new(code(error), format!("the row was refused: {error}"));
    if PERMANENT.contains(&error.class()) {
        Failure::permanent(info)
    } else {
        Failure::retryable(info)
    }
}

/// The message makes no row, and never will.
pub(crate) fn of_message(error: RowError) -> Failure {
    Failure::permanent(ErrorInfo::new("postgres-not-utf-8", error.to_string()))
}

/// The transaction came to nothing, or nobody knows. No message is to blame, and the server or the port
/// may be mended meanwhile.
pub(crate) fn of_transaction(error: &TransactionError) -> Failure {
    use TransactionError::{Broken, Disabled, Name, NotPrepared, Refused, Statement, Strays};
    let code = match error {
        Broken(broken) => of_broken(broken),
        Refused { error, .. } | Statement(error) | Disabled(error) => code(error),
        Strays => "configuration".to_owned(),
        NotPrepared(_) | Name(_) => "postgres-not-prepared".to_owned(),
    };
    Failure::retryable(ErrorInfo::new(code, error.to_string()))
}

/// A rollback that cannot be answered yet.
pub(crate) fn still_under_way() -> Failure {
    let text = "the server is still working on the transaction that is to be rolled back";
    Failure::retryable(ErrorInfo::new("postgres-under-way", text))
}

fn of_broken(broken: &Broken) -> String {
    match broken {
        Broken::Server(error) => code(error),
        Broken::Network { code, .. } => (*code).to_owned(),
        Broken::Login(_) => "postgres-login".to_owned(),
        Broken::Copy => "configuration".to_owned(),
        Broken::Closed => "postgres-closed".to_owned(),
        Broken::Protocol(_) | Broken::Unsendable(_) => "postgres-protocol".to_owned(),
    }
}

fn code(error: &ServerError) -> String {
    format!("postgres-{}", error.sqlstate.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(sqlstate: &str) -> ServerError {
        ServerError {
            sqlstate: sqlstate.to_owned(),
            message: "no".to_owned(),
            ..ServerError::default()
        }
    }

    #[test]
    fn what_lies_in_the_row_is_permanent_and_the_rest_is_tried_again() {
        let table = [
            ("22P02", true),  // invalid text representation
            ("23505", true),  // unique violation
            ("42501", true),  // insufficient privilege
            ("44000", true),  // with check option
            ("08006", false), // connection failure
            ("25006", false), // read-only transaction: the server is a standby for now
            ("40001", false), // serialization failure
            ("40P01", false), // deadlock
            ("53100", false), // disk full
            ("55P03", false), // lock not available
            ("57014", false), // statement timeout
            ("P0001", false), // raised by a trigger
            ("XX000", false), // internal
            ("", false),
        ];
        for (sqlstate, permanent) in table {
            let failure = of_row(&error(sqlstate));
            assert_eq!(
                matches!(failure, Failure::Permanent(_)),
                permanent,
                "{sqlstate}"
            );
        }
    }

    #[test]
    fn a_code_is_the_sqlstate() {
        let failure = of_row(&error("22P02"));
        assert_eq!(failure.error().code.as_deref(), Some("postgres-22p02"));
        let refused = TransactionError::Statement(error("42P01"));
        let failure = of_transaction(&refused);
        assert_eq!(failure.error().code.as_deref(), Some("postgres-42p01"));
        assert!(matches!(failure, Failure::Retryable(_)));
    }

    #[test]
    fn a_server_without_prepared_transactions_is_told_apart() {
        let failure = of_transaction(&TransactionError::Disabled(error("55000")));
        let text = &failure.error().text;
        assert!(text.contains("max_prepared_transactions > 0"), "{text}");
    }
}
