// HAProxy in front of the instances, as deploy/haproxy.cfg has it, but for TLS.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { need, Program, until, work } from "../processes.mjs";
import { deployed, exchanged } from "./deployed.mjs";

export class Haproxy {
  /** It leaves out by itself whoever is not ready: nobody has to tell it. */
  asks = true;

  static async at(name, port, ports) {
    const haproxy = new Haproxy();
    const folder = join(work, name);
    mkdirSync(folder);
    const file = join(folder, "haproxy.cfg");
    const text = deployed("haproxy.cfg", ports);
    writeFileSync(file, exchanged(text, /bind :443 .*/, `bind 127.0.0.1:${port}`));
    haproxy.program = new Program(name, need("haproxy", "haproxy"), ["-db", "-f", file]);
    await until("HAProxy starts", async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok);
    return haproxy;
  }

  async stop() {
    await this.program.stop("SIGTERM", 5_000);
  }
}
