// A virtual user: signs in at clients, uses what it gets in every way, and ends it in one of several.
// What each answer must be follows from the model; whatever else comes is a violation.
import { createHash, randomBytes } from "node:crypto";
import { sleep } from "../processes.mjs";
import { Browser } from "./browser.mjs";
import { Http, Unavailable, Wrong } from "./http.mjs";
import { claims, Family } from "./model.mjs";

/** How long a user tries again what gets no answer: longer than any fault lasts. */
const PATIENCE = 90_000;
const SCOPES = ["openid profile email", "openid profile email offline_access"];

const random = () => randomBytes(32).toString("base64url");
const chance = (share) => Math.random() < share;
const pick = (list) => list[Math.floor(Math.random() * list.length)];

/** The drills are over, or the load is. */
export class Stopped extends Error {}

export class User {
  constructor(world, person, clients, number) {
    Object.assign(this, { world, person, clients, model: world.model });
    this.sub = person.sub;
    this.http = new Http(world.journal, `127.1.${number >> 8}.${(number & 255) + 1}`);
    const { username, password } = person;
    this.browser = new Browser(this.http, { username, password }, PATIENCE);
  }

  url(path) {
    return this.world.issuer + path;
  }

  wrong(kind, what) {
    this.model.fault(kind, `${this.person.username}: ${what}`);
  }

  /** As `wrong`, unless something excuses it. */
  unless(excuse, kind, what) {
    if (!excuse) this.wrong(kind, what);
  }

  /** Turn after turn until the load ends. */
  async live() {
    for (;;) {
      try {
        await this.world.gate();
        await this.turn();
      } catch (fault) {
        if (fault instanceof Stopped) return;
        if (fault instanceof Unavailable) this.wrong("wrong", `no answer for ${PATIENCE / 1000} s: ${fault.message}`);
        else if (fault instanceof Wrong) this.unless(this.model.clocksJump, "wrong", fault.message);
        else throw fault;
        // Whatever it was about, a new browser knows nothing of it.
        this.#forget();
        await sleep(500 + Math.min(fault.pause ?? 0, 30) * 1000);
      }
    }
  }

