// Three instances behind nginx, on PostgreSQL with a standby, and Redis; each instance reaches these
// over wires of its own, which can be cut.
import { randomBytes } from "node:crypto";
import { freePort, sleep } from "../processes.mjs";
import { Instance, settingsOf } from "./instance.mjs";
import { Link } from "./link.mjs";
import { Nginx } from "./nginx.mjs";
import { Postgres } from "./postgres.mjs";
import { Redis } from "./redis.mjs";

const INSTANCES = 3;

export class Cluster {
  kind = "postgres";

  /**
   * `name` keeps its files apart; `oneHost`: failover moves an address, instead of
   * clients knowing two; `waits`: whether commits wait for the standby.
   */
  static async start(binary, { name = "cluster", oneHost = false, waits = true } = {}) {
    const cluster = new Cluster();
    Object.assign(cluster, { name, binary, oneHost });
    cluster.primary = await Postgres.init(`${name}-postgres-a`);
    cluster.standby = await Postgres.standbyOf(cluster.primary, `${name}-postgres-b`);
    if (waits) await cluster.primary.waitFor(cluster.standby);
    cluster.hasRedis = settingsOf(binary).has("REDIS__TIMEOUT") || settingsOf(binary).has("REDIS__POOL_SIZE");
    cluster.redis = await Redis.start(`${name}-redis`);
    cluster.masterKey = randomBytes(32).toString("hex");
    cluster.instances = [];
    for (let at = 0; at < INSTANCES; at += 1) cluster.instances.push(await cluster.make(`${name}-${at + 1}`));
    const front = await freePort();
    cluster.issuer = `http://localhost:${front}`;
    for (const each of cluster.instances) each.settings.ISSUER = cluster.issuer;
    // All at once: they agree on who makes the tables and the keys.
    for (const each of cluster.instances) each.launch();
    await Promise.all(cluster.instances.map((each) => each.ready(60_000)));
    cluster.nginx = await Nginx.at(`${name}-nginx`, front, cluster.ports);
    return cluster;
  }

  async make(name, binary = this.binary) {
    const links = {
      postgresA: await Link.to(this.primary.port),
      postgresB: await Link.to(this.standby.port),
      redis: await Link.to(this.redis.port),
    };
    const settings = { ISSUER: this.issuer, KEYS__MASTER_KEY: this.masterKey,
      DATABASE__URL: this.#url(links.postgresA.port, links.postgresB.port) };
    if (this.hasRedis) settings.REDIS__URL = `redis://127.0.0.1:${links.redis.port}/0`;
    const instance = await Instance.make(name, binary, settings);
    instance.links = links;
    return instance;
  }

  #url(...ports) {
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join(",");
    if (this.oneHost) return `postgres://vestibule@127.0.0.1:${ports[0]}/vestibule?connect_timeout=2`;
    return `postgres://vestibule@${hosts}/vestibule?target_session_attrs=read-write&connect_timeout=2`;
  }

  get ports() {
    return this.instances.map(({ port }) => port);
  }

  /** Every wire of that name (`postgresA`, `postgresB`, `redis`), or of all instances everything. */
  links(...names) {
    return this.instances.flatMap(({ links }) => (names.length ? names.map((name) => links[name]) : Object.values(links)));
  }

  get postgresLinks() {
    return this.links("postgresA", "postgresB");
  }

  /** The command line, past every fault: over no wire. */
  vestibule(...words) {
    return this.instances[0].vestibule(words, { DATABASE__URL: this.#url(this.primary.port) });
  }

  rows(query) {
    return this.primary.sql(query);
  }

  /** The primary dies; its standby takes its place, and waits for nobody. */
  async failOver() {
    await this.primary.kill();
    await this.standby.promote();
    this.swap();
  }

  /** The standby is the primary from now on. */
  swap() {
    [this.primary, this.standby] = [this.standby, this.primary];
    if (this.oneHost) for (const link of this.links("postgresA")) link.target = this.primary.port;
  }

  /** Makes the one that died a standby of the other. */
  async rebuildStandby() {
    const { name, port } = this.standby;
    this.standby = await Postgres.standbyOf(this.primary, name, port);
    await this.primary.waitFor(this.standby);
  }

  async stop() {
    for (const link of this.links()) link.mend();
    await Promise.all(this.instances.filter((each) => each.isRunning).map((each) => each.stop()));
    await this.nginx.program.stop("SIGQUIT", 5_000);
    await this.redis.program.stop();
    await this.primary.waitFor(undefined);
    await sleep(100);
    await this.standby.program.stop("SIGQUIT");
    await this.primary.program.stop("SIGQUIT");
    for (const link of [...this.links(), this.standby.replication]) link?.close();
  }
}
