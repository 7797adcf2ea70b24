// The clients' own servers: they hear of sign-outs (OpenID Connect Back-Channel Logout).
import { once } from "node:events";
import { createServer } from "node:http";
import { claims } from "./model.mjs";

export class Listener {
  /** `client sid` of every sign-out that a client was told of. */
  heard = new Set();

  static async start() {
    const listener = new Listener();
    listener.server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const token = new URLSearchParams(body).get("logout_token");
      if (token) {
        const { aud, sid } = claims(token);
        listener.heard.add(`${[aud].flat()[0]} ${sid}`);
      }
      response.writeHead(token ? 200 : 400, { "cache-control": "no-store" }).end();
    });
    await once(listener.server.listen(0, "127.0.0.1"), "listening");
    listener.server.unref();
    return listener;
  }

  /** Where a client is told. */
  address(id) {
    return `http://127.0.0.1:${this.server.address().port}/${id}`;
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }
}
