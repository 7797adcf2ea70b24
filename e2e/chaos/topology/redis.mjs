// A private redis-server.
import { once } from "node:events";
import { connect } from "node:net";
import { freePort, need, Program, until } from "../processes.mjs";

export class Redis {
  static async start(name) {
    const redis = new Redis();
    redis.name = name;
    redis.port = await freePort();
    await redis.start();
    return redis;
  }

  async start() {
    const words = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
      "--maxmemory", "64mb", "--maxmemory-policy", "noeviction"];
    this.program = new Program(this.name, need("redis-server", "redis-server"), words);
    await until("redis starts", async () => (await this.ask("PING")) === "+PONG");
  }

  async kill() {
    await this.program.stop("SIGKILL");
  }

  freeze() {
    this.program.signal("SIGSTOP");
  }

  thaw() {
    this.program.signal("SIGCONT");
  }

  /** The first line of the answer to a command of plain words. */
  async ask(command) {
    return (await this.lines(command))[0];
  }

  /** How many listen to that channel. */
  async listeners(channel) {
    const [, , , count] = await this.lines(`PUBSUB NUMSUB ${channel}`);
    return Number(count?.slice(1));
  }

  /** The lines of a short answer. */
  async lines(command) {
    const socket = connect(this.port, "127.0.0.1");
    socket.setTimeout(2_000, () => socket.destroy(new Error("no answer from redis")));
    try {
      socket.write(`${command}\r\n`);
      const [data] = await once(socket, "data");
      return data.toString().split("\r\n");
    } finally {
      socket.destroy();
    }
  }
}
