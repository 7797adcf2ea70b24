// What the server acknowledged, and so what it may answer from then on. A request without an answer
// leaves both outcomes open until a later one tells.
import { createHash } from "node:crypto";

/**
 * With Redis, how long an instance may go by what it read of an access token (`redis.max_staleness`, in
 * topology/instance.mjs), in milliseconds. Without, and for codes, refresh tokens and sessions: no time.
 */
export const STALENESS = 2_000;

/** The key of its row, which begins with the second that the secret tells (docs/adr/0026). */
export function hash(secret) {
  const [second = ""] = /^[0-9a-f]{8}(?=[\w-]{43}$)/.exec(secret) ?? [];
  return second + createHash("sha256").update(secret).digest("hex");
}

/** The claims of a JWT, unverified: this is our own server's. */
export const claims = (jwt) => JSON.parse(Buffer.from(jwt.split(".")[1], "base64url").toString());

/** One sign-in at one client: a code and everything that came of it. */
export class Family {
  constructor(user, client, scope) {
    Object.assign(this, { user, client, scope, refresh: [], access: [], isDead: false, sessionEnded: false });
  }

  get offline() {
    return this.scope.includes("offline_access");
  }

  /** The tokens that no earlier answer gave, of answers to the same request; `began`: when it was sent. */
  add(answers, began = Date.now()) {
    const [tokens] = answers;
    this.refresh.push(tokens.refresh_token);
    this.access.push(...new Set(answers.map(({ access_token }) => access_token)));
    this.minted = began;
    this.idToken = tokens.id_token ?? this.idToken;
    this.grant = claims(tokens.access_token).jti.split(".")[0];
  }

  get latest() {
    return this.refresh.at(-1);
  }

  get latestAccess() {
    return this.access.at(-1);
  }
}

export class Model {
  /** `staleness`: for how long an access token may outlive its revocation, in milliseconds. */
  constructor(staleness) {
    this.staleness = staleness;
  }

  /** Faults of the server: {kind: lost | doubled | late | wrong, what, times}. */
  violations = [];
  families = new Set();
  /** Families of ended users' turns, which must still refresh. */
  parked = [];
  /**
   * What must not be accepted any more: {kind, client, since, why}, and its `token` (kinds "access" and
   * "refresh"), `form` ("code") or `cookies` ("session").
   */
  dead = [];
  /** Acknowledged acts that leave an audit row: {event, requestId}. */
  audits = [];
  /** `user client` → {state: "given" | "none", scope}. Absent: not known at this moment. */
  consents = new Map();
  /** Self-registered clients: id → {state: "there" | "gone", name, uri, token}. */
  registrations = new Map();
  /** Names of accounts that people made. */
  accounts = new Set();
  /** Whoever changed the password → when that was asked for. */
  passwords = new Map();
  /** `client sid` of sign-outs that clients must hear of. */
  signedOut = new Set();
  /** Acknowledged revocations of single access tokens. */
  revokedAccess = [];
  /** When the clocks last jumped; while they are about to, Infinity. */
  jumped = -Infinity;
  #told = new Set();

  fault(kind, what, times = 1) {
    this.violations.push({ kind, what, times, at: new Date().toISOString() });
  }

  /** A fault that every later look would find again: told once. */
  once(kind, what) {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.fault(kind, what);
  }

  audit(event, requestId) {
    if (requestId) this.audits.push({ event, requestId });
  }

  /** Whether clocks jumped since: then what was begun or minted at that time may be too old, or too young. */
  jumpedSince(at) {
    return this.jumped >= at;
  }

  /** The family ended: nothing of it is accepted from then on. */
  end(family, why, since = Date.now()) {
    if (family.isDead) return;
    Object.assign(family, { isDead: true, why });
    // Nobody said that what was refused once is over.
    if (why === "refused") return;
    const { client } = family;
    for (const token of family.access.slice(-3)) this.dead.push({ kind: "access", token, client, since, why });
    // The latest only: an older one tells of a theft, which ends the family anyhow.
    if (family.latest) this.dead.push({ kind: "refresh", token: family.latest, client, since, why });
    if (family.codeForm) this.dead.push({ kind: "code", form: family.codeForm, client, since, why });
  }

  /** The dead whose time is over. */
  #ready(now) {
    return this.dead.filter(({ kind, since }) => now - since > (kind === "access" ? this.staleness : 0));
  }

  /** Some of them; the latest are the likeliest to rise again. */
  buried(count, now = Date.now()) {
    const ready = this.#ready(now);
    const latest = ready.slice(-Math.ceil(count / 2));
    return [...new Set([...latest, ...sample(ready, Math.floor(count / 2))])];
  }

  /** Some of each kind that died between `from` and `to`. */
  buriedBetween(from, to, count, now = Date.now()) {
    const ready = this.#ready(now).filter(({ since }) => since >= from && since <= to);
    const kinds = new Set(ready.map(({ kind }) => kind));
    return [...kinds].flatMap((kind) => sample(ready.filter((each) => each.kind === kind), count));
  }

  consentKey(user, client) {
    return `${user.sub} ${client.id}`;
  }
}

/** At most `count` of them, in no order. */
function sample(list, count) {
  const left = [...list];
  const found = [];
  while (found.length < count && left.length > 0) {
    const at = Math.floor(Math.random() * left.length);
    found.push(left[at]);
    left[at] = left.at(-1);
    left.pop();
  }
  return found;
}
