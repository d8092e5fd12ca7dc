//! The statement of a port: SQL with named parameters, and what each of them stands for.
//!
//! Only the names are ours: they become the numbers that PostgreSQL knows, and values are bound to them,
//! never written into the text. What is inside a literal, a quoted name or a comment is left alone.

mod scan;

use std::fmt;

use scan::{Piece, Scan, is_name};

/// What a parameter stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The message's id, the same on every delivery.
    Id,
    /// The message's body.
    Body,
    /// The name of the send port.
    Port,
    /// Which attempt this is, from 1.
    Attempt,
    /// A property of the message; NULL when it has none of that name.
    Property(String),
}

/// A statement, ready to be prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The text with numbers for names.
    pub(crate) sql: String,
    /// What the parameters stand for, in the order of their numbers.
    pub(crate) sources: Vec<Source>,
}

/// Why a text is no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StatementError {
    #[error("is empty")]
    Empty,
    #[error("has a zero byte in it")]
    ZeroByte,
    #[error("has a {0} that does not end")]
    Unterminated(&'static str),
    #[error("names ${0}, which is not known; there are {KNOWN}")]
    Unknown(String),
    #[error("has ${0}, but parameters have names here: {KNOWN}")]
    Numbered(String),
    #[error("has $property without a name: write $property.NAME or $property.\"NAME\"")]
    NoPropertyName,
    #[error(
        "has $property.{name} followed by {next:?}: if that is part of the name, write \
         $property.\"{name}{next}…\", else put a space between"
    )]
    Ambiguous { name: String, next: char },
}

const KNOWN: &str = "$id, $body, $port, $attempt, $property.NAME";

impl Statement {
    /// Reads a statement.
    pub(crate) fn parse(text: &str) -> Result<Self, StatementError> {
        if text.contains('\0') {
            return Err(StatementError::ZeroByte);
        }
        let mut statement = Self {
            sql: String::with_capacity(text.len()),
            sources: Vec::new(),
        };
        let mut scan = Scan::new(text);
        let mut says_something = false;
        while let Some(piece) = scan.next_piece()? {
            match piece {
                Piece::Comment => statement.sql.push(' '),
                Piece::Text(part) => {
                    says_something |= part.contains(|c: char| !c.is_whitespace() && c != ';');
                    statement.sql.push_str(part);
                }
                Piece::Dollar => {
                    let source = source(&mut scan)?;
                    statement.sources.push(source);
                    // Every occurrence has a number of its own, so that each gets the type of its own place.
                    let number = statement.sources.len();
                    statement.sql.push_str(&format!("${number}"));
                }
            }
        }
        if says_something {
            Ok(statement)
        } else {
            Err(StatementError::Empty)
        }
    }
}

/// Reads what follows a dollar sign.
fn source(scan: &mut Scan<'_>) -> Result<Source, StatementError> {
    let name = scan.take_while(is_name);
    match name {
        "id" => Ok(Source::Id),
        "body" => Ok(Source::Body),
        "port" => Ok(Source::Port),
        "attempt" => Ok(Source::Attempt),
        "property" => property(scan),
        name if name.starts_with(|c: char| c.is_ascii_digit()) => {
            Err(StatementError::Numbered(name.to_owned()))
        }
        name => Err(StatementError::Unknown(name.to_owned())),
    }
}

