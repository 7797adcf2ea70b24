//! Point-in-time recovery with PostgreSQL's own means, by the lines of docs/operations/backup.md.

use std::{fs, time::Duration};

use vestibule_storage::Db;

use crate::{
    cluster::{Cluster, give_to_postgres, is_marked, mark, settings, until},
    pages::block,
};

const PAGE: &str = include_str!("../../../../docs/operations/backup.md");
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn the_documented_lines_bring_a_chosen_moment_back() {
    let kept = tempfile::Builder::new().prefix("vestibule-archive-").tempdir().unwrap();
    give_to_postgres(kept.path());
    for folder in ["base", "wal"] {
        fs::create_dir(kept.path().join(folder)).unwrap();
        give_to_postgres(&kept.path().join(folder));
    }
    let here = |text: &str| text.replace("/backup/", &format!("{}/", kept.path().display()));
    let primary = Cluster::new(&here(block(PAGE, "ini", "archive_command")));
    let open = || Db::open(&settings(&primary.url("postgres"))).unwrap();
    let db = open();
    mark(&db, "in the base backup").wait().unwrap();
    primary.shell(&here(block(PAGE, "sh", "pg_basebackup")));
    mark(&db, "before the moment").wait().unwrap();
    let moment = primary.ask("SELECT clock_timestamp()");
    mark(&db, "after the moment").wait().unwrap();
    db.shutdown();
    let last = primary.ask("SELECT pg_walfile_name(pg_switch_wal())");
    let archived = format!("SELECT last_archived_wal >= '{last}' FROM pg_stat_archiver");
    until(LIMIT, || primary.ask(&archived) == "t");
    primary.stop();
    let base = fs::read_dir(kept.path().join("base")).unwrap().next().unwrap().unwrap();
    let rows = primary.folder.path().join("rows");
    let restore = here(block(PAGE, "sh", "recovery.signal"))
        .replace("/var/lib/postgresql/15/main", rows.to_str().unwrap())
        .replace("base/2026-11-20", &format!("base/{}", base.file_name().display()))
        .replace("2026-11-20 14:05:00+00", &moment);
    primary.shell(&restore);
    primary.start();
    until(LIMIT, || primary.ask("SELECT pg_is_in_recovery()") == "f");
    let db = open();
    for (what, is_there) in
        [("in the base backup", true), ("before the moment", true), ("after the moment", false)]
    {
        assert_eq!(is_marked(&db, what), Ok(is_there), "{what}");
    }
    assert_eq!(mark(&db, "afterwards").wait(), Ok(()), "it takes writes");
}
