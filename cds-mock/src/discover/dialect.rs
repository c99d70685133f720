//! The filter language of the official wave-2 messages, as a tree (facts, beckn-wire b.5; ruling 9).
//!
//! It is a subset of the SQL/JSON path language: `path ? (predicate)` keeps those items of `path` for which
//! the predicate holds. Read here are names (bare, quoted, with `:` or `@` in them), indices, wildcards,
//! nested filters, comparisons, `&&`, `||`, `!`, `exists(…)`, `starts with` and `like_regex`. The bracket
//! form `[?…]` of RFC 9535 is read as well, so that expressions which mix both are understood. Arithmetic and
//! variables are refused.
//!
//! Invariant: the caller has bounded length and nesting, so the recursion here is bounded too.

use super::translate::quote;

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Name(String),
    Index(i64),
    Wild,
    /// `? (…)`: keeps the items that stand here.
    Keep(Predicate),
    /// `[?…]`: the children of what stands here for which it holds.
    Children(Predicate),
}

/// A path from the document (`$`) or from the item under test (`@`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) absolute: bool,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Predicate {
    Or(Vec<Predicate>),
    And(Vec<Predicate>),
    Not(Box<Predicate>),
    Exists(Path),
    Compare(Operand, Comparison, Operand),
    /// The text of the path's value contains a match of the pattern.
    Matches(Path, String),
    StartsWith(Path, String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Path(Path),
    /// A string, a number, `true`, `false` or `null`, as RFC 9535 writes it.
    Literal(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// The comparison that holds when the sides change places.
    pub(super) fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }
}

/// What could not be read, and at which character.
pub(super) type Problem = (usize, &'static str);

/// Reads a whole expression.
pub(super) fn parse(text: &str) -> Result<Path, Problem> {
    let mut reader = Reader { rest: text, length: text.len() };
    reader.space();
    let path = reader.path()?;
    reader.space();
    if reader.rest.is_empty() { Ok(path) } else { Err(reader.problem("the expression should end here")) }
}

struct Reader<'a> {
    rest: &'a str,
    length: usize,
}