  #forget() {
    this.browser.forget();
    this.sessionFamilies = [];
    this.sessionIsSure = false;
    for (const client of this.clients) this.model.consents.delete(this.model.consentKey(this, client));
  }

  async turn() {
    if (chance(0.08)) await this.register();
    const family = await this.signIn(pick(this.clients), pick(SCOPES));
    if (!family) return;
    const uses = 1 + Math.floor(Math.random() * 4);
    for (let use = 0; use < uses && !family.isDead; use += 1) {
      await this.world.gate();
      await this.use(family);
    }
    if (family.isDead) return;
    await this.world.gate();
    const way = Math.random();
    if (way < 0.25) await this.revoke(family);
    else if (way < 0.33) await this.revokeAccess(family);
    else if (way < 0.5) await this.signOut(family);
    else if (way < 0.65) await this.withdraw(family);
    else if (way < 0.72) await this.replayCode(family);
    else if (way < 0.79) await this.replayRefresh(family);
    else await this.park(family);
  }

  // ---- machine endpoints -----------------------------------------------------------------------

  /** Asks until there is an answer; `tries` says whether an earlier one may have been carried out. */
  async insist(what, path, options) {
    const end = Date.now() + PATIENCE;
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await this.http.ask(what, path.startsWith("http") ? path : this.url(path), options);
        return { ...answer, tries, requestId: answer.headers["x-request-id"], body: parse(answer.text) };
      } catch (fault) {
        if (!(fault instanceof Unavailable) || Date.now() > end) throw fault;
        await sleep(100 + Math.random() * 200);
      }
    }
  }

  post(what, path, client, form, origin = "") {
    const authorization = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}`;
    return this.insist(what, origin + path, { method: "POST", headers: { authorization }, form });
  }

  // ---- signing in ------------------------------------------------------------------------------

  authorizeUrl(client, scope, extra) {
    const url = new URL(this.url("/authorize"));
    url.search = new URLSearchParams({ client_id: client.id, response_type: "code", scope,
      redirect_uri: client.redirect_uri, code_challenge_method: "S256", ...extra });
    return url.href;
  }

  async signIn(client, scope) {
    const verifier = random();
    const state = random();
    const knew = this.browser.isSignedIn && this.sessionIsSure;
    const consents = this.model.consents;
    const key = this.model.consentKey(this, client);
    const consent = consents.get(key);
    // Whether anything is asked again decides what the server remembers.
    const silent = knew && consent && !scope.includes("offline_access") && chance(0.5);
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    const extra = { state, code_challenge: challenge, ...(silent && { prompt: "none" }) };
    const { url, steps } = await this.browser.walk(this.authorizeUrl(client, scope, extra), client.redirect_uri);
    const answer = Object.fromEntries(url.searchParams);
    if (answer.state !== state) return this.wrong("wrong", "an answer with another state");
    const asked = steps.find(({ what }) => what === "sign-in");
    const consented = steps.find(({ what }) => what === "consent");
    this.#noteWalk({ asked, consented, knew, consent, key, scope, answer, silent });
    if (!answer.code) {
      if (!silent) this.wrong("wrong", `no code but ${answer.error}: ${answer.error_description}`);
      return undefined;
    }
    return this.exchange(new Family(this, client, scope), { code: answer.code, verifier });
  }

  /** Holds what the pages asked against what was known. */
  #noteWalk({ asked, consented, knew, consent, key, scope, answer, silent }) {
    const { model } = this;
    if (knew && asked) this.wrong("lost", "signed in, and asked for the password again");
    if (asked) {
      this.sessionIsSure = true;
      this.sessionFamilies = [];
      if (asked.tries === 1 && this.browser.isSignedIn) model.audit("sign_in.ok", asked.requestId);
    }
    if (silent && answer.error === "login_required") this.wrong("lost", "signed in, and prompt=none says login_required");
    const covers = consent?.state === "given" && scope.split(" ").every((each) => consent.scope.includes(each));
    if (covers && !scope.includes("offline_access") && (consented || answer.error === "consent_required")) {
      this.wrong("lost", `a consent that was given (${consent.scope}) is asked for again`);
    }
    if (consent?.state === "none" && answer.code && !consented) this.wrong("late", "no consent, and a code without asking");
    if (consented) {
      const before = consent?.state === "given" ? consent.scope : "";
      model.consents.set(key, { state: "given", scope: [...new Set(`${before} ${scope}`.trim().split(" "))].join(" ") });
      if (consented.tries === 1) model.audit("consent.given", consented.requestId);
    }
  }

  async exchange(family, { code, verifier }) {
    const { client } = family;
    const form = { grant_type: "authorization_code", code, redirect_uri: client.redirect_uri, code_verifier: verifier };
    family.codeForm = form;
    const answer = await this.post("code", "/token", client, form);
    if (answer.status !== 200) {
      // Carried out without an answer, a code cannot be had again: the standard demands that.
      if (answer.tries === 1) this.unless(this.model.clocksJump, "lost", `a code that was just given: ${answer.status} ${answer.text}`);
      return undefined;
    }
    family.add(answer.body);
    family.since = Date.now();
    this.model.families.add(family);
    (this.sessionFamilies ??= []).push(family);
    return family;
  }

  // ---- using tokens ----------------------------------------------------------------------------

  async use(family) {
    const way = Math.random();
    if (way < 0.35) await this.refresh(family);
    else if (way < 0.5) await this.refreshTwice(family);
    else if (way < 0.75) await this.userinfo(family);
    else await this.introspect(family);
  }

  refreshOnce(family, token) {
    return this.post("refresh", "/token", family.client, { grant_type: "refresh_token", refresh_token: token });
  }

  async refresh(family) {
    this.#successor(family, [await this.refreshOnce(family, family.latest)]);
  }

  /** Two at a time with one token, as two tabs do: one successor for both. */
  async refreshTwice(family) {
    const token = family.latest;
    this.#successor(family, await Promise.all([this.refreshOnce(family, token), this.refreshOnce(family, token)]));
  }

  #successor(family, answers) {
    const refused = answers.find(({ status }) => status !== 200);
    if (refused) {
      // Whoever comes again after a jump comes too late, as the server sees it.
      const again = answers.length > 1 || refused.tries > 1;
      const what = `a live refresh token (try ${refused.tries}): ${refused.status} ${refused.text}`;
      this.unless(this.model.clocksJump && again, "lost", what);
      return this.model.end(family, "refused");
    }
    const successors = new Set(answers.map(({ body }) => body.refresh_token));
    if (successors.size > 1 || successors.has(family.latest)) this.wrong("doubled", "one refresh token, several successors");
    family.add(answers[0].body);
  }

  async userinfo(family) {
    const headers = { authorization: `Bearer ${family.latestAccess}` };
    const answer = await this.insist("userinfo", "/userinfo", { headers });
    if (answer.status === 200 && answer.body?.sub === this.sub) return;
    if (answer.status === 401 && this.model.clocksJump) return;
    this.wrong("lost", `userinfo for a live token: ${answer.status} ${answer.text}`);
  }

  async introspect(family) {
    const answer = await this.post("introspect", "/introspect", family.client, { token: family.latestAccess });
    if (answer.body?.active === true && answer.body.sub === this.sub) return;
    if (answer.status === 200 && this.model.clocksJump) return;
    this.wrong("lost", `introspection of a live token: ${answer.status} ${answer.text}`);
  }

  // ---- ends ------------------------------------------------------------------------------------

  /** Every instance hears of the token just before it dies, so that what they keep is put to the test. */
  async prime(family) {
    const ask = ({ origin }) => this.http.ask("prime", `${origin}/introspect`, {
      method: "POST", unwritten: true, form: { token: family.latestAccess },
      headers: { authorization: `Basic ${Buffer.from(`${family.client.id}:${family.client.secret}`).toString("base64")}` },
    });
    await Promise.allSettled(this.world.instances.map(ask));
  }

  async revoke(family) {
    if (chance(0.5)) await this.prime(family);
    const answer = await this.post("revoke", "/revoke", family.client, { token: family.latest });
    if (answer.status !== 200) return this.wrong("wrong", `revocation: ${answer.status} ${answer.text}`);
    this.model.end(family, "revoked");
  }

  async revokeAccess(family) {
    await this.prime(family);
    const token = family.latestAccess;
    const answer = await this.post("revoke", "/revoke", family.client, { token });
    if (answer.status !== 200) return this.wrong("wrong", `revocation: ${answer.status} ${answer.text}`);
    this.model.dead.push({ kind: "access", token, client: family.client, since: Date.now(), why: "revoked alone" });
    this.model.revokedAccess.push(claims(token));
    // The grant lives on, and its refresh token with it.
    await this.refresh(family);
    await this.park(family);
  }

  async signOut(family) {
    if (chance(0.5)) await this.prime(family);
    const url = new URL(this.url("/end_session"));
    url.search = new URLSearchParams({ id_token_hint: family.idToken, client_id: family.client.id,
      post_logout_redirect_uri: family.client.post_logout_redirect_uri });
    await this.browser.walk(url.href, family.client.post_logout_redirect_uri);
    this.sessionIsSure = false;
    const since = Date.now();
    for (const each of this.sessionFamilies ?? []) {
      this.model.signedOut.add(`${each.client.id} ${claims(each.idToken).sid}`);
      this.#sessionEnded(each, since);
    }
    this.sessionFamilies = [];
  }

  /** Without `offline_access` everything ends; with it the access tokens that name the session. */
  #sessionEnded(family, since) {
    if (!family.offline) return this.model.end(family, "signed out", since);
    if (family.isDead) return undefined;
    const of = family.access.filter((token) => claims(token).sid);
    for (const token of of.slice(-2)) this.model.dead.push({ kind: "access", token, client: family.client, since, why: "session ended" });
    // Only what is minted from now on is good again.
    family.access = [];
    return this.#keep(family);
  }

  async withdraw(family) {
    const { client } = family;
    const key = this.model.consentKey(this, client);
    const { form } = await this.browser.form("apps", this.url("/account/apps"), "/account/apps", { client: client.id });
    if (!form) return this.wrong("lost", `${client.id} is not among the apps that may use the account`);
    this.model.consents.delete(key);
    const answer = await this.browser.send({ what: "withdraw", url: form.url, form: form.fields });
    const since = Date.now();
    if (answer.status !== 303) return this.wrong("wrong", `withdrawal: ${answer.status}`);
    if (answer.tries === 1) this.model.audit("consent.withdrawn", answer.headers["x-request-id"]);
    this.model.consents.set(key, { state: "none" });
    for (const each of this.model.families) {
      if (each.user === this && each.client === client) this.model.end(each, "consent withdrawn", since);
    }
    return undefined;
  }

  /** A code comes a second time: refused, and what it brought is dead. */
  async replayCode(family) {
    const answer = await this.post("replay", "/token", family.client, family.codeForm);
    if (answer.status === 200) return this.wrong("doubled", "a code was honoured twice");
    if (answer.tries === 1) this.model.audit("authorization_code.replayed", answer.requestId);
    return this.model.end(family, "code replayed");
  }

  /** A refresh token comes again after its successor was used: refused, and the family is dead. */
  async replayRefresh(family) {
    const old = family.latest;
    await this.refresh(family);
    if (!family.isDead) await this.refresh(family);
    if (family.isDead) return;
    const answer = await this.refreshOnce(family, old);
    if (answer.status === 200) return this.wrong("doubled", "a refresh token was honoured after its successor was used");
    if (answer.tries === 1) this.model.audit("refresh_token.reused", answer.requestId);
    this.model.end(family, "refresh token reused");
  }

  /** Leaves it as it is; later it must still be there. */
  async park(family) {
    if (!family.isDead) this.#keep(family);
  }

  #keep(family) {
    const { parked } = this.model;
    if (!parked.includes(family)) parked.push(family);
    return undefined;
  }

  // ---- clients that register themselves --------------------------------------------------------

  async register() {
    const { registrations } = this.model;
    const name = `chaos ${random().slice(0, 8)}`;
    const json = { client_name: name, redirect_uris: ["https://self.example/cb"], scope: SCOPES[1],
      grant_types: ["authorization_code", "refresh_token"] };
    const made = await this.insist("register", "/connect/register", { method: "POST", json });
    if (made.status !== 201) return this.wrong("wrong", `registration: ${made.status} ${made.text}`);
    const { client_id: id, registration_client_uri: uri, registration_access_token: token } = made.body;
    registrations.set(id, { state: "there", name, uri, token });
    this.model.audit("client.registered", made.requestId);
    const way = Math.random();
    if (way < 0.3) await this.rename(id, json);
    else if (way < 0.5) await this.unregister(id);
    return undefined;
  }

  async rename(id, json) {
    const { registrations } = this.model;
    const { uri, token } = registrations.get(id);
    const name = `chaos ${random().slice(0, 8)}`;
    const options = { method: "PUT", json: { ...json, client_id: id, client_name: name }, headers: { authorization: `Bearer ${token}` } };
    registrations.get(id).state = "unknown";
    const answer = await this.insist("update", uri, options);
    if (answer.status === 200) {
      registrations.set(id, { state: "there", name, uri, token: answer.body.registration_access_token });
      this.model.audit("client.updated", answer.requestId);
    } else if (answer.tries === 1) {
      this.wrong("lost", `update of a client: ${answer.status} ${answer.text}`);
    }
    // Else an update without an answer took the old token away: nobody can look any more.
  }

  async unregister(id) {
    const { registrations } = this.model;
    const { uri, token } = registrations.get(id);
    const headers = { authorization: `Bearer ${token}` };
    registrations.get(id).state = "unknown";
    const answer = await this.insist("unregister", uri, { method: "DELETE", headers });
    if (answer.status === 204 || (answer.status === 401 && answer.tries > 1)) registrations.get(id).state = "gone";
    else this.wrong("lost", `removal of a client: ${answer.status} ${answer.text}`);
    if (answer.status === 204) this.model.audit("client.deleted", answer.requestId);
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
