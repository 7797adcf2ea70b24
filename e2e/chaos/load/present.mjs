// What ended, presented again at one instance.
import { Unavailable } from "./http.mjs";

/** `Authorization` of a client. */
export const basic = ({ id, secret }) => `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;

const WAYS = { access, refresh, code, session };

/** Notes in the load's model if `dead` (load/model.mjs) is accepted. Throws if there is no answer. */
export async function present({ http, model, issuer }, dead, origin) {
  const { kind, since, why } = dead;
  const asked = Date.now();
  const fail = (how, what = "late") => model.fault(what, `${kind} (${why}) ${how} ${asked - since} ms after its end at ${origin}`);
  await WAYS[kind]({ http, origin, issuer, fail }, dead);
}

const post = ({ http, origin }, what, path, client, form) =>
  http.ask(`dead ${what}`, origin + path, { method: "POST", headers: { authorization: basic(client) }, form, unwritten: true });

async function access(to, { token, client }) {
  const answer = await post(to, "introspect", "/introspect", client, { token });
  if (answer.status !== 200) throw new Error(`introspection: ${answer.status} ${answer.text}`);
  if (JSON.parse(answer.text).active) to.fail("is active");
  const headers = { authorization: `Bearer ${token}` };
  const info = await to.http.ask("dead userinfo", `${to.origin}/userinfo`, { headers, unwritten: true });
  if (info.status === 200) to.fail("opens userinfo");
  else if (info.status !== 401) throw new Error(`userinfo: ${info.status} ${info.text}`);
}

/** What the token endpoint says of a grant that is over, and nothing else. */
function refused(to, answer, how, kind) {
  if (answer.status === 200) to.fail(how, kind);
  else if (answer.status !== 400 || !answer.text.includes("invalid_grant")) throw new Error(`${answer.status} ${answer.text}`);
}

async function refresh(to, { token, client }) {
  const form = { grant_type: "refresh_token", refresh_token: token };
  refused(to, await post(to, "refresh", "/token", client, form), "refreshes");
}

async function code(to, { form, client }) {
  refused(to, await post(to, "code", "/token", client, form), "is honoured again", "doubled");
}

/** Whoever still has the cookies of a browser that was signed out is nobody (OpenID Connect Core §3.1.2.6). */
async function session(to, { cookies, client }) {
  const url = new URL(`${to.origin}/authorize`);
  url.search = new URLSearchParams({ client_id: client.id, response_type: "code", scope: "openid", prompt: "none",
    redirect_uri: client.redirect_uri, code_challenge_method: "S256", code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" });
  // Asked as if through the proxy: pages are shown at the issuer's address only.
  const headers = { cookie: cookies, host: new URL(to.issuer).host };
  const answer = await to.http.ask("dead session", url.href, { headers, unwritten: true });
  const said = answer.headers.location ? new URL(answer.headers.location, to.issuer).searchParams : new URLSearchParams();
  const error = said.get("error");
  if (error === "login_required") return;
  if (error === "temporarily_unavailable" || error === "server_error") throw new Unavailable(error);
  if (said.has("code") || error) to.fail(`is known (${error ?? "a code"})`);
  else throw new Error(`authorization: ${answer.status} ${answer.text.slice(0, 200)}`);
}
