// A browser reduced to what signing in needs: cookies, redirects, forms, meta refresh.
import { parse } from "node-html-parser";
import { world } from "./world.mjs";

const STEPS = 20;

export class FormDriver {
  #cookies = new Map();

  /** Walks from an authorization (or logout) request to `redirectUri`; resolves to the URL there. */
  async walk(start, { redirectUri, decision = "allow", username, password } = {}) {
    const person = { username: username ?? world.user.username, password: password ?? world.user.password };
    let next = { url: new URL(start) };
    for (let step = 0; step < STEPS; step += 1) {
      if (next.url.href.startsWith(redirectUri)) return next.url;
      const response = await this.#send(next);
      const location = response.headers.get("location");
      if (location) {
        next = { url: new URL(location, next.url) };
        continue;
      }
      const page = parse(await response.text());
      next = this.#answer(page, next.url, { decision, person, redirectUri });
    }
    throw new Error(`no end after ${STEPS} steps; last at ${next.url}`);
  }

  async #send({ url, form }) {
    const headers = { accept: "text/html", cookie: this.#cookieHeader() };
    if (form) {
      headers["content-type"] = "application/x-www-form-urlencoded";
      headers.origin = url.origin;
    }
    const response = await fetch(url, {
      method: form ? "POST" : "GET",
      redirect: "manual",
      headers,
      body: form?.toString(),
    });
    if (response.status >= 500) throw new Error(`HTTP ${response.status} from ${url}`);
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  }

  // One host only, so no domains; localhost counts as secure, as it does in browsers.
  #keep(line) {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf("="));
    const gone = attributes.some((attribute) => /^max-age=0$/i.test(attribute));
    if (gone) this.#cookies.delete(name);
    else this.#cookies.set(name, pair.slice(pair.indexOf("=") + 1));
  }

  #cookieHeader() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  #answer(page, url, { decision, person, redirectUri }) {
    const refresh = page.querySelector('meta[http-equiv="refresh"]')?.getAttribute("content");
    const target = refresh?.match(/url=(.*)$/i)?.[1];
    if (target) return { url: new URL(target, url) };
    for (const form of page.querySelectorAll("form")) {
      const fields = new URLSearchParams();
      for (const input of form.querySelectorAll("input")) {
        fields.append(input.getAttribute("name") ?? "", input.getAttribute("value") ?? "");
      }
      const action = new URL(form.getAttribute("action") ?? "", url);
      if (action.href === redirectUri) {
        // response_mode=form_post: what would be posted, as a query.
        action.search = fields.toString();
        return { url: action };
      }
      if (fields.has("password")) {
        fields.set("username", person.username);
        fields.set("password", person.password);
        return { url: action, form: fields };
      }
      if (form.querySelector('button[name="decision"]')) {
        fields.set("decision", decision);
        return { url: action, form: fields };
      }
      if (form.querySelector('button[name="choice"]')) {
        fields.set("choice", "continue");
        return { url: action, form: fields };
      }
    }
    const way = page.querySelector("a.button")?.getAttribute("href");
    if (way) return { url: new URL(way, url) };
    throw new Error(`stuck at ${url}: ${page.querySelector("h1")?.text.trim() ?? "no heading"}`);
  }
}
