// The checks see what goes wrong: each kind of loss and of doubling, in made-up rows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRows } from "./load/checks.mjs";
import { Unavailable } from "./load/http.mjs";
import { Family, hash, Model, STALENESS } from "./load/model.mjs";
import { present } from "./load/present.mjs";

const jwt = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
const user = { sub: "u1" };
const client = { id: "app" };

const OFFLINE = "openid offline_access";
const ONLINE = "openid profile email";

/** A model with one of everything acknowledged, and the rows of a server that lost nothing. */
function world(scope = OFFLINE) {
  const model = new Model(STALENESS);
  const family = new Family(user, client, scope);
  family.codeForm = { code: "c1" };
  family.add([{ refresh_token: "r1", access_token: jwt({ jti: "g1.0" }) }]);
  family.add([{ refresh_token: "r2", access_token: jwt({ jti: "g1.1" }) }]);
  model.families.add(family);
  model.consents.set("u1 app", { state: "given", scope: "openid email" });
  model.consents.set("u1 other", { state: "none" });
  model.registrations.set("self", { state: "there", name: "now" });
  model.registrations.set("left", { state: "gone", name: "was" });
  model.revokedAccess.push({ jti: "g9.0", exp: Date.now() });
  model.audit("sign_in.ok", "q1");
  model.accounts.add("new");
  model.passwords.set("u1", 900_000);
  const rows = {
    grants: [{ id: "g1", session_id: "s1", revoked_at: null, session_ended_at: null }],
    browser_sessions: [{ id: "s1" }],
    users: [{ id: "u1", username: "old", password_changed_at: 901 }, { id: "u2", username: "new", password_changed_at: null }],
    refresh_tokens: [
      { hash: hash("r1"), grant_id: "g1", generation: 0, used_at: 5 },
      { hash: hash("r2"), grant_id: "g1", generation: 1, used_at: null },
    ],
    consents: [{ user_id: "u1", client_id: "app", scope: "openid email" }],
    clients: [{ id: "self", metadata: '{"client_name":"now"}' }],
    revoked_tokens: [{ jti: "g9.0" }],
    audit_events: [{ event: "sign_in.ok", request_id: "q1" }],
  };
  const topology = { rows: async (query) => rows[query.match(/from (\w+)/)[1]] };
  return { model, family, rows, load: { model, topology } };
}

const kinds = async ({ load, model }) => {
  await checkRows(load);
  return model.violations.map(({ kind }) => kind);
};

test("a server that keeps everything has no fault", async () => {
  assert.deepEqual(await kinds(world()), []);
});

const losses = {
  "a grant": ({ rows }) => rows.grants.pop(),
  "a grant that was revoked by nobody": ({ rows }) => (rows.grants[0].revoked_at = 1),
  "a refresh token": ({ rows }) => rows.refresh_tokens.pop(),
  "the use of a refresh token": ({ rows }) => (rows.refresh_tokens[0].used_at = null),
  "a revocation": ({ model, family }) => model.end(family, "revoked"),
  "a revocation without offline_access": ({ model, family }) => {
    family.scope = ONLINE;
    model.end(family, "revoked");
  },
  "the end of a session": ({ family, rows }) => {
    family.sessionEnded = true;
    rows.grants[0].session_ended_at = 1;
  },
  "what a grant knows of the end of its session": ({ family, rows }) => {
    family.sessionEnded = true;
    rows.browser_sessions.pop();
  },
  "an account": ({ rows }) => rows.users.pop(),
  "a new password": ({ rows }) => (rows.users[0].password_changed_at = 800),
  "the revocation of an access token": ({ rows }) => rows.revoked_tokens.pop(),
  "a consent": ({ rows }) => rows.consents.pop(),
  "a part of a consent": ({ rows }) => (rows.consents[0].scope = "openid"),
  "a withdrawal": ({ rows }) => rows.consents.push({ user_id: "u1", client_id: "other", scope: "openid" }),
  "a client": ({ rows }) => rows.clients.pop(),
  "the update of a client": ({ rows }) => (rows.clients[0].metadata = "{}"),
  "the removal of a client": ({ rows }) => rows.clients.push({ id: "left", metadata: "{}" }),
  "an audit row": ({ rows }) => rows.audit_events.pop(),
};
for (const [what, lose] of Object.entries(losses)) {
  test(`${what} that is lost is missed`, async () => {
    const made = world();
    lose(made);
    assert.ok((await kinds(made)).includes("lost"));
  });
}

