// A wire between two programs that can be cut: a TCP proxy of our own.
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { Transform } from "node:stream";

/** What a wire does to the bytes that go over it. */
const FINE = { refuse: false, freeze: false, delay: 0, rate: Infinity };

export class Link {
  #pairs = new Set();
  #mode = { ...FINE };

  static async to(port) {
    const link = new Link();
    link.target = port;
    link.server = createServer({ allowHalfOpen: true }, (near) => link.#join(near));
    await once(link.server.listen(0, "127.0.0.1"), "listening");
    link.port = link.server.address().port;
    link.server.unref();
    return link;
  }

  #join(near) {
    if (this.#mode.refuse) return near.resetAndDestroy();
    const far = connect({ port: this.target, host: "127.0.0.1", allowHalfOpen: true });
    const pair = [near, far];
    this.#pairs.add(pair);
    for (const socket of pair) socket.setNoDelay(true);
    // Whoever cannot be reached looks to the caller like a port that nobody listens on.
    const over = () => {
      if (!this.#pairs.delete(pair)) return;
      for (const socket of pair) socket.resetAndDestroy();
    };
    for (const socket of pair) socket.on("error", over);
    for (const socket of pair) socket.on("close", over);
    near.pipe(this.#filter()).pipe(far);
    far.pipe(this.#filter()).pipe(near);
  }

  /** Passes bytes on in order, each when its time has come. */
  #filter() {
    const link = this;
    return new Transform({
      async transform(chunk, _, done) {
        const { delay, rate } = link.#mode;
        const ms = delay + (rate === Infinity ? 0 : (chunk.length / rate) * 1000);
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
        while (link.#mode.freeze) await new Promise((resolve) => setTimeout(resolve, 20));
        done(null, chunk);
      },
    });
  }

  /** Ends every connection, as a firewall does that lost its memory: by RST. */
  cut() {
    for (const pair of this.#pairs) {
      this.#pairs.delete(pair);
      for (const socket of pair) socket.resetAndDestroy();
    }
  }

  /** Ends every connection and takes no new one. */
  refuse() {
    this.#mode.refuse = true;
    this.cut();
  }

  /** Every piece of data waits that long, in milliseconds. */
  slow(delay) {
    this.#mode.delay = delay;
  }

  /** At most that many bytes a second. */
  throttle(rate) {
    this.#mode.rate = rate;
  }

  /** Connections stay open and nothing arrives: a partition. */
  freeze() {
    this.#mode.freeze = true;
  }

  mend() {
    this.#mode = { ...FINE };
  }

  close() {
    this.refuse();
    this.server.close();
  }
}
