//! SQL text as constants: one text for both databases.
//!
//! Parameters are `$1`…`$n`. The only dialect tokens are `{FOR UPDATE}`, `{FOR UPDATE SKIP LOCKED}` and
//! `{FOR KEY SHARE}`, which many may hold at once; SQLite needs none, because a write transaction there is alone.
//! Traps that parse on one database only, or mean two things: write `CAST(SUM(x) AS BIGINT)`; add money in Rust;
//! compare folded columns rather than `LIKE`; no `now()`.

use std::borrow::Cow;

/// Which database is behind a [`crate::Db`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

const LOCK: &str = "{FOR UPDATE}";
const LOCK_SKIPPING: &str = "{FOR UPDATE SKIP LOCKED}";
const LOCK_SHARING: &str = "{FOR KEY SHARE}";

/// A named statement. Made by [`crate::sql!`], or in a `const` by [`Sql::new`].
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    name: &'static str,
    text: &'static str,
    parameters: usize,
    locks: bool,
}

impl Sql {
    /// `name` is what errors and logs call the statement.
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Self {
            name,
            text,
            parameters: highest_parameter(text.as_bytes()),
            locks: has_lock_token(text.as_bytes()),
        }
    }

    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The text as written, with its tokens.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// The number of its highest parameter.
    pub const fn parameters(&self) -> usize {
        self.parameters
    }

    pub(crate) const fn locks(&self) -> bool {
        self.locks
    }

    /// The text that a database is given.
    pub(crate) fn render(&self, dialect: Dialect) -> Cow<'static, str> {
        if !self.locks {
            return Cow::Borrowed(self.text);
        }
        let (lock, skipping, sharing) = match dialect {
            Dialect::Sqlite => ("", "", ""),
            Dialect::Postgres => ("FOR UPDATE", "FOR UPDATE SKIP LOCKED", "FOR KEY SHARE"),
        };
        let text = self.text.replace(LOCK_SKIPPING, skipping).replace(LOCK_SHARING, sharing);
        Cow::Owned(text.replace(LOCK, lock))
    }
}

/// The highest `$n` outside of quoted text.
const fn highest_parameter(text: &[u8]) -> usize {
    let mut highest = 0;
    let mut quote = 0_u8;
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        at += 1;
        if quote != 0 {
            if byte == quote {
                quote = 0;
            }
        } else if byte == b'\'' || byte == b'"' {
            quote = byte;
        } else if byte == b'$' {
            let mut number: usize = 0;
            while at < text.len() && text[at].is_ascii_digit() {
                number = number * 10 + (text[at] - b'0') as usize;
                at += 1;
            }
            if number > highest {
                highest = number;
            }
        }
    }
    highest
}

const fn has_lock_token(text: &[u8]) -> bool {
    let mut at = 0;
    while at < text.len() {
        if starts_with(text, at, LOCK.as_bytes())
            || starts_with(text, at, LOCK_SKIPPING.as_bytes())
            || starts_with(text, at, LOCK_SHARING.as_bytes())
        {
            return true;
        }
        at += 1;
    }
    false
}

const fn starts_with(text: &[u8], at: usize, wanted: &[u8]) -> bool {
    if text.len() < at + wanted.len() {
        return false;
    }
    let mut index = 0;
    while index < wanted.len() {
        if text[at + index] != wanted[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Declares the statements of a store, and `STATEMENTS`, the list of them, which a test gives to
/// [`crate::Db::check_statements`] on both databases: no compiler checks SQL.
///
/// ```
/// db::sql! {
///     /// Locks an account.
///     LOCK_ACCOUNT = "SELECT balance FROM accounts WHERE id = $1 {FOR UPDATE}";
/// }
/// assert_eq!(STATEMENTS.len(), 1);
/// assert_eq!(LOCK_ACCOUNT.parameters(), 1);
/// ```
#[macro_export]
macro_rules! sql {
    ( $( $(#[$meta:meta])* $vis:vis $name:ident = $text:expr; )* ) => {
        $(
            $(#[$meta])*
            $vis const $name: $crate::Sql =
                $crate::Sql::new(concat!(module_path!(), "::", stringify!($name)), $text);
        )*
        /// Every statement of this module.
        #[allow(dead_code, reason = "read by the test that prepares every statement")]
        pub const STATEMENTS: &[&$crate::Sql] = &[$( &$name ),*];
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_locks_on_postgres_and_nothing_on_sqlite() {
        let sql = Sql::new("t", "SELECT 1 FROM a WHERE b = $1 {FOR UPDATE}");
        assert_eq!(sql.render(Dialect::Postgres), "SELECT 1 FROM a WHERE b = $1 FOR UPDATE");
        assert_eq!(sql.render(Dialect::Sqlite), "SELECT 1 FROM a WHERE b = $1 ");
        let sql = Sql::new("t", "SELECT 1 FROM a LIMIT 1 {FOR UPDATE SKIP LOCKED}");
        assert_eq!(sql.render(Dialect::Postgres), "SELECT 1 FROM a LIMIT 1 FOR UPDATE SKIP LOCKED");
        assert_eq!(sql.render(Dialect::Sqlite), "SELECT 1 FROM a LIMIT 1 ");
        let sql = Sql::new("t", "SELECT 1 FROM a {FOR KEY SHARE}");
        assert!(sql.locks());
        assert_eq!(sql.render(Dialect::Postgres), "SELECT 1 FROM a FOR KEY SHARE");
        assert_eq!(sql.render(Dialect::Sqlite), "SELECT 1 FROM a ");
    }

    #[test]
    fn parameters_are_counted_outside_of_quotes() {
        assert_eq!(
            Sql::new("t", "SELECT $2, $1, $12 FROM a WHERE b = '$99' AND c = 'it''s $98'").parameters(),
            12
        );
        assert_eq!(Sql::new("t", "SELECT \"$7\" FROM a").parameters(), 0);
        assert!(!Sql::new("t", "SELECT '{}' FROM a").locks());
    }
}