test("a second successor and a second audit row are seen", async () => {
  const made = world();
  made.rows.refresh_tokens.push({ hash: "x", grant_id: "g1", generation: 2, used_at: null });
  made.rows.audit_events.push({ ...made.rows.audit_events[0] });
  assert.deepEqual(await kinds(made), ["doubled", "doubled"]);
});

test("a session that ended, and is no more, is no fault", async () => {
  for (const scope of [OFFLINE, ONLINE]) {
    const { rows, family, ...made } = world(scope);
    family.sessionEnded = true;
    rows.browser_sessions.pop();
    Object.assign(rows.grants[0], scope === OFFLINE ? { session_ended_at: 1 } : { revoked_at: 1 });
    if (scope === ONLINE) made.model.end(family, "signed out");
    assert.deepEqual(await kinds(made), []);
  }
});

test("a second successor is seen in a family that ended, unless it ended by a refusal", async () => {
  for (const [why, found] of [["revoked", ["doubled"]], ["refused", []]]) {
    const made = world();
    made.model.end(made.family, why);
    made.rows.grants[0].revoked_at = 1;
    made.rows.refresh_tokens.push({ hash: "x", grant_id: "g1", generation: 2, used_at: null });
    assert.deepEqual(await kinds(made), found, why);
  }
});

const kindsOf = (dead) => dead.map(({ kind }) => kind).sort();

test("what ended is presented: access tokens once their time is over, all else at once", () => {
  const { model, family } = world();
  model.end(family, "revoked", 1_000);
  assert.deepEqual(kindsOf(model.buried(20, 1_000)), []);
  assert.deepEqual(kindsOf(model.buried(20, 1_001)), ["code", "refresh"]);
  assert.deepEqual(kindsOf(model.buried(20, 1_001 + STALENESS)), ["access", "access", "code", "refresh"]);
});

test("without Redis nothing outlives its end", () => {
  const model = new Model(0);
  model.end(world().family, "revoked", 1_000);
  assert.deepEqual(kindsOf(model.buried(20, 1_001)), ["access", "access", "code", "refresh"]);
});

test("what died about a fault is presented after it, however much died since", () => {
  const model = new Model(0);
  for (let at = 0; at < 1_000; at += 1) model.dead.push({ kind: "refresh", since: at, client });
  const found = model.buriedBetween(100, 109, 24, 5_000);
  assert.deepEqual(found.map(({ since }) => since).sort(), Array.from({ length: 10 }, (_, at) => 100 + at));
});

// ---- what is presented ---------------------------------------------------------------------------

/** What presenting `dead` finds, if each address answers as `answers` says. */
async function presented(dead, answers) {
  const model = new Model(0);
  const http = { ask: async (_, url) => answers[new URL(url).pathname] };
  const load = { model, http, issuer: "http://localhost:80" };
  await present(load, { client: { ...client, redirect_uri: "https://app.example/cb" }, since: 0, why: "test", ...dead }, "http://127.0.0.1:81");
  return model.violations.map(({ kind }) => kind);
}

const to = (query) => ({ status: 303, headers: { location: `https://app.example/cb?${query}` }, text: "" });
const said = (status, body) => ({ status, headers: {}, text: JSON.stringify(body) });

test("a session, a code and tokens that are over are seen when they are accepted", async () => {
  const session = { kind: "session", cookies: "a=b" };
  assert.deepEqual(await presented(session, { "/authorize": to("error=login_required") }), []);
  assert.deepEqual(await presented(session, { "/authorize": to("code=x") }), ["late"]);
  assert.deepEqual(await presented(session, { "/authorize": to("error=consent_required") }), ["late"]);
  await assert.rejects(presented(session, { "/authorize": to("error=temporarily_unavailable") }), Unavailable);
  const code = { kind: "code", form: {} };
  assert.deepEqual(await presented(code, { "/token": said(400, { error: "invalid_grant" }) }), []);
  assert.deepEqual(await presented(code, { "/token": said(200, {}) }), ["doubled"]);
  await assert.rejects(presented(code, { "/token": said(400, { error: "invalid_request" }) }));
  const token = { kind: "access", token: "t" };
  const [off, on] = [said(200, { active: false }), said(200, { active: true })];
  assert.deepEqual(await presented(token, { "/introspect": off, "/userinfo": said(401, {}) }), []);
  assert.deepEqual(await presented(token, { "/introspect": on, "/userinfo": said(200, {}) }), ["late", "late"]);
  assert.deepEqual(await presented({ kind: "refresh", token: "t" }, { "/token": said(200, {}) }), ["late"]);
});
