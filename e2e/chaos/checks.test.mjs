// The checks see what goes wrong: each kind of loss and of doubling, in made-up rows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRows } from "./load/checks.mjs";
import { BOUND, Family, hash, Model } from "./load/model.mjs";

const jwt = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
const user = { sub: "u1" };
const client = { id: "app" };

/** A model with one of everything acknowledged, and the rows of a server that lost nothing. */
function world() {
  const model = new Model();
  const family = new Family(user, client, "openid offline_access");
  family.add({ refresh_token: "r1", access_token: jwt({ jti: "g1.0" }) });
  family.add({ refresh_token: "r2", access_token: jwt({ jti: "g1.1" }) });
  model.families.add(family);
  model.consents.set("u1 app", { state: "given", scope: "openid email" });
  model.consents.set("u1 other", { state: "none" });
  model.registrations.set("self", { state: "there", name: "now" });
  model.registrations.set("left", { state: "gone", name: "was" });
  model.revokedAccess.push({ jti: "g9.0", exp: Date.now() });
  model.audit("sign_in.ok", "q1");
  const rows = {
    grants: [{ id: "g1", revoked_at: null }],
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

test("what ended is presented once its time is over", () => {
  const { model, family } = world();
  model.end(family, "revoked", 1_000);
  assert.equal(model.buried(10, 1_000 + BOUND).length, 0);
  assert.equal(model.buried(10, 1_001 + BOUND).length, 3);
});
