// HTTP as the virtual users speak it: every request has a deadline and is written down.
import http from "node:http";

/** How long any answer may take, in milliseconds: more than nginx waits for an instance. */
export const DEADLINE = 15_000;

/** No answer, or one that says "not now": the request may have been carried out or not. */
export class Unavailable extends Error {}

/** An answer that nothing excuses. */
export class Wrong extends Error {
  /** `pause`: how many seconds the server wants to hear nothing. */
  constructor(message, pause = 0) {
    super(message);
    this.pause = pause;
  }
}

/** The drills are over, or the load is. */
export class Stopped extends Error {}

/** Nobody may be left hanging, whatever the fault. */
class Hung extends Unavailable {}

const EXCUSED = new Set([502, 503, 504]);

/** Everything that was asked, in order of the answers. */
export class Journal {
  entries = [];
  /** Nobody asks any more. */
  isOver = false;

  note(entry) {
    this.entries.push(entry);
  }

  since(at) {
    return this.entries.filter((entry) => entry.until >= at);
  }
}

export class Http {
  /**
   * `address`: where this client calls from, for each user is somebody else to the server. Every
   * request has a connection of its own: nobody could tell a kept one that was just closed in its
   * idleness from an answer that was lost.
   */
  constructor(journal, address) {
    this.journal = journal;
    this.agent = new http.Agent({ keepAlive: false, localAddress: address });
  }

  /**
   * Resolves to the answer {status, headers, text}. Throws `Unavailable` for any 5xx and for none;
   * of what nothing excuses the journal has `bad`.
   */
  async ask(what, url, { method = "GET", headers = {}, form, json, unwritten = false } = {}) {
    if (this.journal.isOver) throw new Stopped();
    const entry = { what, at: Date.now() };
    try {
      const answer = await this.#send(new URL(url), method, headers, form, json);
      entry.status = answer.status;
      entry.via = answer.headers["x-upstream"];
      if (answer.status < 500) return answer;
      if (!EXCUSED.has(answer.status)) entry.bad = answer.headers["x-request-id"] ?? "?";
      // Whoever is turned away is told when to come again.
      if (answer.status === 503 && !answer.headers["retry-after"]) entry.bad = `${answer.headers["x-request-id"]} (no Retry-After)`;
      throw new Unavailable(String(answer.status));
    } catch (fault) {
      entry.error = fault.message;
      if (fault instanceof Hung) entry.bad = "none";
      throw fault;
    } finally {
      entry.until = Date.now();
      if (!unwritten || entry.bad) this.journal.note(entry);
    }
  }

  #send(url, method, headers, form, json) {
    const body = form ? new URLSearchParams(form).toString() : json ? JSON.stringify(json) : undefined;
    const type = form ? "application/x-www-form-urlencoded" : "application/json";
    const more = body === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const lost = (why) => reject(new Unavailable(why));
      const options = { host: "127.0.0.1", port: url.port, path: url.pathname + url.search, method,
        headers: { host: url.host, ...headers, ...more }, agent: this.agent };
      const request = http.request(options, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", (fault) => lost(fault.code ?? fault.message));
        response.on("aborted", () => lost("answer cut off"));
        response.on("end", () => {
          clearTimeout(late);
          resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString(), url });
        });
      });
      const late = setTimeout(() => {
        reject(new Hung(`no answer in ${DEADLINE / 1000} s`));
        request.destroy();
      }, DEADLINE);
      request.on("error", (fault) => {
        clearTimeout(late);
        lost(fault.code ?? fault.message);
      });
      request.end(body);
    });
  }
}
