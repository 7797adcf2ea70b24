// The constant load: people and clients are made, live, and can be told to stand still.
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sleep, work } from "../processes.mjs";
import { Http, Journal, Stopped, Unavailable } from "./http.mjs";
import { Listener } from "./listener.mjs";
import { Model, STALENESS } from "./model.mjs";
import { present } from "./present.mjs";
import { User } from "./user.mjs";

const SCOPE = "openid profile email offline_access";

/** Runs `make` for each number, some at a time; each is a process of its own. */
async function each(count, make) {
  const made = [];
  let next = 0;
  await Promise.all([0, 1, 2].map(async () => {
    while (next < count) {
      const at = next++;
      made[at] = await make(at);
    }
  }));
  return made;
}

export class Load {
  #standing = 0;
  #isHeld = false;

  /** `pause`: how long a user thinks between two requests' worth of work, in milliseconds. */
  static async prepare(topology, { users, pause }) {
    const load = new Load();
    const model = new Model(topology.hasRedis ? STALENESS : 0);
    // Version n may be one that wrote none.
    model.notesEnds = !topology.next;
    Object.assign(load, { topology, pause, journal: new Journal(), model, issuer: topology.issuer });
    load.folder = join(work, `secrets-${topology.kind}-${randomBytes(3).toString("hex")}`);
    mkdirSync(load.folder);
    load.listener = await Listener.start();
    const clients = await each(3, (at) => load.#client(`app-${at + 1}`));
    const people = await each(users, (at) => load.#person(`user${at + 1}`));
    load.users = people.map((person, at) => new User(load, person, clients, at + 1));
    load.http = new Http(load.journal, "127.1.255.1");
    return load;
  }

  get instances() {
    return this.topology.instances;
  }

  #file(name, secret) {
    const file = join(this.folder, name);
    writeFileSync(file, secret, { mode: 0o600 });
    return file;
  }

  async #person(username) {
    const password = randomBytes(18).toString("base64url");
    const { sub } = await this.topology.vestibule("user", "create", "--username", username, "--email",
      `${username}@people.example`, "--email-verified", "--password-file", this.#file(username, password));
    return { username, password, sub };
  }

  async #client(id) {
    const secret = randomBytes(32).toString("base64url");
    const home = `https://${id}.example`;
    await this.topology.vestibule("client", "create", "--client-id", id, "--scope", SCOPE,
      "--grant-type", "authorization_code", "--grant-type", "refresh_token",
      "--id-token-alg", "ES256", "--backchannel-logout-uri", this.listener.address(id),
      "--backchannel-logout-session-required",
      "--redirect-uri", `${home}/cb`, "--post-logout-redirect-uri", `${home}/out`,
      "--secret-file", this.#file(id, secret));
    return { id, secret, redirect_uri: `${home}/cb`, post_logout_redirect_uri: `${home}/out` };
  }

  start() {
    this.lives = Promise.all([...this.users.map((user) => user.live()), this.#watch()]);
    // A mistake of the drills themselves ends them; `settle` waits for this too.
    this.lives.catch((fault) => {
      console.error(fault);
      process.exit(70);
    });
  }

  /** Users pass here between two steps of theirs. */
  async gate() {
    if (this.journal.isOver) throw new Stopped();
    await sleep(this.pause * (0.5 + Math.random()));
    if (!this.#isHeld) return;
    this.#standing += 1;
    while (this.#isHeld && !this.journal.isOver) await sleep(20);
    this.#standing -= 1;
  }

  /** Resolves once every user stands still, with everything answered that was asked. */
  async hold(ms = 100_000) {
    this.#isHeld = true;
    const end = Date.now() + ms;
    while (this.#standing < this.users.length) {
      if (Date.now() > end) throw new Error(`${this.users.length - this.#standing} users are stuck`);
      await sleep(20);
    }
  }

  release() {
    this.#isHeld = false;
  }

  async end() {
    this.journal.isOver = true;
    await this.lives;
    for (const { http } of [...this.users, this]) http.agent.destroy();
    this.listener.stop();
  }

  /** Asks all the time, at every instance, for what must be dead. */
  async #watch() {
    while (!this.journal.isOver) {
      await sleep(this.pause);
      for (const dead of this.model.buried(4)) {
        for (const { origin } of this.instances) await this.present(dead, origin);
      }
    }
  }

  /**
   * Presents something dead at one instance: acceptance is never fine, no answer only while something is
   * broken, and not if `answers`.
   */
  async present(dead, origin, { answers = false } = {}) {
    try {
      await present(this, dead, origin);
    } catch (fault) {
      if (fault instanceof Stopped) return;
      const { kind, why } = dead;
      if (!(fault instanceof Unavailable)) this.model.fault("wrong", `${kind} (${why}) at ${origin}: ${fault.message}`);
      else if (answers) this.model.fault("wrong", `no answer to a dead ${kind} (${why}) at ${origin}: ${fault.message}`);
    }
  }
}