impl Reader<'_> {
    fn problem(&self, what: &'static str) -> Problem {
        (self.length.saturating_sub(self.rest.len()), what)
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `token` when it is next, after any space.
    fn take(&mut self, token: &str) -> bool {
        let trimmed = self.rest.trim_start();
        match trimmed.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes a word that ends where a name ends.
    fn word(&mut self, word: &str) -> bool {
        let trimmed = self.rest.trim_start();
        match trimmed.strip_prefix(word) {
            Some(rest) if !rest.starts_with(is_name_char) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn need(&mut self, token: &str, what: &'static str) -> Result<(), Problem> {
        if self.take(token) { Ok(()) } else { Err(self.problem(what)) }
    }

    fn path(&mut self) -> Result<Path, Problem> {
        let absolute = if self.take("$") {
            true
        } else if self.take("@") {
            false
        } else {
            return Err(self.problem("a path starts with $ or @"));
        };
        let mut steps = Vec::new();
        loop {
            if self.take("?") {
                self.need("(", "a filter is written ? ( … )")?;
                steps.push(Step::Keep(self.or()?));
                self.need(")", "a filter ends with )")?;
            } else if self.take("[") {
                steps.push(self.bracket()?);
            } else if self.take("..") {
                return Err(self.problem("descendants cannot be mixed with ? ( … )"));
            } else if self.take(".") {
                self.space();
                if self.take("*") {
                    steps.push(Step::Wild);
                } else {
                    let name = if self.rest.starts_with(['"', '\'']) { self.text()? } else { self.name()? };
                    if self.take("(") {
                        // `.datetime()`: times are compared as times anyway.
                        let known = matches!(name.as_str(), "datetime" | "timestamp" | "timestamp_tz");
                        if !known || !self.take(")") {
                            return Err(self.problem("this method is not supported"));
                        }
                    } else {
                        steps.push(Step::Name(name));
                    }
                }
            } else {
                return Ok(Path { absolute, steps });
            }
        }
    }

    fn bracket(&mut self) -> Result<Step, Problem> {
        self.space();
        let step = if self.take("*") {
            Step::Wild
        } else if self.take("?") {
            Step::Children(self.or()?)
        } else if self.rest.starts_with(['"', '\'']) {
            Step::Name(self.text()?)
        } else if self.word("last") {
            Step::Index(-1)
        } else {
            Step::Index(self.index()?)
        };
        self.need("]", "] is missing")?;
        Ok(step)
    }

    fn index(&mut self) -> Result<i64, Problem> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let canonical = digits.parse::<i32>().ok().filter(|n| n.to_string() == digits);
        let Some(index) = canonical else {
            return Err(self.problem("an index, a name in quotes, * or ? is expected"));
        };
        self.rest = rest;
        Ok(i64::from(index))
    }

    fn name(&mut self) -> Result<String, Problem> {
        let end = self.rest.find(|c: char| !is_name_char(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            return Err(self.problem("a name is expected"));
        }
        let name = name.to_owned();
        self.rest = rest;
        Ok(name)
    }

    /// A string in single or double quotes with the escapes of JSON.
    fn text(&mut self) -> Result<String, Problem> {
        let mut chars = self.rest.char_indices();
        let quote = match chars.next() {
            Some((_, quote @ ('"' | '\''))) => quote,
            _ => return Err(self.problem("a string is expected")),
        };
        let mut json = String::from("\"");
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    json.push('"');
                    // The JSON reader knows every escape; only the quotes differ.
                    let text = serde_json::from_str(&json).map_err(|_| self.problem("a bad string"))?;
                    self.rest = self.rest.get(at.saturating_add(1)..).unwrap_or_default();
                    return Ok(text);
                }
                '"' => json.push_str("\\\""),
                '\\' => match chars.next() {
                    Some((_, '\'')) => json.push('\''),
                    Some((_, escaped)) => json.extend(['\\', escaped]),
                    None => break,
                },
                other => json.push(other),
            }
        }
        Err(self.problem("a string is not closed"))
    }

    fn or(&mut self) -> Result<Predicate, Problem> {
        let mut alternatives = vec![self.and()?];
        while self.take("||") {
            alternatives.push(self.and()?);
        }
        Ok(one_or(alternatives, Predicate::Or))
    }

    fn and(&mut self) -> Result<Predicate, Problem> {
        let mut parts = vec![self.unary()?];
        while self.take("&&") {
            parts.push(self.unary()?);
        }
        Ok(one_or(parts, Predicate::And))
    }

    fn unary(&mut self) -> Result<Predicate, Problem> {
        if self.take("!") {
            return Ok(Predicate::Not(Box::new(self.unary()?)));
        }
        if self.take("(") {
            let inside = self.or()?;
            self.need(")", ") is missing")?;
            return Ok(inside);
        }
        if self.word("exists") {
            self.need("(", "exists is written exists( … )")?;
            let path = self.path()?;
            self.need(")", ") is missing")?;
            return Ok(Predicate::Exists(path));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Predicate, Problem> {
        let left = self.operand()?;
        let operator = if self.take("==") {
            Comparison::Equal
        } else if self.take("!=") || self.take("<>") {
            Comparison::Unequal
        } else if self.take("<=") {
            Comparison::LessOrEqual
        } else if self.take(">=") {
            Comparison::GreaterOrEqual
        } else if self.take("<") {
            Comparison::Less
        } else if self.take(">") {
            Comparison::Greater
        } else {
            return match left {
                Operand::Path(path) => self.text_test(path),
                _ => Err(self.problem("a comparison is expected")),
            };
        };
        Ok(Predicate::Compare(left, operator, self.operand()?))
    }

    /// What may follow a path that is not compared: `starts with`, `like_regex`, or nothing.
    fn text_test(&mut self, path: Path) -> Result<Predicate, Problem> {
        if self.word("starts") {
            if !self.word("with") {
                return Err(self.problem("starts with is expected"));
            }
            self.space();
            return Ok(Predicate::StartsWith(path, self.text()?));
        }
        if self.word("like_regex") {
            self.space();
            let mut pattern = self.text()?;
            if self.word("flag") {
                self.space();
                if self.text()? != "i" {
                    return Err(self.problem("only the flag \"i\" is supported"));
                }
                pattern.insert_str(0, "(?i)");
            }
            return Ok(Predicate::Matches(path, pattern));
        }
        Ok(Predicate::Exists(path))
    }

    fn operand(&mut self) -> Result<Operand, Problem> {
        self.space();
        if self.rest.starts_with(['$', '@']) {
            return self.path().map(Operand::Path);
        }
        if self.rest.starts_with(['"', '\'']) {
            let text = self.text()?;
            if self.take(".") {
                let method = self.name()?;
                if method != "datetime" || !self.take("()") {
                    return Err(self.problem("this method is not supported"));
                }
            }
            return Ok(Operand::Literal(quote(&text)));
        }
        for word in ["true", "false", "null"] {
            if self.word(word) {
                return Ok(Operand::Literal(word.to_owned()));
            }
        }
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let end = self.rest.find(|c: char| !is_number(c)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        // JSON's own grammar of numbers is the one of RFC 9535.
        if serde_json::from_str::<serde_json::Number>(number).is_err() {
            return Err(self.problem("a path, a string, a number, true, false or null is expected"));
        }
        self.rest = rest;
        Ok(Operand::Literal(number.to_owned()))
    }
}

/// The text of a literal that is a string.
pub(super) fn unquote(literal: &str) -> Option<String> {
    let inside = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some(escaped @ ('\'' | '\\'))) => text.push(escaped),
            ('\\', _) => return None,
            _ => text.push(c),
        }
    }
    Some(text)
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':' | '@' | '-')
}

fn one_or(mut list: Vec<Predicate>, many: fn(Vec<Predicate>) -> Predicate) -> Predicate {
    match (list.len(), list.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            list.push(last);
            many(list)
        }
        (_, None) => many(list),
    }
}
