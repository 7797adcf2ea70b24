//! What the statements of a migration do, as far as their locks and dangers depend on it.
//!
//! Migrations keep to a few forms; what is written otherwise is [`Action::Other`], which the linter
//! refuses and the plan takes for the worst. That is why no SQL parser is needed here.

use std::iter::Peekable;
use std::str::Chars;

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Its text on one line, without comments and without the semicolon.
    pub(crate) text: String,
    pub(crate) action: Action,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    CreateTable {
        table: String,
        references: Vec<String>,
    },
    CreateIndex {
        index: String,
        table: String,
        concurrently: bool,
        if_not_exists: bool,
    },
    AddColumn {
        table: String,
        column: String,
        rest: Vec<String>,
    },
    AddConstraint {
        table: String,
        not_valid: bool,
        references: Option<String>,
    },
    ValidateConstraint {
        table: String,
    },
    /// `ALTER TABLE … SET (…)` or `RESET (…)`: how rows are stored and cleaned.
    SetStorage {
        table: String,
    },
    Insert {
        table: String,
        values: bool,
    },
    Update {
        table: String,
    },
    Delete {
        table: String,
    },
    DropTable {
        table: String,
    },
    DropColumn {
        table: String,
        column: String,
    },
    DropIndex {
        index: String,
        concurrently: bool,
    },
    /// Anything else; with its table if it alters one.
    Other {
        table: Option<String>,
    },
}

/// The statements of `sql`, in order.
pub(crate) fn statements(sql: &str) -> Vec<Statement> {
    split(sql)
        .into_iter()
        .map(|tokens| {
            let action = action(&tokens);
            Statement { text: joined(&tokens), action }
        })
        .collect()
}

/// The text again, one space between tokens where people write one.
fn joined(tokens: &[String]) -> String {
    let mut text = String::new();
    for token in tokens {
        let tight = text.is_empty()
            || matches!(token.as_str(), ")" | "," | "." | ":" | ";")
            || text.ends_with(['(', '.', ':'])
            || (token == "(" && text.ends_with("now"));
        if !tight {
            text.push(' ');
        }
        text.push_str(token);
    }
    text
}

fn split(sql: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut chars = sql.chars().peekable();
    while let Some(token) = next_token(&mut chars) {
        if token == ";" {
            all.push(Vec::new());
        } else if let Some(last) = all.last_mut() {
            last.push(token);
        }
    }
    all.retain(|tokens| !tokens.is_empty());
    all
}

fn next_token(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    loop {
        let first = chars.next()?;
        match first {
            ' ' | '\n' | '\t' | '\r' => {}
            '-' if chars.peek() == Some(&'-') => {
                chars.by_ref().find(|next| *next == '\n');
            }
            '\'' | '"' => return Some(quoted(first, chars)),
            _ if is_word(first) => {
                let mut word = String::from(first);
                while let Some(next) = chars.next_if(|next| is_word(*next)) {
                    word.push(next);
                }
                return Some(word);
            }
            other => return Some(other.to_string()),
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// A quote inside is written twice.
fn quoted(quote: char, chars: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::from(quote);
    while let Some(next) = chars.next() {
        text.push(next);
        if next == quote {
            match chars.next_if(|again| *again == quote) {
                Some(again) => text.push(again),
                None => break,
            }
        }
    }
    text
}

/// Walks through tokens; words are compared without regard to case.
struct Walk<'a>(&'a [String]);

impl Walk<'_> {
    /// Goes past `words` if they come next.
    fn pass(&mut self, words: &str) -> bool {
        let wanted: Vec<&str> = words.split(' ').collect();
        let there = wanted.len() <= self.0.len()
            && wanted.iter().zip(self.0).all(|(word, token)| token.eq_ignore_ascii_case(word));
        if there {
            self.0 = self.0.get(wanted.len()..).unwrap_or_default();
        }
        there
    }

    fn name(&mut self) -> Option<String> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        let name = first.trim_matches('"');
        name.chars().all(is_word).then(|| name.to_owned())
    }

    fn contains(&self, word: &str) -> bool {
        self.0.iter().any(|token| token.eq_ignore_ascii_case(word))
    }

    fn ends_with(&self, words: &str) -> bool {
        let wanted: Vec<&str> = words.split(' ').collect();
        let start = self.0.len().checked_sub(wanted.len());
        let end = start.and_then(|start| self.0.get(start..)).unwrap_or_default();
        !end.is_empty()
            && wanted.iter().zip(end).all(|(word, token)| token.eq_ignore_ascii_case(word))
    }

    /// The tables after `REFERENCES`.
    fn references(&self) -> Vec<String> {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        pairs
            .filter(|(word, _)| word.eq_ignore_ascii_case("REFERENCES"))
            .map(|(_, table)| table.trim_matches('"').to_owned())
            .collect()
    }

    /// Whether a comma stands outside every parenthesis: then one statement does two things.
    fn has_two_parts(&self) -> bool {
        let mut depth = 0_i32;
        self.0.iter().any(|token| {
            depth += i32::from(token == "(") - i32::from(token == ")");
            depth == 0 && token == ","
        })
    }
}

