// A browser reduced to what signing in needs: cookies, redirects, forms, meta refresh.
import { sleep } from "../processes.mjs";
import { Unavailable, Wrong } from "./http.mjs";

const STEPS = 25;

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#38": "&", "#60": "<", "#62": ">", "#34": '"', "#39": "'", "#x27": "'" };
const unescape = (text) => text.replace(/&(#?\w+);/g, (all, name) => ENTITIES[name] ?? all);
const attribute = (tag, name) => {
  const found = tag.match(new RegExp(`\\b${name}="([^"]*)"`));
  return found ? unescape(found[1]) : undefined;
};

/** The forms of a page: where they go, their fields, and the page's text of each. */
function forms(html) {
  return [...html.matchAll(/<form\b[^>]*>([\s\S]*?)<\/form>/g)].map(([all, inner]) => {
    const fields = {};
    for (const [tag] of inner.matchAll(/<input\b[^>]*>/g)) {
      const name = attribute(tag, "name");
      const box = attribute(tag, "type") === "checkbox";
      if (name && (!box || /\bchecked\b/.test(tag))) fields[name] = attribute(tag, "value") ?? "";
    }
    return { action: attribute(all.slice(0, all.indexOf(">") + 1), "action") ?? "", fields, inner };
  });
}

export class Browser {
  #cookies = new Map();

  /** `person`: {username, password}; `patience`: how long a request is tried again, in ms. */
  constructor(http, person, patience) {
    Object.assign(this, { http, person, patience });
  }

  /** All that it would send, as a header. */
  get cookies() {
    return [...this.#cookies].map((pair) => pair.join("=")).join("; ");
  }

  get isSignedIn() {
    return this.#cookies.has("__Host-vestibule-session");
  }

  forget() {
    this.#cookies.clear();
  }

  /** One request. A person whose page does not come presses "reload": it is sent again. */
  async send({ what, url, form }) {
    const end = Date.now() + this.patience;
    for (let tries = 1; ; tries += 1) {
      try {
        const headers = { accept: "text/html", cookie: this.cookies };
        if (form) headers.origin = url.origin;
        const answer = await this.http.ask(what, url, { method: form ? "POST" : "GET", headers, form });
        for (const line of answer.headers["set-cookie"] ?? []) this.#keep(line);
        return { ...answer, tries };
      } catch (fault) {
        if (!(fault instanceof Unavailable) || Date.now() > end) throw fault;
        await sleep(100 + Math.random() * 200);
      }
    }
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const at = pair.indexOf("=");
    if (attributes.some((each) => /^max-age=0$/i.test(each))) this.#cookies.delete(pair.slice(0, at));
    else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }

  /**
   * Walks from `start` until an address that begins with `end`; resolves to {url, steps}: what was
   * sent on the way, {what, status, requestId, tries} each.
   */
  async walk(start, end) {
    const steps = [];
    let next = { what: "authorize", url: new URL(start) };
    for (let step = 0; step < STEPS; step += 1) {
      if (next.url.href.startsWith(end)) return { url: next.url, steps };
      const answer = await this.send(next);
      const { status, headers, tries } = answer;
      steps.push({ what: next.what, status, tries, requestId: headers["x-request-id"], location: headers.location });
      // The password is right: somebody who is locked out all the same has been wronged.
      if (status === 429) throw new Wrong(`${next.what}: refused for ${headers["retry-after"]} s (429)`, Number(headers["retry-after"]));
      if (headers.location) next = { what: "page", url: new URL(headers.location, next.url) };
      else next = this.#answer(answer, next.url);
    }
    throw new Wrong(`no end after ${STEPS} steps; last at ${next.url.pathname}: ${JSON.stringify(steps.map(({ what, status }) => `${what} ${status}`))}`);
  }

  #answer({ text, status }, url) {
    const refresh = text.match(/<meta http-equiv="refresh" content="([^"]*)"/)?.[1];
    const target = refresh && unescape(refresh).match(/url=(.*)$/i)?.[1];
    if (target) return { what: "page", url: new URL(target, url) };
    for (const { action, fields, inner } of forms(text)) {
      const to = new URL(action, url);
      if ("password" in fields) return { what: "sign-in", url: to, form: { ...fields, ...this.person } };
      if (to.pathname === "/consent") return { what: "consent", url: to, form: { ...fields, decision: "allow" } };
      if (inner.includes('name="choice"')) return { what: "choice", url: to, form: { ...fields, choice: "continue" } };
      if (to.pathname === "/logout") return { what: "sign-out", url: to, form: { ...fields, decision: "allow" } };
    }
    const way = text.match(/<a class="button[^"]*" href="([^"]*)"/)?.[1];
    if (way && status < 400) return { what: "page", url: new URL(unescape(way), url) };
    const heading = text.match(/<h1>([\s\S]*?)<\/h1>/)?.[1].replace(/<[^>]*>/g, "").trim();
    const alert = text.match(/role="alert"[^>]*>([\s\S]*?)<\/p>/)?.[1].trim();
    throw new Wrong(`stuck at ${url.pathname} (${status}): ${heading ?? text.slice(0, 200)} ${alert ?? ""}`);
  }

  /** The form of a page that goes to `path` with these fields in it, among others. */
  async form(what, url, path, wanted = {}) {
    const page = await this.send({ what, url: new URL(url) });
    if (page.status !== 200) return { page };
    const found = forms(page.text).find(({ action, fields }) => new URL(action, url).pathname === path &&
      Object.entries(wanted).every(([name, value]) => fields[name] === value));
    return { page, form: found && { url: new URL(found.action, url), fields: found.fields } };
  }
}
