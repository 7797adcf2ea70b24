// Reads what the servers logged during the tests: no panic, no error, and none of the secrets.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const work = process.argv[2];
const world = JSON.parse(readFileSync(process.env.E2E_WORLD, "utf8"));
const secrets = [world.user.password, world.other_user.password];
for (const client of Object.values(world.clients)) {
  if (client.secret) secrets.push(client.secret);
  if (client.private_jwk) secrets.push(client.private_jwk.d);
}
// Those of the accounts and clients that tests made for themselves.
const more = join(work, "secrets");
if (existsSync(more)) secrets.push(...readFileSync(more, "utf8").split("\n").filter(Boolean));

let faults = 0;
let lines = 0;
const fault = (message) => {
  faults += 1;
  console.error(`logs: ${message}`);
};

for (const file of readdirSync(work).filter((name) => name.endsWith(".log"))) {
  for (const line of readFileSync(join(work, file), "utf8").split("\n").filter(Boolean)) {
    lines += 1;
    const where = basename(file, ".log");
    if (/panicked at/.test(line)) fault(`${where}: ${line}`);
    if (/"level":"error"/i.test(line)) fault(`${where}: ${line}`);
    // Said without the line itself, or the secret would end up in this output too.
    if (secrets.some((secret) => line.includes(secret))) fault(`${where}: a secret was logged`);
    // Codes, tokens and assertions in full: 43 base64url characters, or a JWT.
    if (/eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/.test(line)) fault(`${where}: a JWT was logged`);
    // The secret of a link that a mail carries.
    if (/\/(verify|recover|unlock|freeze|undo-[a-z]+)\/[\w-]{43}/.test(line)) {
      fault(`${where}: the secret of a link was logged`);
    }
    if (/[?&](code|id_token_hint|state)=[\w-]{16,}/.test(line)) fault(`${where}: a query was logged`);
  }
}
console.log(`logs: ${lines} lines read, ${faults} faults`);
process.exit(faults === 0 ? 0 : 1);