fn property(scan: &mut Scan<'_>) -> Result<Source, StatementError> {
    if !scan.take('.') {
        return Err(StatementError::NoPropertyName);
    }
    if scan.take('"') {
        let name = scan.quoted_name()?;
        return match name.is_empty() {
            true => Err(StatementError::NoPropertyName),
            false => Ok(Source::Property(name)),
        };
    }
    let name = scan.take_while(is_name);
    if name.is_empty() {
        return Err(StatementError::NoPropertyName);
    }
    // `$property.content-type` would be a subtraction, and nobody means that.
    match scan.peek() {
        Some(next @ ('-' | '.')) => Err(StatementError::Ambiguous {
            name: name.to_owned(),
            next,
        }),
        _ => Ok(Source::Property(name.to_owned())),
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id => f.write_str("$id"),
            Self::Body => f.write_str("$body"),
            Self::Port => f.write_str("$port"),
            Self::Attempt => f.write_str("$attempt"),
            Self::Property(name) => write!(f, "$property.\"{}\"", name.replace('"', "\"\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, String), String> {
        let statement = Statement::parse(text).map_err(|error| error.to_string())?;
        let sources: Vec<_> = statement.sources.iter().map(Source::to_string).collect();
        Ok((statement.sql, sources.join(" ")))
    }

    #[test]
    fn names_become_numbers() {
        let table = [
            (
                "INSERT INTO orders (id, body) VALUES ($id, $body::jsonb)",
                "INSERT INTO orders (id, body) VALUES ($1, $2::jsonb)",
                "$id $body",
            ),
            (
                "CALL take($port,$attempt,$property.customer_7,$property.\"content-type\",$property.\"a\"\"b\")",
                "CALL take($1,$2,$3,$4,$5)",
                "$port $attempt $property.\"customer_7\" $property.\"content-type\" $property.\"a\"\"b\"",
            ),
            (
                "UPDATE t SET n = n - $property.n - 1 WHERE a = $id AND b = $id;",
                "UPDATE t SET n = n - $1 - 1 WHERE a = $2 AND b = $3;",
                "$property.\"n\" $id $id",
            ),
            ("SELECT $property.größe", "SELECT $1", "$property.\"größe\""),
            ("DELETE FROM queue", "DELETE FROM queue", ""),
        ];
        for (text, sql, sources) in table {
            let expected = (sql.to_owned(), sources.to_owned());
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_quoted_is_left_alone() {
        for text in [
            "SELECT '$id', 'it''s $id'",
            r"SELECT E'it''s \' $id', e'\\', B'01'",
            r"SELECT date'\' || '$id'",
            r"SELECT 'C:\', '$id'",
            "SELECT \"$id\", \"a\"\"$id\" FROM t",
            "SELECT $$ $id ' $$, $body$ $id $$ $body$, $größe$ $id $größe$",
            "SELECT a$id, ü$id FROM t",
        ] {
            assert_eq!(read(text), Ok((text.to_owned(), String::new())), "{text}");
        }
    }

    #[test]
    fn comments_are_left_out() {
        let text = "SELECT 1 -- $id '\n, /* $foo /* nested */ \" */ $id -- end";
        let sql = "SELECT 1  \n,   $1  ";
        assert_eq!(read(text), Ok((sql.to_owned(), "$id".to_owned())));
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        let table = [
            ("", "is empty"),
            (" ;\n", "is empty"),
            ("-- SELECT 1", "is empty"),
            ("SELECT '\0'", "has a zero byte in it"),
            ("SELECT 'a", "has a literal that does not end"),
            (r"SELECT E'a\'", "has a literal that does not end"),
            ("SELECT \"a", "has a quoted name that does not end"),
            (
                "SELECT $property.\"a",
                "has a quoted name that does not end",
            ),
            (
                "SELECT $a$ $b$",
                "has a dollar-quoted literal that does not end",
            ),
            ("SELECT /* /* */", "has a comment that does not end"),
            (
                "SELECT $foo",
                "names $foo, which is not known; there are $id, $body,",
            ),
            ("SELECT $ID", "names $ID, which is not known"),
            ("SELECT $idx", "names $idx, which is not known"),
            ("SELECT $ id", "names $, which is not known"),
            ("SELECT $1", "has $1, but parameters have names here: $id,"),
            ("SELECT $property", "has $property without a name"),
            ("SELECT $property. a", "has $property without a name"),
            ("SELECT $property.\"\"", "has $property without a name"),
            (
                "SELECT $property.content-type",
                "has $property.content followed by '-': if that is part of the name, write \
                 $property.\"content-…\", else put a space between",
            ),
        ];
        for (text, problem) in table {
            let error = read(text).expect_err(text);
            assert!(error.starts_with(problem), "{text}: {error}");
        }
    }
}
