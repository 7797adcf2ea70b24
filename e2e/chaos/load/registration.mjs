// Clients that register, rename and remove themselves (RFC 7591, RFC 7592).
import { chance, random } from "./random.mjs";

const SCOPE = "openid profile email offline_access";
const newName = () => `chaos ${random().slice(0, 8)}`;

/** `user` stands for a developer; what becomes of the client is chance. */
export async function register(user) {
  const { registrations } = user.model;
  const name = newName();
  const json = { client_name: name, redirect_uris: ["https://self.example/cb"], scope: SCOPE,
    grant_types: ["authorization_code", "refresh_token"] };
  const made = await user.insist("register", "/connect/register", { method: "POST", json });
  if (made.status !== 201) return user.wrong("wrong", `registration: ${made.status} ${made.text}`);
  const { client_id: id, registration_client_uri: uri, registration_access_token: token } = made.body;
  registrations.set(id, { state: "there", name, uri, token });
  user.model.audit("client.registered", made.requestId);
  const way = Math.random();
  if (way < 0.3) await rename(user, id, json);
  else if (way < 0.5) await unregister(user, id);
  return undefined;
}

async function rename(user, id, json) {
  const { registrations } = user.model;
  const { uri, token } = registrations.get(id);
  const name = newName();
  const options = { method: "PUT", json: { ...json, client_id: id, client_name: name }, headers: { authorization: `Bearer ${token}` } };
  registrations.get(id).state = "unknown";
  const answer = await user.insist("update", uri, options);
  if (answer.status === 200) {
    registrations.set(id, { state: "there", name, uri, token: answer.body.registration_access_token });
    user.model.audit("client.updated", answer.requestId);
  } else if (answer.tries === 1) {
    user.wrong("lost", `update of a client: ${answer.status} ${answer.text}`);
  }
  // Else an update without an answer took the old token away: nobody can look any more.
}

async function unregister(user, id) {
  const { registrations } = user.model;
  const { uri, token } = registrations.get(id);
  const headers = { authorization: `Bearer ${token}` };
  registrations.get(id).state = "unknown";
  const answer = await user.insist("unregister", uri, { method: "DELETE", headers });
  if (answer.status === 204 || (answer.status === 401 && answer.tries > 1)) registrations.get(id).state = "gone";
  else user.wrong("lost", `removal of a client: ${answer.status} ${answer.text}`);
  if (answer.status === 204) user.model.audit("client.deleted", answer.requestId);
}
