//! Both migration folders make the same tables.

use std::{collections::BTreeSet, fs, path::Path};

use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types::Text};
use vestibule_storage::{Conn, testing::TestDatabase};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

const SQLITE: &str = "
    WITH tables AS (
        SELECT name FROM sqlite_schema WHERE type = 'table'
        AND name NOT LIKE 'sqlite_%' AND name <> '__diesel_schema_migrations'
    )
    SELECT 'column ' || t.name || '.' || c.name || ' ' ||
        CASE lower(c.type) WHEN 'integer' THEN 'bigint' ELSE lower(c.type) END ||
        CASE WHEN c.\"notnull\" THEN ' not null' ELSE '' END AS line
    FROM tables t, pragma_table_info(t.name) c
    UNION ALL
    SELECT 'key ' || t.name || ' (' || group_concat(c.name ORDER BY c.pk) || ')'
    FROM tables t, pragma_table_info(t.name) c WHERE c.pk > 0 GROUP BY t.name
    UNION ALL
    SELECT CASE WHEN i.\"unique\" THEN 'unique ' ELSE '' END || 'index ' || i.name || ' on ' ||
        t.name || ' (' || (SELECT group_concat(k.name ORDER BY k.seqno)
        FROM pragma_index_info(i.name) k) || ')' || CASE WHEN i.partial THEN ' partial' ELSE '' END
    FROM tables t, pragma_index_list(t.name) i WHERE i.origin = 'c'
    UNION ALL
    SELECT 'reference ' || t.name || '.' || f.\"from\" || ' to ' || f.\"table\" || '.' || f.\"to\"
        || ' ' || lower(f.on_delete)
    FROM tables t, pragma_foreign_key_list(t.name) f";

const POSTGRES: &str = "
    SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type ||
        CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END AS line
    FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'
    UNION ALL
    SELECT CASE WHEN i.indisprimary THEN 'key ' || t.relname ELSE
        CASE WHEN i.indisunique THEN 'unique ' ELSE '' END || 'index ' || n.relname || ' on ' ||
        t.relname END || ' (' || (SELECT string_agg(a.attname, ',' ORDER BY k.nr)
        FROM unnest(i.indkey::int[]) WITH ORDINALITY AS k (attnum, nr)
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) || ')' ||
        CASE WHEN i.indpred IS NOT NULL THEN ' partial' ELSE '' END
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid
    WHERE t.relnamespace = 'public'::regnamespace AND t.relname <> '__diesel_schema_migrations'
    UNION ALL
    SELECT 'reference ' || conrelid::regclass || '.' || a.attname || ' to ' ||
        confrelid::regclass || '.' || b.attname || ' ' ||
        CASE confdeltype WHEN 'c' THEN 'cascade' ELSE confdeltype::text END
    FROM pg_constraint
    JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = conkey[1]
    JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = confkey[1]
    WHERE contype = 'f'";

/// Everything the migrations made, a line each, in words that both databases share.
pub fn shape(conn: &mut Conn) -> BTreeSet<String> {
    let lines: Vec<Line> = match conn {
        Conn::Sqlite(inner) => sql_query(SQLITE).load(inner).unwrap(),
        Conn::Postgres(inner) => sql_query(POSTGRES).load(inner).unwrap(),
    };
    lines.into_iter().map(|line| line.line).collect()
}

fn names(folder: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(folder);
    fs::read_dir(root)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            for file in ["up.sql", "down.sql"] {
                assert!(path.join(file).is_file(), "{} has no {file}", path.display());
            }
            path.file_name().unwrap().to_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn both_folders_have_the_same_migrations() {
    let sqlite = names("sqlite");
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, names("postgres"));
}

#[test]
fn both_databases_have_the_same_tables() {
    let sqlite = shape(&mut TestDatabase::sqlite().connect().unwrap());
    let postgres = shape(&mut TestDatabase::postgres().connect().unwrap());
    let only_sqlite: Vec<_> = sqlite.difference(&postgres).collect();
    let only_postgres: Vec<_> = postgres.difference(&sqlite).collect();
    assert!(
        only_sqlite.is_empty() && only_postgres.is_empty(),
        "only SQLite: {only_sqlite:#?}\nonly PostgreSQL: {only_postgres:#?}"
    );
}

/// Deleting a parent looks for its children: each reference leads some index.
#[test]
fn every_reference_has_an_index() {
    let shape = shape(&mut TestDatabase::sqlite().connect().unwrap());
    let references: Vec<&str> =
        shape.iter().filter_map(|line| line.strip_prefix("reference ")).collect();
    assert!(references.len() > 8, "{references:?}");
    for reference in references {
        assert!(reference.ends_with(" cascade"), "{reference}");
        let (table, column) = reference.split(' ').next().unwrap().split_once('.').unwrap();
        let starts = [format!("on {table} ({column}"), format!("key {table} ({column}")];
        let leads = |line: &str| {
            let rests = starts.iter().filter_map(|start| line.split_once(start.as_str()));
            rests.into_iter().any(|(_, rest)| rest.starts_with([',', ')']))
        };
        let led = shape.iter().any(|line| !line.ends_with("partial") && leads(line));
        assert!(led, "no index leads with {table}.{column}");
    }
}
