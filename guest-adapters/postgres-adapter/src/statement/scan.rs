//! SQL cut into what is looked at and what is not, by PostgreSQL's lexical rules.
//!
//! Knows where literals, quoted names and comments begin and end; nothing of parameters but their
//! dollar sign, and nothing of grammar.

use super::StatementError;

/// A stretch of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// To be taken over as it is.
    Text(&'a str),
    /// A comment. It separates words, so something has to stand in its place.
    Comment,
    /// A dollar sign that begins a parameter; what follows it is still to be read.
    Dollar,
}

/// A text and how far it has been read.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    before: &'a str,
    rest: &'a str,
    text: &'a str,
}

/// A character of a name. Quotes of dollar-quoted literals are made of the same.
pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            before: "",
            rest: text,
            text,
        }
    }

    /// The next stretch; nothing at the end.
    pub(super) fn next_piece(&mut self) -> Result<Option<Piece<'a>>, StatementError> {
        let piece = match self.peek() {
            None => return Ok(None),
            Some('\'') => Piece::Text(self.advance(self.literal()?)),
            Some('"') => Piece::Text(self.advance(end_of_quoted(self.rest, false)?)),
            Some('-') if self.rest.starts_with("--") => {
                self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
                Piece::Comment
            }
            Some('/') if self.rest.starts_with("/*") => {
                self.advance(end_of_comment(self.rest)?);
                Piece::Comment
            }
            // A dollar sign inside a name is part of it.
            Some('$') if !self.before.ends_with(|c| is_name(c) || c == '$') => {
                match dollar_quote(self.rest) {
                    Some(quote) => {
                        Piece::Text(self.advance(end_of_dollar_quoted(self.rest, quote)?))
                    }
                    None => {
                        self.advance(1);
                        Piece::Dollar
                    }
                }
            }
            Some(_) => Piece::Text(self.plain()),
        };
        Ok(Some(piece))
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes the character if it is the next one.
    pub(super) fn take(&mut self, expected: char) -> bool {
        let there = self.peek() == Some(expected);
        if there {
            self.advance(expected.len_utf8());
        }
        there
    }

    /// Takes all characters up to the first that is none of them.
    pub(super) fn take_while(&mut self, is_one: fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is_one(c)).unwrap_or(self.rest.len());
        self.advance(end)
    }

    /// The rest of a quoted name whose first quote has been taken; a doubled quote is one.
    pub(super) fn quoted_name(&mut self) -> Result<String, StatementError> {
        let mut name = String::new();
        loop {
            let Some(end) = self.rest.find('"') else {
                return Err(StatementError::Unterminated("quoted name"));
            };
            name.push_str(self.advance(end));
            self.advance(1);
            if !self.take('"') {
                return Ok(name);
            }
            name.push('"');
        }
    }

    /// At least one character, up to the next that may begin something else.
    fn plain(&mut self) -> &'a str {
        let special = |c| matches!(c, '\'' | '"' | '-' | '/' | '$');
        let mut characters = self.rest.char_indices().skip(1);
        let end = characters.find(|&(_, c)| special(c));
        self.advance(end.map_or(self.rest.len(), |(place, _)| place))
    }

    /// Where the literal that begins here ends. One with an E before it knows backslashes.
    fn literal(&self) -> Result<usize, StatementError> {
        let letter = self.before.strip_suffix(['e', 'E']);
        let backslashes = letter.is_some_and(|before| !before.ends_with(is_name));
        end_of_quoted(self.rest, backslashes)
    }

    fn advance(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.before = &self.text[..self.before.len() + length];
        self.rest = rest;
        taken
    }
}

/// Where what begins with a quote ends. A doubled quote is no end.
fn end_of_quoted(text: &str, backslashes: bool) -> Result<usize, StatementError> {
    let quote = text.chars().next();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((place, c)) = characters.next() {
        if Some(c) == quote && characters.next_if(|&(_, next)| next == c).is_none() {
            return Ok(place + 1);
        }
        if c == '\\' && backslashes {
            characters.next();
        }
    }
    let is_name = quote == Some('"');
    let what = if is_name { "quoted name" } else { "literal" };
    Err(StatementError::Unterminated(what))
}

/// Comments are nested.
fn end_of_comment(text: &str) -> Result<usize, StatementError> {
    let (mut depth, mut place) = (0_usize, 0);
    while let Some(offset) = text[place..].find(['/', '*']) {
        place += offset;
        if text[place..].starts_with("/*") {
            depth += 1;
            place += 2;
        } else if text[place..].starts_with("*/") {
            depth -= 1;
            place += 2;
            if depth == 0 {
                return Ok(place);
            }
        } else {
            place += 1;
        }
    }
    Err(StatementError::Unterminated("comment"))
}

/// The opening quote, `$$` or `$name$`, if that is what stands here.
fn dollar_quote(text: &str) -> Option<&str> {
    let name = &text[1..];
    let end = name.find(|c| !is_name(c))?;
    let is_quote = name[end..].starts_with('$') && !name.starts_with(|c: char| c.is_ascii_digit());
    is_quote.then(|| &text[..end + 2])
}

fn end_of_dollar_quoted(text: &str, quote: &str) -> Result<usize, StatementError> {
    let inside = &text[quote.len()..];
    match inside.find(quote) {
        Some(end) => Ok(end + 2 * quote.len()),
        None => Err(StatementError::Unterminated("dollar-quoted literal")),
    }
}
