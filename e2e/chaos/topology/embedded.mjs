// One server over SQLite; if asked, on a small disk of its own that can fill up.
import { execFile } from "node:child_process";
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isRoot, need, Program, until, work } from "../processes.mjs";
import { Instance } from "./instance.mjs";

/** Reads rows as JSON, and leaves as a program does that is killed: nothing happens to the files. */
const READ = `import json, os, sqlite3, sys
db = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", timeout=10, uri=True)
db.row_factory = sqlite3.Row
print(json.dumps([dict(row) for row in db.execute(sys.argv[2])]), flush=True)
os._exit(0)`;

const CHECK = `import sqlite3, sys
print("; ".join(row[0] for row in sqlite3.connect(sys.argv[1]).execute("PRAGMA integrity_check")))`;

const run = (command, words) => new Promise((resolve, reject) => {
  execFile(command, words, { maxBuffer: 1 << 28, timeout: 60_000 }, (fault, stdout, stderr) =>
    fault ? reject(new Error(`${command}: ${stderr.trim() || fault.message}`)) : resolve(stdout));
});

export class Embedded {
  kind = "sqlite";

  /** `disk`: the size of its file system in MiB, in a mount namespace that nobody else sees. */
  static async start(binary, name, { disk } = {}) {
    const embedded = new Embedded();
    embedded.folder = join(work, name, "data");
    mkdirSync(embedded.folder, { recursive: true });
    const wrap = disk ? await embedded.#mount(disk) : [];
    const instance = await Instance.make(name, binary, { DATA_DIR: embedded.folder }, { wrap });
    embedded.issuer = `http://localhost:${instance.port}`;
    instance.settings.ISSUER = embedded.issuer;
    embedded.instances = [instance];
    await instance.start();
    return embedded;
  }

  /** Resolves to the words that put a program onto that disk. */
  async #mount(mebibytes) {
    if (!isRoot) throw new Error("a small disk can only be mounted by root; fix: run the drill disk-full as root");
    const ready = join(work, `${Date.now()}.mounted`);
    const script = `mount -t tmpfs -o size=${mebibytes}m,mode=700 tmpfs "$1" && touch "$2" && exec sleep 36000`;
    this.holder = new Program("disk", "unshare", ["-m", "sh", "-c", script, "sh", this.folder, ready]);
    await until("the small disk is mounted", () => existsSync(ready), 5_000);
    // As this process sees it, the disk is there and nowhere else.
    this.inside = `/proc/${this.holder.pid}/root${this.folder}`;
    return [need("nsenter", "util-linux"), "-t", String(this.holder.pid), "-m", "--"];
  }

  get instance() {
    return this.instances[0];
  }

  get #database() {
    return join(this.inside ?? this.folder, "vestibule.db");
  }

  vestibule(...words) {
    return this.instance.vestibule(words);
  }

  async rows(query) {
    // On the small disk itself: SQLite would follow /proc/…/root back to the disk that all see.
    const [command, ...words] = [...this.instance.wrap, need("python3", "python3"), "-c", READ, join(this.folder, "vestibule.db"), query];
    return JSON.parse(await run(command, words));
  }

  /** What `PRAGMA integrity_check` says of the files as they were left: "ok" if all is well. */
  async integrity() {
    const copy = join(work, "copy");
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(copy);
    for (const suffix of ["", "-wal"]) {
      if (existsSync(this.#database + suffix)) copyFileSync(this.#database + suffix, join(copy, `vestibule.db${suffix}`));
    }
    return (await run(need("python3", "python3"), ["-c", CHECK, join(copy, "vestibule.db")])).trim();
  }

  /** Writes until nothing more fits. */
  fill() {
    const file = openSync(join(this.inside, "filler"), "w");
    for (const size of [1 << 20, 4096, 1]) {
      const block = Buffer.alloc(size, 1);
      try {
        for (;;) if (writeSync(file, block) < size) break;
      } catch (fault) {
        if (fault.code !== "ENOSPC") throw fault;
      }
    }
    closeSync(file);
  }

  free() {
    rmSync(join(this.inside, "filler"));
  }

  async stop() {
    if (this.instance.isRunning) await this.instance.stop();
    await this.holder?.stop("SIGKILL");
  }
}
