// Servers that a test file starts for itself: the real binary over a throw-away folder, with a real
// SMTP server beside it, and the command line to make people and clients.
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { world } from "../../clients/support/world.mjs";
import { Callback } from "./client.mjs";
import { Mails } from "./mails.mjs";

const work = process.env.E2E_WORK;
const run = promisify(execFile);
const here = import.meta.dirname;
let made = 0;

/** A port that nobody listens on at this moment. */
export async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  return port;
}

/** Words that must never appear in a log: `logs.mjs` looks for them. */
export function keepOutOfLogs(secret) {
  appendFileSync(join(work, "secrets"), `${secret}\n`);
}

/** Starts a program with its own log, and stops it again. */
class Program {
  constructor(name, command, words, options) {
    const log = createWriteStream(join(work, `${name}.log`), { flags: "a" });
    this.name = name;
    this.child = spawn(command, words, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    // For e2e/run, should this process be killed.
    appendFileSync(join(work, "pids"), `${this.child.pid}\n`);
    this.child.stdout.pipe(log);
    this.child.stderr.pipe(log);
    this.ended = once(this.child, "exit");
  }

  get isRunning() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async stop(signal = "SIGTERM") {
    if (this.isRunning) this.child.kill(signal);
    await this.ended;
  }
}

/** aiosmtpd, writing every message to a folder. */
export class SmtpServer {
  constructor(name, port) {
    Object.assign(this, { name, port, folder: join(work, `${name}.mails`) });
    mkdirSync(this.folder, { recursive: true });
  }

  async start() {
    const words = [join(here, "smtp_sink.py"), String(this.port), this.folder];
    this.program = new Program(this.name, world.python, words, {});
    const ready = once(this.program.child.stdout, "data");
    await Promise.race([ready, this.program.ended]);
    if (!this.program.isRunning) throw new Error(`${this.name} did not start; see its log`);
  }

  async kill() {
    await this.program.stop("SIGKILL");
  }
}

/** One server with its own database. `settings` are environment variables without their prefix. */
export class Server {
  static async start(name, { settings = {}, smtp = false } = {}) {
    made += 1;
    const unique = `${name}-${process.pid}-${made}`;
    const server = new Server();
    server.name = unique;
    server.folder = join(work, unique);
    mkdirSync(server.folder);
    const [port, smtpPort] = [await freePort(), await freePort()];
    server.issuer = `http://localhost:${port}`;
    const asked = {
      ISSUER: server.issuer,
      SERVER__LISTEN: `127.0.0.1:${port}`,
      DATA_DIR: join(server.folder, "data"),
      METRICS__LISTEN: "off",
      LOG__FORMAT: "json",
      DISPLAY_NAME: "Example ID",
      // All tests come from one address.
      LOCKOUT__IP_ATTEMPTS: "100000",
      ...settings,
    };
    if (smtp) {
      server.smtp = new SmtpServer(`${unique}-smtp`, smtpPort);
      await server.smtp.start();
      server.mails = new Mails(server.smtp.folder);
      asked.MAIL__SMTP_URL = `smtp://127.0.0.1:${smtpPort}`;
      asked.MAIL__FROM = "Example ID <id@example.com>";
    }
    const named = Object.entries(asked).map(([key, value]) => [`VESTIBULE__${key}`, value]);
    server.environment = { ...process.env, ...Object.fromEntries(named) };
    server.callback = new Callback();
    await server.callback.start();
    await server.#serve();
    return server;
  }

  async #serve() {
    const options = { cwd: this.folder, env: this.environment };
    this.program = new Program(this.name, world.binary, ["serve"], options);
    const until = Date.now() + 30_000;
    while (this.program.isRunning && Date.now() < until) {
      const answer = await fetch(`${this.issuer}/health/ready`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((again) => setTimeout(again, 50));
    }
    throw new Error(`${this.name} was not ready; see its log`);
  }

  async stop() {
    await this.program.stop();
    await this.smtp?.program.stop();
    this.callback.stop();
    const { exitCode } = this.program.child;
    if (exitCode !== 0) throw new Error(`${this.name} ended with ${exitCode}`);
  }

  /** Runs `vestibule …` beside the server; resolves to its JSON answer. */
  async vestibule(...words) {
    const options = { env: this.environment, cwd: this.folder };
    const { stdout } = await run(world.binary, [...words, "--json"], options);
    return stdout.trim() === "" ? undefined : JSON.parse(stdout);
  }

  #secretFile(secret) {
    keepOutOfLogs(secret);
    made += 1;
    const file = join(this.folder, `secret-${made}`);
    writeFileSync(file, secret, { mode: 0o600 });
    return file;
  }

  /** Makes an account that nobody else uses: tests do not meet each other. */
  async person(name = "Ana Example", { hash, words = [] } = {}) {
    made += 1;
    const [first] = name.toLowerCase().split(" ");
    const username = `${first}${process.pid}x${made}`;
    const person = { username, name, email: `${username}@people.example`, password: newPassword() };
    const { sub } = await this.vestibule("user", "create", "--username", username, "--email",
      person.email, "--email-verified", "--name", name,
      hash ? "--password-hash-file" : "--password-file", this.#secretFile(hash ?? person.password),
      ...words);
    return { ...person, sub };
  }

  /** Makes a client that browsers come back to at `this.callback`. */
  async client({ name, scope = "openid profile email offline_access", redirectUri, words = [] } = {}) {
    made += 1;
    const id = `app-${made}`;
    const secret = randomBytes(32).toString("base64url");
    const comesBackTo = redirectUri ?? `${this.callback.origin}/${id}`;
    await this.vestibule("client", "create", "--client-id", id, "--scope", scope,
      "--grant-type", "authorization_code", "--grant-type", "refresh_token",
      "--redirect-uri", comesBackTo, "--secret-file", this.#secretFile(secret),
      ...(name ? ["--name", name] : []), ...words);
    return { id, secret, name, redirect_uri: comesBackTo, issuer: this.issuer, callback: this.callback };
  }

  /** Changes rows behind the server's back: how tests let time pass. Resolves to a query's rows. */
  sql(statement, ...values) {
    // Leaves without closing, as a program does that is killed: nothing but the statement happens.
    return this.#database("os._exit(0)", statement, values);
  }

  /** The same as a program that opens the database, closes it, and cleans up after itself. */
  visit(statement, ...values) {
    return this.#database("db.close()", statement, values);
  }

  async #database(leave, statement, values) {
    const program = `import json, os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10)
with db:
    rows = db.execute(sys.argv[2], json.loads(sys.argv[3])).fetchall()
print(json.dumps(rows), flush=True)
${leave}`;
    const file = join(this.folder, "data", "vestibule.db");
    const { stdout } = await run(world.python, ["-c", program, file, statement, JSON.stringify(values)]);
    return JSON.parse(stdout);
  }
}

/** A password that every rule allows. */
export function newPassword() {
  const password = randomBytes(18).toString("base64url");
  keepOutOfLogs(password);
  return password;
}
