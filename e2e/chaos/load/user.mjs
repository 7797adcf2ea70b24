// A virtual user: signs in at clients, uses what it gets in every way, and ends it in one of several.
// What each answer must be follows from the model; whatever else comes is a violation.
import { createHash } from "node:crypto";
import { sleep } from "../processes.mjs";
import { activity, changePassword, makeAccount } from "./account.mjs";
import { Browser } from "./browser.mjs";
import { Http, Stopped, Unavailable, Wrong } from "./http.mjs";
import { claims, Family } from "./model.mjs";
import { basic } from "./present.mjs";
import { chance, pick, random } from "./random.mjs";
import { register } from "./registration.mjs";

/** How long a user tries again what gets no answer: longer than any fault lasts. */
const PATIENCE = 90_000;
const SCOPES = ["openid profile email", "openid profile email offline_access"];

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
        this.turnBegan = Date.now();
        await this.turn();
      } catch (fault) {
        if (fault instanceof Stopped) return;
        if (fault instanceof Unavailable) this.wrong("wrong", `no answer for ${PATIENCE / 1000} s: ${fault.message}`);
        else if (fault instanceof Wrong) this.unless(this.model.jumpedSince(this.turnBegan), "wrong", fault.message);
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
    // What was given stays so. What was taken back may have been given again, unheard.
    for (const client of this.clients) {
      const key = this.model.consentKey(this, client);
      if (this.model.consents.get(key)?.state === "none") this.model.consents.delete(key);
    }
  }

  async turn() {
    if (chance(0.08)) await register(this);
    if (chance(0.03)) await makeAccount(this);
    const family = await this.signIn(pick(this.clients), pick(SCOPES));
    if (!family) return;
    if (chance(0.25)) await activity(this);
    if (chance(0.06)) await changePassword(this);
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

  /**
   * Asks until there is an answer; `tries` says whether an earlier one may have been carried out. `path`
   * is a path, an address, or what says which address it is by now.
   */
  async insist(what, path, options) {
    const end = Date.now() + PATIENCE;
    for (let tries = 1; ; tries += 1) {
      try {
        const url = typeof path === "function" ? path() : path;
        const answer = await this.http.ask(what, url.startsWith("http") ? url : this.url(url), options);
        return { ...answer, tries, requestId: answer.headers["x-request-id"], body: parse(answer.text) };
      } catch (fault) {
        if (!(fault instanceof Unavailable) || Date.now() > end) throw fault;
        await sleep(100 + Math.random() * 200);
      }
    }
  }

  post(what, path, client, form, more = {}) {
    return this.insist(what, path, { method: "POST", headers: { authorization: basic(client) }, form, ...more });
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
    const family = new Family(this, client, scope);
    const form = { grant_type: "authorization_code", code: answer.code, redirect_uri: client.redirect_uri, code_verifier: verifier };
    Object.assign(family, { codeForm: form, session: this.session });
    return chance(0.05) ? this.exchangeTwice(family) : this.exchange(family);
  }

  /** Holds what the pages asked against what was known. */
  #noteWalk({ asked, consented, knew, consent, key, scope, answer, silent }) {
    const { model } = this;
    if (knew && asked) this.wrong("lost", "signed in, and asked for the password again");
    if (asked) {
      this.sessionIsSure = true;
      this.sessionFamilies = [];
      this.session = { began: this.turnBegan };
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

  async exchange(family) {
    const began = Date.now();
    const answer = await this.post("code", "/token", family.client, family.codeForm);
    if (answer.status !== 200) {
      // Carried out without an answer, a code cannot be had again: the standard demands that.
      if (answer.tries === 1) this.#codeLost(answer);
      return undefined;
    }
    return this.#begin(family, answer, began);
  }

  #codeLost({ status, text }) {
    this.unless(this.model.jumpedSince(this.turnBegan), "lost", `a code that was just given: ${status} ${text}`);
  }

  #begin(family, { body }, began) {
    family.add([body], began);
    this.model.families.add(family);
    (this.sessionFamilies ??= []).push(family);
    return family;
  }

  /** A thief and the client at once, at two instances if there are two: one gets tokens, and these die. */
  async exchangeTwice(family) {
    const began = Date.now();
    const { instances } = this.world;
    const at = Math.floor(Math.random() * instances.length);
    // By its number: an instance may be replaced by another meanwhile. One that is away is nobody's fault.
    const ask = (offset) => this.post("code twice", () => `${instances[(at + offset) % instances.length].origin}/token`,
      family.client, family.codeForm, { unwritten: true });
    const answers = await Promise.all([ask(0), ask(1)]);
    const good = answers.filter(({ status }) => status === 200);
    if (good.length > 1) return this.wrong("doubled", "a code was honoured at two instances at once");
    const [refused] = answers.filter(({ status }) => status !== 200);
    if (good.length === 0) {
      if (answers.every(({ tries }) => tries === 1)) this.#codeLost(refused);
      return undefined;
    }
    this.#begin(family, good[0], began);
    return this.#replayed(family, refused, "code presented twice at once");
  }

  /** A code that comes again kills its grant, and somebody should hear of it; one that a jump made too old need not. */
  #replayed(family, { tries, requestId }, why) {
    if (this.model.jumpedSince(this.turnBegan)) return this.model.end(family, "refused");
    if (tries === 1) this.model.audit("authorization_code.replayed", requestId);
    return this.model.end(family, why);
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
    const began = Date.now();
    this.#successor(family, [await this.refreshOnce(family, family.latest)], began);
  }

  /** Two at a time with one token, as two tabs do: one successor for both. */
  async refreshTwice(family) {
    const token = family.latest;
    const began = Date.now();
    const both = [this.refreshOnce(family, token), this.refreshOnce(family, token)];
    this.#successor(family, await Promise.all(both), began);
  }

  #successor(family, answers, began) {
    const refused = answers.find(({ status }) => status !== 200);
    if (refused) {
      // Whoever comes again after a jump comes too late, as the server sees it.
      const again = answers.length > 1 || refused.tries > 1;
      const what = `a live refresh token (try ${refused.tries}): ${refused.status} ${refused.text}`;
      this.unless(again && this.model.jumpedSince(began), "lost", what);
      return this.model.end(family, "refused");
    }
    const successors = new Set(answers.map(({ body }) => body.refresh_token));
    if (successors.size > 1 || successors.has(family.latest)) this.wrong("doubled", "one refresh token, several successors");
    family.add(answers.map(({ body }) => body), began);
  }

  async userinfo(family) {
    const headers = { authorization: `Bearer ${family.latestAccess}` };
    const answer = await this.insist("userinfo", "/userinfo", { headers });
    if (answer.status === 200 && answer.body?.sub === this.sub) return;
    if (answer.status === 401 && this.model.jumpedSince(family.minted)) return;
    this.wrong("lost", `userinfo for a live token: ${answer.status} ${answer.text}`);
  }

  async introspect(family) {
    const answer = await this.post("introspect", "/introspect", family.client, { token: family.latestAccess });
    if (answer.body?.active === true && answer.body.sub === this.sub) return;
    if (answer.status === 200 && this.model.jumpedSince(family.minted)) return;
    this.wrong("lost", `introspection of a live token: ${answer.status} ${answer.text}`);
  }

  // ---- ends ------------------------------------------------------------------------------------

  /** Every instance hears of the token just before it dies, so that what they keep is put to the test. */
  async prime(family) {
    const ask = ({ origin }) => this.http.ask("prime", `${origin}/introspect`, {
      method: "POST", unwritten: true, form: { token: family.latestAccess }, headers: { authorization: basic(family.client) },
    });
    await Promise.allSettled(this.world.instances.map(ask));
  }

  async revoke(family) {
    if (chance(0.5)) await this.prime(family);
    const answer = await this.post("revoke", "/revoke", family.client, { token: family.latest });
    if (answer.status !== 200) return this.wrong("wrong", `revocation: ${answer.status} ${answer.text}`);
    this.#noteEnd("grant.revoked", answer);
    this.model.end(family, "revoked");
  }

  async revokeAccess(family) {
    await this.prime(family);
    const token = family.latestAccess;
    const answer = await this.post("revoke", "/revoke", family.client, { token });
    if (answer.status !== 200) return this.wrong("wrong", `revocation: ${answer.status} ${answer.text}`);
    this.#noteEnd("access_token.revoked", answer);
    this.model.dead.push({ kind: "access", token, client: family.client, since: Date.now(), why: "revoked alone" });
    this.model.revokedAccess.push(claims(token));
    // The grant lives on, and its refresh token with it.
    await this.refresh(family);
    await this.park(family);
  }

  /** What ended leaves an audit row; what a jump made too old was dead before, and leaves none. */
  #noteEnd(event, { tries, requestId }) {
    if (tries === 1 && this.model.notesEnds && !this.model.jumpedSince(this.turnBegan)) this.model.audit(event, requestId);
  }

  async signOut(family) {
    if (chance(0.5)) await this.prime(family);
    const url = new URL(this.url("/end_session"));
    url.search = new URLSearchParams({ id_token_hint: family.idToken, client_id: family.client.id,
      post_logout_redirect_uri: family.client.post_logout_redirect_uri });
    const { cookies } = this.browser;
    const { steps } = await this.browser.walk(url.href, family.client.post_logout_redirect_uri);
    // Whoever is asked first signs out by the form.
    const ending = steps.find(({ what }) => what === "sign-out") ?? steps[0];
    if (this.sessionIsSure) this.#noteEnd("session.signed_out", ending);
    this.sessionIsSure = false;
    const since = Date.now();
    this.model.dead.push({ kind: "session", cookies, client: family.client, since, why: "signed out" });
    for (const each of this.sessionFamilies ?? []) {
      this.model.signedOut.add(`${each.client.id} ${claims(each.idToken).sid}`);
      this.#sessionEnded(each, since);
    }
    this.sessionFamilies = [];
  }

  /** Without `offline_access` everything ends; with it the access tokens that name the session. */
  #sessionEnded(family, since) {
    family.sessionEnded = true;
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
    return this.#replayed(family, answer, "code replayed");
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
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