fn action(tokens: &[String]) -> Action {
    known(tokens).unwrap_or(Action::Other { table: None })
}

fn known(tokens: &[String]) -> Option<Action> {
    let mut walk = Walk(tokens);
    if walk.pass("CREATE TABLE") {
        let references = walk.references();
        let table = walk.name()?;
        return walk.pass("(").then_some(Action::CreateTable { table, references });
    }
    if walk.pass("CREATE INDEX") || walk.pass("CREATE UNIQUE INDEX") {
        let concurrently = walk.pass("CONCURRENTLY");
        let if_not_exists = walk.pass("IF NOT EXISTS");
        let index = walk.name()?;
        let on = walk.pass("ON");
        let table = walk.name()?;
        return on.then_some(Action::CreateIndex { index, table, concurrently, if_not_exists });
    }
    if walk.pass("ALTER TABLE") {
        let table = walk.name()?;
        let other = Action::Other { table: Some(table.clone()) };
        let altered = if walk.has_two_parts() { None } else { alteration(&mut walk, table) };
        return Some(altered.unwrap_or(other));
    }
    if walk.pass("INSERT INTO") {
        let table = walk.name()?;
        return Some(Action::Insert { table, values: !walk.contains("SELECT") });
    }
    if walk.pass("UPDATE") {
        return Some(Action::Update { table: walk.name()? });
    }
    if walk.pass("DELETE FROM") {
        return Some(Action::Delete { table: walk.name()? });
    }
    if walk.pass("DROP TABLE") {
        let table = walk.name()?;
        return walk.0.is_empty().then_some(Action::DropTable { table });
    }
    if walk.pass("DROP INDEX") {
        let concurrently = walk.pass("CONCURRENTLY");
        walk.pass("IF EXISTS");
        let index = walk.name()?;
        return walk.0.is_empty().then_some(Action::DropIndex { index, concurrently });
    }
    None
}

fn alteration(walk: &mut Walk<'_>, table: String) -> Option<Action> {
    if walk.pass("ADD COLUMN") {
        let column = walk.name()?;
        return Some(Action::AddColumn { table, column, rest: walk.0.to_vec() });
    }
    if walk.pass("ADD CONSTRAINT") {
        let references = walk.references().into_iter().next();
        let not_valid = walk.ends_with("NOT VALID");
        return Some(Action::AddConstraint { table, not_valid, references });
    }
    if walk.pass("VALIDATE CONSTRAINT") {
        return Some(Action::ValidateConstraint { table });
    }
    if walk.pass("SET (") || walk.pass("RESET (") {
        return Some(Action::SetStorage { table });
    }
    if walk.pass("DROP COLUMN") {
        let column = walk.name()?;
        return walk.0.is_empty().then_some(Action::DropColumn { table, column });
    }
    None
}

