//! Everything in a database, found through its own catalogue: a table that comes later is in it.

use std::collections::BTreeMap;

use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types::Text};
use vestibule_storage::Conn;

/// The values of each column, by table and column; sorted, those that are null left out.
pub type Cells = BTreeMap<(String, String), Vec<String>>;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
}

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Text)]
    cell: String,
}

const SQLITE: &str = "
    SELECT t.name AS table_name, c.name AS column_name
    FROM sqlite_schema t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'
    AND t.name <> '__diesel_schema_migrations'";

const POSTGRES: &str = "
    SELECT table_name::text AS table_name, column_name::text AS column_name
    FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'";

/// Every value of every column of every table, as text.
pub fn cells(conn: &mut Conn) -> Cells {
    let columns: Vec<Column> = match conn {
        Conn::Sqlite(inner) => sql_query(SQLITE).load(inner).unwrap(),
        Conn::Postgres(inner) => sql_query(POSTGRES).load(inner).unwrap(),
    };
    let values = |Column { table_name, column_name }: Column| {
        let query = format!(
            "SELECT CAST({column_name} AS TEXT) AS cell FROM {table_name} \
             WHERE {column_name} IS NOT NULL ORDER BY 1"
        );
        let cells: Vec<Cell> = match conn {
            Conn::Sqlite(inner) => sql_query(query).load(inner).unwrap(),
            Conn::Postgres(inner) => sql_query(query).load(inner).unwrap(),
        };
        ((table_name, column_name), cells.into_iter().map(|cell| cell.cell).collect())
    };
    columns.into_iter().map(values).collect()
}
