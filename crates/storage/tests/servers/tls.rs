//! `sslmode=verify-full`: the server's certificate and name are looked at.

use std::{fs, path::Path, process::Command};

use vestibule_storage::{Db, StorageError};

use crate::cluster::{Cluster, give_to_postgres, mark, settings};

/// Makes an authority `name.pem`, and with it a certificate for the host `localhost`.
fn make_authority(folder: &Path, name: &str) {
    let run = |arguments: &str| {
        let mut openssl = Command::new("openssl");
        let output = openssl.args(arguments.split(' ')).current_dir(folder).output();
        let output = output.expect("openssl is there: `apt-get install -y openssl`");
        assert!(output.status.success(), "{arguments}: {output:?}");
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    run(&format!("req -x509 {key} -keyout {name}.key -out {name}.pem -days 2 -subj /CN={name}"));
    run(&format!("req {key} -keyout {name}-server.key -out {name}.csr -subj /CN=localhost"));
    fs::write(folder.join("names"), "subjectAltName = DNS:localhost").unwrap();
    run(&format!(
        "x509 -req -in {name}.csr -CA {name}.pem -CAkey {name}.key -CAcreateserial \
         -out {name}-server.pem -days 2 -extfile names"
    ));
}

fn open(cluster: &Cluster, host: &str, mode: &str, authority: &Path) -> Result<Db, StorageError> {
    let (port, authority) = (cluster.port, authority.display());
    Db::open(&settings(&format!(
        "postgres://vestibule@{host}:{port}/postgres?sslmode={mode}&sslrootcert={authority}"
    )))
}

#[test]
fn only_the_server_that_was_meant_is_talked_to() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_authority(folder, "ours");
    make_authority(folder, "other");
    let cluster = Cluster::new("");
    for (made, name) in [("ours-server.pem", "server.crt"), ("ours-server.key", "server.key")] {
        let path = cluster.folder.path().join("rows").join(name);
        fs::copy(folder.join(made), &path).unwrap();
        give_to_postgres(&path);
    }
    let hba = "hostssl all all 127.0.0.1/32 trust\nhostssl all all ::1/128 trust\n";
    fs::write(cluster.folder.path().join("rows/pg_hba.conf"), hba).unwrap();
    let plain = open(&cluster, "localhost", "verify-full", &folder.join("ours.pem"));
    refused(plain, "does not support SSL");
    cluster.configure("ssl = on");
    cluster.restart();

    let db = open(&cluster, "localhost", "verify-full", &folder.join("ours.pem")).unwrap();
    assert_eq!(mark(&db, "a").wait(), Ok(()));
    assert_eq!(cluster_says_tls(&db), Ok(true));
    let other = open(&cluster, "localhost", "verify-full", &folder.join("other.pem"));
    refused(other, "certificate verify failed");
    let misnamed = open(&cluster, "127.0.0.1", "verify-full", &folder.join("ours.pem"));
    refused(misnamed, "does not match host name");
    let missing = open(&cluster, "localhost", "verify-full", &folder.join("none.pem"));
    refused(missing, "does not exist");
}

fn cluster_says_tls(db: &Db) -> Result<bool, StorageError> {
    use diesel::RunQueryDsl;
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        ssl: bool,
    }
    let query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let found = db.read(move |conn| match conn {
        vestibule_storage::Conn::Postgres(conn) => {
            Ok::<_, StorageError>(diesel::sql_query(query).get_result::<Found>(conn)?)
        }
        vestibule_storage::Conn::Sqlite(_) => unreachable!(),
    });
    Ok(found.wait()?.ssl)
}

fn refused(opened: Result<Db, StorageError>, why: &str) {
    let error = opened.expect_err("it must not connect").to_string();
    assert!(error.contains(why), "{error}");
    if why != "does not exist" {
        assert!(error.contains("fix:"), "{error}");
    }
}
