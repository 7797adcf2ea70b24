// What the server acknowledged, and so what it may answer from then on. A request without an answer
// leaves both outcomes open until a later one tells.
import { createHash } from "node:crypto";

/** How long after its acknowledgement something revoked may still be accepted, in milliseconds. */
export const BOUND = 2_000;

export const hash = (secret) => createHash("sha256").update(secret).digest("hex");

/** The claims of a JWT, unverified: this is our own server's. */
export const claims = (jwt) => JSON.parse(Buffer.from(jwt.split(".")[1], "base64url").toString());

/** One sign-in at one client: a code and everything that came of it. */
export class Family {
  constructor(user, client, scope) {
    Object.assign(this, { user, client, scope, refresh: [], access: [], isDead: false, isAlone: false });
  }

  get offline() {
    return this.scope.includes("offline_access");
  }

  /** The tokens of an answer that no earlier one gave. */
  add(tokens) {
    this.refresh.push(tokens.refresh_token);
    this.access.push(tokens.access_token);
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
  /** Faults of the server: {kind: lost | doubled | late | wrong, what, times}. */
  violations = [];
  families = new Set();
  /** Families of ended users' turns, which must still refresh. */
  parked = [];
  /** What must not be accepted any more: {kind, token, client, since}. */
  dead = [];
  /** Acknowledged acts that leave an audit row: {event, requestId}. */
  audits = [];
  /** `user client` → {state: "given" | "none", scope}. Absent: not known at this moment. */
  consents = new Map();
  /** Self-registered clients: id → {state: "there" | "gone", name, uri, token}. */
  registrations = new Map();
  /** `client sid` of sign-outs that clients must hear of. */
  signedOut = new Set();
  /** Acknowledged revocations of single access tokens. */
  revokedAccess = [];
  /** Whether clocks jump: then an access token may be refused at any time. */
  clocksJump = false;
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

  /** The family ended: nothing of it is accepted from then on. */
  end(family, why, since = Date.now()) {
    if (family.isDead) return;
    family.isDead = true;
    const { client } = family;
    for (const token of family.access.slice(-3)) this.dead.push({ kind: "access", token, client, since, why });
    // The latest only: an older one tells of a theft, which ends the family anyhow.
    if (family.latest) this.dead.push({ kind: "refresh", token: family.latest, client, since, why });
  }

  /** The dead whose time is over, some of them; the latest are the likeliest to rise again. */
  buried(count, now = Date.now()) {
    const ready = this.dead.filter(({ since }) => now - since > BOUND);
    const latest = ready.slice(-Math.ceil(count / 2));
    const others = Array.from({ length: Math.floor(count / 2) }, () => ready[Math.floor(Math.random() * ready.length)]);
    return [...new Set([...latest, ...others])].filter(Boolean);
  }

  consentKey(user, client) {
    return `${user.sub} ${client.id}`;
  }
}
