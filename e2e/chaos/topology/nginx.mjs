// nginx in front of the instances: round robin, and an instance that fails is left out for a second.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { need, Program, until, work } from "../processes.mjs";

// `proxy_next_upstream` without `non_idempotent`: a POST that may have arrived is never sent twice,
// one that could not be sent goes to the next instance.
const configuration = (folder, port, ports) => `
daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log warn;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  upstream vestibule {
${ports.map((each) => `    server 127.0.0.1:${each} max_fails=1 fail_timeout=1s;`).join("\n")}
    keepalive 32;
  }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    keepalive_timeout 600s; keepalive_requests 10000000;
    location / {
      proxy_pass http://vestibule;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_connect_timeout 1s; proxy_send_timeout 5s; proxy_read_timeout 10s;
      proxy_next_upstream error timeout; proxy_next_upstream_timeout 5s;
      add_header X-Upstream $upstream_addr always;
    }
  }
}
`;

export class Nginx {
  /** To be started once the instances are there: it would leave out those that are not. */
  static async at(name, port, ports) {
    const nginx = new Nginx();
    Object.assign(nginx, { port });
    const folder = join(work, name);
    mkdirSync(folder);
    nginx.folder = folder;
    nginx.file = join(folder, "nginx.conf");
    writeFileSync(nginx.file, configuration(folder, port, ports));
    const words = ["-c", nginx.file, "-p", folder, "-e", join(folder, "error.log")];
    nginx.program = new Program(name, need("nginx", "nginx-light"), words);
    await until("nginx starts", async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok);
    return nginx;
  }

  /** Other instances from now on, as an operator changes them; requests under way are not disturbed. */
  async use(ports) {
    writeFileSync(this.file, configuration(this.folder, this.port, ports));
    const workers = () => this.program.tree().slice(1);
    const before = workers();
    this.program.signal("SIGHUP");
    await until("nginx has new workers", () => workers().some((pid) => !before.includes(pid)));
    await until("nginx is done with the old instances", () => before.every((pid) => !workers().includes(pid)));
  }
}
