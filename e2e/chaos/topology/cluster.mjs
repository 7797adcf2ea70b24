// Three instances behind a proxy, on PostgreSQL with a standby, and Redis; each instance reaches these
// over wires of its own, which can be cut. Reads that may lag go to the standby.
import { randomBytes } from "node:crypto";
import { freePort, sleep, until } from "../processes.mjs";
import { Haproxy } from "./haproxy.mjs";
import { Instance, settingsOf } from "./instance.mjs";
import { Link } from "./link.mjs";
import { Nginx } from "./nginx.mjs";
import { Pgbouncer } from "./pgbouncer.mjs";
import { Postgres } from "./postgres.mjs";
import { Redis } from "./redis.mjs";

const INSTANCES = 3;

export class Cluster {
  kind = "postgres";

  /**
   * `name` keeps its files apart; `oneHost`: failover moves an address, instead of
   * clients knowing two; `waits`: whether commits wait for the standby; `haproxy`: that is in front,
   * instead of nginx; `pgbouncer`: that is before the primary.
   */
  static async start(binary, { name = "cluster", oneHost = false, waits = true, haproxy = false, pgbouncer = false } = {}) {
    const cluster = new Cluster();
    Object.assign(cluster, { name, binary, oneHost });
    cluster.primary = await Postgres.init(`${name}-postgres-a`);
    cluster.standby = await Postgres.standbyOf(cluster.primary, `${name}-postgres-b`);
    if (waits) await cluster.primary.waitFor(cluster.standby);
    cluster.hasRedis = settingsOf(binary).has("REDIS__TIMEOUT") || settingsOf(binary).has("REDIS__POOL_SIZE");
    cluster.redis = await Redis.start(`${name}-redis`);
    if (pgbouncer) cluster.bouncer = await Pgbouncer.to(`${name}-pgbouncer`, cluster.primary);
    cluster.masterKey = randomBytes(32).toString("hex");
    cluster.instances = [];
    for (let at = 0; at < INSTANCES; at += 1) cluster.instances.push(await cluster.make(`${name}-${at + 1}`));
    const front = await freePort();
    cluster.issuer = `http://localhost:${front}`;
    for (const each of cluster.instances) {
      each.settings.ISSUER = cluster.issuer;
      // deploy/haproxy.cfg: longer than it needs to notice.
      if (haproxy) each.settings.SERVER__DRAIN_DELAY = "5s";
    }
    // A pooler may not wait for as long as a migration takes: that goes past it.
    if (pgbouncer) await cluster.vestibule("migrate", "up");
    // All at once: they agree on who makes the tables and the keys.
    for (const each of cluster.instances) each.launch();
    await Promise.all(cluster.instances.map((each) => each.ready(60_000)));
    const proxy = haproxy ? Haproxy : Nginx;
    cluster.proxy = await proxy.at(`${name}-proxy`, front, cluster.ports);
    return cluster;
  }

  async make(name, binary = this.binary) {
    const links = {
      postgresA: await Link.to(this.bouncer?.port ?? this.primary.port),
      postgresB: await Link.to(this.standby.port),
      redis: await Link.to(this.redis.port),
    };
    const settings = { ISSUER: this.issuer, KEYS__MASTER_KEY: this.masterKey,
      DATABASE__URL: this.#url(links.postgresA.port, links.postgresB.port),
      DATABASE__READ_URL: this.#readUrl(links.postgresA.port, links.postgresB.port) };
    if (this.bouncer) settings.DATABASE__TRANSACTION_POOLING = "true";
    if (this.hasRedis) settings.REDIS__URL = `redis://127.0.0.1:${links.redis.port}/0`;
    const instance = await Instance.make(name, binary, settings);
    instance.links = links;
    return instance;
  }

  #url(...ports) {
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join(",");
    if (this.oneHost || this.bouncer) return `postgres://vestibule@127.0.0.1:${ports[0]}/vestibule?connect_timeout=2`;
    return `postgres://vestibule@${hosts}/vestibule?target_session_attrs=read-write&connect_timeout=2`;
  }

  /** The standby, whichever of the two that is. */
  #readUrl(a, b) {
    const hosts = this.oneHost || this.bouncer ? `127.0.0.1:${b}` : `127.0.0.1:${a},127.0.0.1:${b}`;
    return `postgres://vestibule@${hosts}/vestibule?connect_timeout=2`;
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

  /** Until every instance reads from the standby; in how much time at most, is for the caller to say. */
  async replicaServes(ms) {
    await until("every instance reads from the standby", async () => {
      const told = this.instances.map((each) => each.figure("vestibule_database_replica_serving"));
      return (await Promise.all(told)).every((each) => each === 1);
    }, ms);
  }

  /** Until every instance has read something there. Needs the load. */
  async replicaIsRead(ms) {
    await until("every instance has read from the standby", async () => {
      const reads = this.instances.map((each) => each.figure("vestibule_database_jobs_total", 'pool="replica"'));
      return (await Promise.all(reads)).every((each) => each > 0);
    }, ms);
  }

  /** Until every instance counts in Redis, and hears there what others changed. Needs the load. */
  async redisIsUsed(ms) {
    const counted = () => Promise.all(this.instances.map((each) => each.figure("vestibule_rate_limit_counted_total", 'by="all"')));
    const before = await counted();
    await until("Redis is used by every instance", async () => {
      const breakers = await Promise.all(this.instances.map((each) => each.figure("vestibule_redis_breaker")));
      const listeners = await this.redis.listeners("vestibule:changed");
      const now = await counted();
      if (listeners === this.instances.length && breakers.every((each) => each === 0) && now.every((each, at) => each > before[at])) return true;
      throw new Error(`${listeners} listeners, breakers ${breakers}, counted ${before}, then ${now}`);
    }, ms);
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
    if (this.bouncer) this.bouncer.follow(this.primary);
    else if (this.oneHost) for (const link of this.links("postgresA")) link.target = this.primary.port;
    if (this.bouncer || this.oneHost) for (const link of this.links("postgresB")) link.target = this.standby.port;
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
    await this.proxy.stop();
    await this.bouncer?.program.stop("SIGTERM");
    await this.redis.program.stop();
    await this.primary.waitFor(undefined);
    await sleep(100);
    await this.standby.program.stop("SIGQUIT");
    await this.primary.program.stop("SIGQUIT");
    for (const link of [...this.links(), this.standby.replication]) link?.close();
  }
}
