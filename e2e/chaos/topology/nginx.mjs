// nginx in front of the instances, as deploy/nginx.conf has it, but for TLS and names.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, need, Program, until, work } from "../processes.mjs";
import { deployed, exchanged } from "./deployed.mjs";

function configuration({ folder, port, other }, ports) {
  let text = deployed("nginx.conf", ports);
  text = exchanged(text, /listen 80;/, `listen 127.0.0.1:${other};`);
  text = exchanged(text, /listen 443 ssl[^;]*;/, `listen 127.0.0.1:${port} backlog=1024;\n    add_header X-Upstream $upstream_addr always;`);
  text = text.replaceAll(/server_name [^;]*;/g, "server_name localhost;");
  const kept = text.split("\n").filter((line) => !/^\s*(ssl_|http2 |access_log |error_log )/.test(line));
  return `
daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log warn;
events { worker_connections 4096; }
http {
access_log off;
client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
${kept.join("\n")}
}
`;
}

export class Nginx {
  /** Whether it looks by itself which instances are ready. */
  asks = false;

  /** To be started once the instances are there: it would leave out those that are not. */
  static async at(name, port, ports) {
    const nginx = new Nginx();
    const folder = join(work, name);
    mkdirSync(folder);
    Object.assign(nginx, { port, folder, other: await freePort(), file: join(folder, "nginx.conf") });
    writeFileSync(nginx.file, configuration(nginx, ports));
    const words = ["-c", nginx.file, "-p", folder, "-e", join(folder, "error.log")];
    nginx.program = new Program(name, need("nginx", "nginx-light"), words);
    await until("nginx starts", async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok);
    return nginx;
  }

  /** Other instances from now on, as an operator changes them; requests under way are not disturbed. */
  async use(ports) {
    writeFileSync(this.file, configuration(this, ports));
    const workers = () => this.program.tree().slice(1);
    const before = workers();
    this.program.signal("SIGHUP");
    await until("nginx has new workers", () => workers().some((pid) => !before.includes(pid)));
    await until("nginx is done with the old instances", () => before.every((pid) => !workers().includes(pid)));
  }

  async stop() {
    await this.program.stop("SIGQUIT", 5_000);
  }
}