impl Statement {
    /// Whether PostgreSQL takes it outside a transaction only.
    pub(crate) fn is_concurrent(&self) -> bool {
        matches!(
            self.action,
            Action::CreateIndex { concurrently: true, .. }
                | Action::DropIndex { concurrently: true, .. }
        )
    }
}

/// What an added column is for rows that are there already: the tokens after `DEFAULT`.
pub(crate) fn default_of(rest: &[String]) -> Option<&[String]> {
    let at = rest.iter().position(|token| token.eq_ignore_ascii_case("DEFAULT"))?;
    rest.get(at + 1..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(sql: &str) -> Action {
        let all = statements(sql);
        let [statement] = &all[..] else { panic!("{all:?}") };
        statement.action.clone()
    }

    #[test]
    fn statements_end_at_semicolons_outside_quotes_and_comments() {
        let all = statements(
            "-- a; comment\nINSERT INTO t (a) VALUES ('it''s; so', 1);\n\n  \
             CREATE INDEX \"i\" ON t (a) ; -- the end;",
        );
        let texts: Vec<_> = all.iter().map(|statement| statement.text.as_str()).collect();
        let insert = "INSERT INTO t (a) VALUES ('it''s; so', 1)";
        assert_eq!(texts, [insert, "CREATE INDEX \"i\" ON t (a)"]);
    }

    #[test]
    fn each_form_is_told_from_the_others() {
        let t = || "t".to_owned();
        let create = Action::CreateTable { table: t(), references: vec!["u".to_owned()] };
        assert_eq!(one("create table t (a TEXT REFERENCES u (id))"), create);
        let index = |concurrently, if_not_exists| Action::CreateIndex {
            index: "i".to_owned(),
            table: t(),
            concurrently,
            if_not_exists,
        };
        assert_eq!(one("CREATE UNIQUE INDEX i ON t (a)"), index(false, false));
        assert_eq!(one("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)"), index(true, true));
        assert!(matches!(one("ALTER TABLE t ADD COLUMN a TEXT"), Action::AddColumn { .. }));
        assert_eq!(one("ALTER TABLE t SET (fillfactor = 80)"), Action::SetStorage { table: t() });
        assert_eq!(one("ALTER TABLE t RESET (fillfactor)"), Action::SetStorage { table: t() });
        let constraint = |not_valid, references: Option<&str>| Action::AddConstraint {
            table: t(),
            not_valid,
            references: references.map(str::to_owned),
        };
        let foreign = "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u (a) NOT VALID";
        assert_eq!(one(foreign), constraint(true, Some("u")));
        assert_eq!(one("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)"), constraint(false, None));
        assert_eq!(
            one("ALTER TABLE t DROP COLUMN a"),
            Action::DropColumn { table: t(), column: "a".to_owned() }
        );
        let dropped = Action::DropIndex { index: "i".to_owned(), concurrently: true };
        assert_eq!(one("DROP INDEX CONCURRENTLY IF EXISTS i"), dropped);
        assert_eq!(one("INSERT INTO t SELECT 1"), Action::Insert { table: t(), values: false });
        assert_eq!(one("DELETE FROM t WHERE a = 1"), Action::Delete { table: t() });
    }

    #[test]
    fn what_is_written_otherwise_is_not_guessed_at() {
        for sql in [
            "ALTER TABLE t RENAME COLUMN a TO b",
            "ALTER TABLE t ALTER COLUMN a TYPE BIGINT",
            "ALTER TABLE t ADD COLUMN a TEXT, ADD COLUMN b TEXT",
            "ALTER TABLE t ADD COLUMN a NUMERIC(1, 2), DROP COLUMN b",
            "DROP TABLE t CASCADE",
            "TRUNCATE t",
            "LOCK TABLE t",
            "CREATE TABLE t AS SELECT 1",
            "DO $$ BEGIN END $$",
        ] {
            assert!(matches!(one(sql), Action::Other { .. }), "{sql}");
        }
        let one_part = one("ALTER TABLE t ADD COLUMN a NUMERIC(1, 2)");
        assert!(matches!(one_part, Action::AddColumn { .. }), "{one_part:?}");
    }
}
