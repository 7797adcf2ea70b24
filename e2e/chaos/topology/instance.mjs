// One `vestibule serve`, and the command line beside it.
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Ended, freePort, Program, until, work } from "../processes.mjs";

/** Settings of every drill: short waits, so that faults show soon, and limits beyond what is sent. */
const SETTINGS = {
  LOG__FORMAT: "json",
  DISPLAY_NAME: "Chaos ID",
  REGISTRATION__POLICY: "open",
  REGISTRATION__MAX_UNUSED: "100000",
  // Where clients are told of sign-outs.
  OUTBOUND__ALLOW_PRIVATE_ADDRESSES: "true",
  PASSWORD__MEMORY_KIB: "7168",
  PASSWORD__ITERATIONS: "5",
  LOCKOUT__IP_ATTEMPTS: "100000",
  LOCKOUT__CLIENT_ATTEMPTS: "1000000",
  // Never met, and counted all the same: in Redis, if there is one.
  RATE_LIMITS__AUTHORIZE: "1000000",
  RATE_LIMITS__TOKEN: "1000000",
  // Nobody's session gets too old to change a password, but by a jump of the clocks.
  ACCOUNTS__FRESH_SIGN_IN: "2h",
  LIFETIMES__AUTHORIZATION_CODE: "5m",
  // Longer than any fault: whoever lost the reply of a refresh asks again for as long as it takes.
  LIFETIMES__REFRESH_GRACE: "5m",
  SERVER__TRUSTED_PROXIES: "127.0.0.1",
  SERVER__WORKERS: "2",
  SERVER__SHUTDOWN_TIMEOUT: "15s",
  SERVER__DRAIN_DELAY: "2s",
  DATABASE__ACQUIRE_TIMEOUT: "2s",
  DATABASE__CONNECT_TIMEOUT: "2s",
  DATABASE__STATEMENT_TIMEOUT: "3s",
  DATABASE__POOL_SIZE: "8",
  REDIS__MAX_STALENESS: "2s",
};

/** Which settings a binary knows, by the name of their environment variable: versions differ. */
const known = new Map();
export function settingsOf(binary) {
  if (!known.has(binary)) {
    const example = execFileSync(binary, ["config", "example"], { encoding: "utf8" });
    const names = new Set();
    let section = "";
    for (const line of example.split("\n")) {
      section = line.match(/^\[(\w+)\]/)?.[1] ?? section;
      const key = line.match(/^(?:# )?(\w+) = /)?.[1];
      if (key) names.add([section, key].filter(Boolean).join("__").toUpperCase());
    }
    known.set(binary, names);
  }
  return known.get(binary);
}

export class Instance {
  /** `settings` on top of those of every drill; `wrap` is a program that starts the server. */
  constructor(name, binary, settings, { wrap = [], env = {} } = {}) {
    Object.assign(this, { name, binary, wrap, extra: env });
    this.folder = join(work, name);
    mkdirSync(this.folder, { recursive: true });
    this.settings = { ...SETTINGS, DATA_DIR: join(this.folder, "data"), ...settings };
  }

  static async make(name, binary, settings, options) {
    const instance = new Instance(name, binary, settings, options);
    instance.port = await freePort();
    instance.settings.SERVER__LISTEN = `127.0.0.1:${instance.port}`;
    instance.metricsPort = await freePort();
    instance.settings.METRICS__LISTEN = `127.0.0.1:${instance.metricsPort}`;
    return instance;
  }

  get environment() {
    const names = settingsOf(this.binary);
    const asked = Object.entries(this.settings).filter(([name]) => names.has(name));
    return { ...Object.fromEntries(asked.map(([name, value]) => [`VESTIBULE__${name}`, value])), ...this.extra };
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  get isRunning() {
    return this.program?.isRunning ?? false;
  }

  async start() {
    this.launch();
    await this.ready();
  }

  launch() {
    const [command, ...words] = [...this.wrap, this.binary, "serve"];
    this.program = new Program(this.name, command, words, { env: this.environment, cwd: this.folder });
  }

  async ready(ms = 30_000) {
    await until(`${this.name} is ready`, async () => {
      if (!this.isRunning) throw new Ended(`${this.name} ended: ${this.program.tail()}`);
      return (await fetch(`${this.origin}/health/ready`, { signal: AbortSignal.timeout(2_000) })).ok;
    }, ms);
  }

  /** Whether it says so now; one that does not listen yet is not. */
  async isReady() {
    const asked = fetch(`${this.origin}/health/ready`, { signal: AbortSignal.timeout(2_000) });
    return asked.then(({ ok }) => ok, () => false);
  }

  /** A figure that it tells of itself: the sum over those with these labels, 0 if there is none. */
  async figure(name, ...labels) {
    const answer = await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`, { signal: AbortSignal.timeout(2_000) });
    const lines = (await answer.text()).split("\n").filter((line) => line.match(/^\w+/)?.[0] === name);
    return lines.filter((line) => labels.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  async kill() {
    await this.program.stop("SIGKILL");
  }

  /** Ends it in good order. */
  async stop() {
    const { code } = await this.program.stop("SIGTERM");
    if (code !== 0) throw new Error(`${this.name} ended with ${code} after SIGTERM: ${this.program.tail(5)}`);
  }

  /** Runs `vestibule …` with the instance's settings (or others); resolves to its JSON answer. */
  vestibule(words, settings = {}) {
    const [command, ...rest] = [...this.wrap, this.binary, ...words, "--json"];
    const named = Object.entries(settings).map(([name, value]) => [`VESTIBULE__${name}`, value]);
    const env = { PATH: process.env.PATH, ...this.environment, ...Object.fromEntries(named) };
    return new Promise((resolve, reject) => {
      execFile(command, rest, { env, cwd: this.folder, timeout: 60_000 }, (fault, stdout, stderr) => {
        if (fault) reject(new Error(`vestibule ${words.join(" ")}: ${stderr || fault.message}`));
        else resolve(stdout.trim() === "" ? undefined : JSON.parse(stdout));
      });
    });
  }
}
