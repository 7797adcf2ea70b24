// What was acknowledged, read back while nobody changes anything: through SQL, and through HTTP.
import { sleep } from "../processes.mjs";
import { hash } from "./model.mjs";

const by = (rows, name) => new Map(rows.map((row) => [row[name], row]));

/** Everything that the model holds against the rows. */
export async function checkRows(load) {
  const { model, topology } = load;
  const [grants, tokens, consents, clients, revoked, audit] = await Promise.all([
    topology.rows("select id, revoked_at from grants"),
    topology.rows("select hash, grant_id, generation, used_at from refresh_tokens"),
    topology.rows("select user_id, client_id, scope from consents"),
    topology.rows("select id, metadata from clients"),
    topology.rows("select jti from revoked_tokens"),
    topology.rows("select event, request_id from audit_events"),
  ]);
  checkFamilies(model, by(grants, "id"), tokens);
  checkConsents(model, consents);
  checkClients(model, by(clients, "id"));
  const dead = new Set(revoked.map(({ jti }) => jti));
  const now = Date.now() / 1000;
  for (const { jti, exp } of model.revokedAccess) {
    if (exp > now && !dead.has(jti)) model.once("lost", `the revocation of access token ${jti}`);
  }
  checkAudit(model, audit);
}

function checkFamilies(model, grants, tokens) {
  const stored = by(tokens, "hash");
  const count = new Map();
  for (const { grant_id } of tokens) count.set(grant_id, (count.get(grant_id) ?? 0) + 1);
  for (const family of model.families) {
    const grant = grants.get(family.grant);
    const { isDead } = family;
    if (!isDead && (!grant || grant.revoked_at !== null)) {
      model.once("lost", `grant ${family.grant}: ${grant ? "revoked" : "no row"}`);
    }
    if (isDead && family.offline && grant && grant.revoked_at === null) {
      model.once("lost", `the end of grant ${family.grant}`);
    }
    if (!grant) continue;
    const missing = family.refresh.filter((token) => !stored.has(hash(token)));
    if (missing.length > 0) model.once("lost", `${missing.length} refresh tokens of grant ${family.grant}`);
    const beyond = count.get(family.grant) - family.refresh.length;
    // A family that ended in the middle may have a successor that nobody heard of.
    if (beyond > 0 && !isDead) model.once("doubled", `grant ${family.grant} has ${beyond} refresh tokens too many`);
    const used = family.refresh.slice(0, -1).filter((token) => stored.get(hash(token))?.used_at === null);
    if (used.length > 0) model.once("lost", `${used.length} uses of refresh tokens of grant ${family.grant}`);
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

/** What must live is used, what must be dead presented, at every instance. */
export async function checkAnswers(load, { count = 24 } = {}) {
  const { model } = load;
  model.parked = model.parked.filter((family) => !family.isDead);
  for (const family of model.parked.slice(-count)) {
    await family.user.refresh(family);
    if (!family.isDead) await family.user.introspect(family);
  }
  for (const dead of model.buried(count)) {
    for (const { origin } of load.instances) await load.present(dead, origin);
  }
  const there = [...model.registrations].filter(([, { state }]) => state === "there").slice(-5);
  for (const [id, { uri, token, name }] of there) {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await load.users[0].insist("registration", uri, { headers });
    if (answer.status !== 200 || answer.body?.client_name !== name) {
      model.fault("lost", `registration of ${id}: ${answer.status} ${answer.text.slice(0, 200)}`);
    }
  }
}
