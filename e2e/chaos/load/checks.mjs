// What was acknowledged, read back while nobody changes anything: through SQL, and through HTTP.
import { sleep } from "../processes.mjs";
import { hash } from "./model.mjs";

const by = (rows, name) => new Map(rows.map((row) => [row[name], row]));

/** Everything that the model holds against the rows. */
export async function checkRows(load) {
  const { model, topology } = load;
  const [grants, tokens, sessions, consents, clients, revoked, users, audit] = await Promise.all([
    topology.rows("select id, session_id, revoked_at, session_ended_at from grants"),
    topology.rows("select hash, grant_id, generation, used_at from refresh_tokens"),
    topology.rows("select id from browser_sessions"),
    topology.rows("select user_id, client_id, scope from consents"),
    topology.rows("select id, metadata from clients"),
    topology.rows("select jti from revoked_tokens"),
    topology.rows("select id, username, password_changed_at from users"),
    topology.rows("select event, request_id from audit_events"),
  ]);
  checkFamilies(model, by(grants, "id"), tokens);
  checkSessions(model, by(grants, "id"), new Set(sessions.map(({ id }) => id)));
  checkConsents(model, consents);
  checkClients(model, by(clients, "id"));
  const dead = new Set(revoked.map(({ jti }) => jti));
  const now = Date.now() / 1000;
  for (const { jti, exp } of model.revokedAccess) {
    if (exp > now && !dead.has(jti)) model.once("lost", `the revocation of access token ${jti}`);
  }
  checkAccounts(model, users);
  checkAudit(model, audit);
}

function checkFamilies(model, grants, tokens) {
  const stored = by(tokens, "hash");
  const count = new Map();
  for (const { grant_id } of tokens) count.set(grant_id, (count.get(grant_id) ?? 0) + 1);
  for (const family of model.families) {
    const grant = grants.get(family.grant);
    const { isDead } = family;
    // Of a family that was refused nobody said that it ended, nor how: a later answer may be missing.
    const isSure = family.why !== "refused";
    if (!isDead && (!grant || grant.revoked_at !== null)) {
      model.once("lost", `grant ${family.grant}: ${grant ? "revoked" : "no row"}`);
    }
    if (isDead && isSure && grant && grant.revoked_at === null) {
      model.once("lost", `the end of grant ${family.grant} (${family.why})`);
    }
    if (!grant) continue;
    const missing = family.refresh.filter((token) => !stored.has(hash(token)));
    if (missing.length > 0) model.once("lost", `${missing.length} refresh tokens of grant ${family.grant}`);
    const beyond = count.get(family.grant) - family.refresh.length;
    if (beyond > 0 && isSure) model.once("doubled", `grant ${family.grant} has ${beyond} refresh tokens too many`);
    const used = family.refresh.slice(0, -1).filter((token) => stored.get(hash(token))?.used_at === null);
    if (used.length > 0) model.once("lost", `${used.length} uses of refresh tokens of grant ${family.grant}`);
  }
}

/** A sign-out takes the session's row, and marks the grants that go on without it. */
function checkSessions(model, grants, sessions) {
  for (const family of model.families) {
    const grant = grants.get(family.grant);
    if (!family.sessionEnded || !grant) continue;
    if (sessions.has(grant.session_id)) model.once("lost", `the end of session ${grant.session_id}`);
    if (family.offline && grant.session_ended_at === null) {
      model.once("lost", `grant ${family.grant} does not know of the end of its session`);
    }
  }
}

function checkConsents(model, rows) {
  const stored = new Map(rows.map((row) => [`${row.user_id} ${row.client_id}`, row]));
  for (const [key, { state, scope }] of model.consents) {
    const row = stored.get(key);
    if (state === "none" && row) model.once("lost", `the withdrawal of consent ${key}`);
    if (state !== "given") continue;
    const has = row ? JSON.stringify(row.scope) : "";
    if (!scope.split(" ").every((each) => has.includes(each))) model.once("lost", `consent ${key}: ${scope}, stored ${has || "nothing"}`);
  }
}

function checkClients(model, rows) {
  for (const [id, { state, name }] of model.registrations) {
    const row = rows.get(id);
    if (state === "there" && !row) model.once("lost", `client ${id}`);
    if (state === "there" && row && !row.metadata.includes(name)) model.once("lost", `the update of client ${id}`);
    if (state === "gone" && row) model.once("lost", `the removal of client ${id}`);
  }
}

/** Clocks of instances may differ by so much, in seconds. */
const SKEW = 30;

/** Who made an account has it, and a changed password is noted. (That it opens the door, the next sign-in says.) */
function checkAccounts(model, rows) {
  const names = new Set(rows.map(({ username }) => username));
  for (const name of model.accounts) if (!names.has(name)) model.once("lost", `the account ${name}`);
  const stored = by(rows, "id");
  for (const [sub, asked] of model.passwords) {
    const changed = stored.get(sub)?.password_changed_at ?? 0;
    if (changed < asked / 1000 - SKEW && !model.jumpedSince(asked)) model.once("lost", `the new password of ${sub}`);
  }
}

function checkAudit(model, rows) {
  const count = new Map();
  for (const { event, request_id } of rows) {
    const key = `${event} ${request_id}`;
    count.set(key, (count.get(key) ?? 0) + 1);
  }
  for (const { event, requestId } of model.audits) {
    const found = count.get(`${event} ${requestId}`) ?? 0;
    if (found === 0) model.once("lost", `audit row ${event} of request ${requestId}`);
    if (found > 1) model.once("doubled", `audit row ${event} of request ${requestId}: ${found}`);
  }
}

/** How long after everything is well again a client may wait for word of a sign-out, in ms. */
const WORD = 15_000;

/** Every client heard of every sign-out: whoever had that work to do and died, another took it over. */
export async function checkWord({ model, listener }) {
  const missing = () => [...model.signedOut].filter((each) => !listener.heard.has(each));
  const end = Date.now() + WORD;
  while (missing().length > 0 && Date.now() < end) await sleep(100);
  for (const each of missing()) {
    if (listener.heard.has(each)) continue;
    model.fault("lost", `word of a sign-out (${each})`);
  }
  model.signedOut.clear();
}

/**
 * What must live is used, what must be dead presented, at every instance: of each kind `count` that died
 * between `from` and `to`, and as many others. Nothing is broken any more, so each gives an answer.
 */
export async function checkAnswers(load, { count, from, to }) {
  const { model } = load;
  model.parked = model.parked.filter((family) => !family.isDead);
  for (const family of model.parked.slice(-count)) {
    await family.user.refresh(family);
    if (!family.isDead) await family.user.introspect(family);
  }
  const dead = new Set([...model.buriedBetween(from, to, count), ...model.buried(count)]);
  await Promise.all(load.instances.map(async ({ origin }) => {
    for (const each of dead) await load.present(each, origin, { answers: true });
  }));
  const there = [...model.registrations].filter(([, { state }]) => state === "there").slice(-5);
  for (const [id, { uri, token, name }] of there) {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await load.users[0].insist("registration", uri, { headers });
    if (answer.status !== 200 || answer.body?.client_name !== name) {
      model.fault("lost", `registration of ${id}: ${answer.status} ${answer.text.slice(0, 200)}`);
    }
  }
}
