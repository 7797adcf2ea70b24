// PgBouncer in transaction mode between the instances and the primary (docs/operations/postgresql.md).
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, isRoot, need, Program, until, work } from "../processes.mjs";
import { tellPostgres } from "./postgres.mjs";

/** PgBouncer refuses to be root. */
const USER = "postgres";

export class Pgbouncer {
  static async to(name, primary) {
    const bouncer = new Pgbouncer();
    const folder = join(work, name);
    mkdirSync(folder);
    if (isRoot) execFileSync("chown", [USER, folder]);
    Object.assign(bouncer, { name, folder, port: await freePort(), file: join(folder, "pgbouncer.ini") });
    bouncer.#configure(primary);
    await bouncer.start();
    return bouncer;
  }

  #configure(primary) {
    writeFileSync(this.file, `
[databases]
vestibule = host=127.0.0.1 port=${primary.port} user=vestibule
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${this.port}
unix_socket_dir = ${this.folder}
auth_type = any
pool_mode = transaction
default_pool_size = 20
max_client_conn = 500
server_login_retry = 1
query_wait_timeout = 5
`);
    chmodSync(this.file, 0o644);
  }

  async start() {
    this.program = new Program(this.name, need("pgbouncer", "pgbouncer"), [this.file], { user: USER });
    await until("PgBouncer starts", () => tellPostgres(this.port, "select 1 as one"));
  }

  async kill() {
    await this.program.stop("SIGKILL");
  }

  /** Another primary from now on, as whoever promotes it says. */
  follow(primary) {
    this.#configure(primary);
    this.program.signal("SIGHUP");
  }
}
