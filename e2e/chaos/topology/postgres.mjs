// A PostgreSQL primary and its streaming standby, synchronous: what the primary acknowledged is on
// the standby too (docs/operations/postgresql.md).
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ended, freePort, isRoot, Program, until, work } from "../processes.mjs";
import { Link } from "./link.mjs";

const USER = "postgres";

/** The folder of the newest version's programs. */
function binaries() {
  const home = "/usr/lib/postgresql";
  const versions = existsSync(home) ? readdirSync(home).map(Number).filter(Number.isFinite) : [];
  const newest = versions.sort((a, b) => b - a).find((v) => existsSync(join(home, String(v), "bin/initdb")));
  if (!newest) throw new Error("no PostgreSQL server under /usr/lib/postgresql; fix: apt-get install postgresql");
  return join(home, String(newest), "bin");
}

/** Runs one of PostgreSQL's programs as its user: initdb and pg_basebackup refuse to be root. */
function asPostgres(program, words) {
  const own = isRoot ? [`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"] : [];
  return run("setpriv", [...own, "--", join(binaries(), program), ...words], process.env);
}

/** Settings of both. Crashes of the machine are not drilled, so nothing waits for the disk. */
const COMMON = `
listen_addresses = '127.0.0.1'
fsync = off
max_connections = 150
shared_buffers = 64MB
wal_level = replica
max_wal_senders = 8
wal_keep_size = 512MB
hot_standby = on
wal_retrieve_retry_interval = 200ms
wal_receiver_status_interval = 1s
wal_sender_timeout = 5s
wal_receiver_timeout = 5s
`;

export class Postgres {
  constructor(name) {
    this.name = name;
    this.folder = join(work, name);
  }

  static async init(name) {
    const server = new Postgres(name);
    server.port = await freePort();
    mkdirSync(server.folder);
    if (isRoot) execFileSync("chown", [USER, server.folder]);
    await asPostgres("initdb", ["-D", server.rows, "-U", "vestibule", "--auth=trust", "--encoding=UTF8",
      "--locale=C.UTF-8", "--no-sync"]);
    execFileSync("sh", ["-c", `echo "include 'chaos.conf'" >> "$1/postgresql.conf"`, "sh", server.rows]);
    server.#configure(undefined);
    await server.start();
    await server.sql("create database vestibule", "postgres");
    return server;
  }

  /** A standby of `primary`, started. What it streams comes over a wire of its own. */
  static async standbyOf(primary, name, port) {
    const server = new Postgres(name);
    server.replication = await Link.to(primary.port);
    server.port = port ?? (await freePort());
    rmSync(server.folder, { recursive: true, force: true });
    mkdirSync(server.folder);
    if (isRoot) execFileSync("chown", [USER, server.folder]);
    await asPostgres("pg_basebackup", ["-h", "127.0.0.1", "-p", String(server.replication.port), "-U", "vestibule",
      "-D", server.rows, "-R", "-X", "stream", "-c", "fast", "--no-sync",
      "-d", `application_name=${name}`]);
    server.#configure(undefined);
    await server.start();
    return server;
  }

  get rows() {
    return join(this.folder, "rows");
  }

  #configure(standby) {
    const names = standby ? `synchronous_standby_names = '"${standby}"'\nsynchronous_commit = on\n` : "";
    const own = `port = ${this.port}\nunix_socket_directories = '${this.folder}'\n`;
    writeFileSync(join(this.rows, "chaos.conf"), COMMON + own + names);
    chmodSync(join(this.rows, "chaos.conf"), 0o644);
  }

  /** From now on a commit is acknowledged once that standby has it; with nobody named, at once. */
  async waitFor(standby) {
    this.#configure(standby?.name);
    this.program.signal("SIGHUP");
    if (!standby) return;
    await until(`${standby.name} streams from ${this.name}`, async () =>
      (await this.sql("select sync_state from pg_stat_replication")).some((row) => row.sync_state === "sync"));
  }

  async start() {
    this.program = new Program(this.name, join(binaries(), "postgres"), ["-D", this.rows], { user: USER });
    await until(`${this.name} starts`, async () => {
      if (!this.program.isRunning) throw new Ended(`${this.name} ended: ${this.program.tail()}`);
      return this.sql("select 1 as one", "postgres");
    });
  }

  /** The postmaster dies, and its backends as soon as they see that. */
  async kill() {
    const tree = this.program.tree();
    await this.program.stop("SIGKILL");
    await until(`${this.name} is gone`, () => tree.every((pid) => !existsSync(`/proc/${pid}`)), 20_000);
    rmSync(join(this.rows, "postmaster.pid"), { force: true });
  }

  /** "Immediate" shutdown and start: what a crash of the server looks like. */
  async restart() {
    await this.program.stop("SIGQUIT");
    await this.start();
  }

  async promote() {
    this.replication.close();
    await asPostgres("pg_ctl", ["-D", this.rows, "-w", "promote"]);
  }

  freeze() {
    this.program.signalTree("SIGSTOP");
  }

  thaw() {
    this.program.signalTree("SIGCONT");
  }

  /** The rows of a query, as objects. */
  sql(query, database) {
    return tellPostgres(this.port, query, database);
  }
}

/** The rows of a query, as objects, of whoever speaks PostgreSQL's protocol at `port`. */
export async function tellPostgres(port, query, database = "vestibule") {
  const isQuery = /^\s*(select|with)/i.test(query);
  const text = isQuery ? `select coalesce(json_agg(t), '[]') from (${query}) t` : query;
  const words = ["-h", "127.0.0.1", "-p", String(port), "-U", "vestibule", "-d", database,
    "-AtXq", "-v", "ON_ERROR_STOP=1", "-c", text];
  const env = { ...process.env, PGCONNECT_TIMEOUT: "5" };
  const stdout = await run(join(binaries(), "psql"), words, env);
  return isQuery ? JSON.parse(stdout) : [];
}

function run(command, words, env) {
  return new Promise((resolve, reject) => {
    const options = { env, cwd: "/", timeout: 60_000, maxBuffer: 1 << 28 };
    execFile(command, words, options, (fault, stdout, stderr) =>
      fault ? reject(new Error(`${command}: ${stderr.trim() || fault.message}`)) : resolve(stdout));
  });
}
