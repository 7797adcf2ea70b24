// What people do with their accounts: make one, change the password, look at what happened.
import { Browser } from "./browser.mjs";
import { claims } from "./model.mjs";
import { random } from "./random.mjs";

/** The newest things that happened: read from the replica, if there is one. */
export async function activity(user) {
  const answer = await user.browser.send({ what: "activity", url: new URL(user.url("/account/activity")) });
  if (answer.status === 200) return;
  user.unless(user.model.jumpedSince(user.turnBegan), "wrong", `activity: ${answer.status} ${answer.headers.location ?? ""}`);
}

/** Another password: every other session of the person ends, and all that came of these. */
export async function changePassword(user) {
  const { model, browser } = user;
  const url = user.url("/account/password");
  const { page, form } = await browser.form("password page", url, "/account/password");
  // A jump may make the sign-in too old for that.
  if (!form) return user.unless(model.jumpedSince(user.session.began), "wrong", `no form for a password: ${page.status} ${page.headers.location ?? ""}`);
  const password = random();
  const asked = Date.now();
  // Until there is an answer nobody knows which of two is right.
  const fields = { ...form.fields, password: browser.person.password, new_password: password };
  const answer = await browser.send({ what: "password", url: form.url, form: fields });
  const isSaid = answer.headers.location?.includes("changed");
  // Carried out without an answer, it makes the present password a wrong one (422), or, if it happens while
  // that is looked at, sends back to the form.
  const isDone = isSaid || (answer.tries > 1 && (answer.status === 422 || answer.status === 303));
  if (!isDone) return user.wrong("wrong", `change of the password (try ${answer.tries}): ${answer.status} ${answer.headers.location ?? ""}`);
  const since = Date.now();
  browser.person.password = password;
  model.passwords.set(user.sub, asked);
  if (isSaid && answer.tries === 1) model.audit("password.changed", answer.headers["x-request-id"]);
  for (const family of model.families) {
    if (family.user !== user || family.session === user.session) continue;
    if (!family.sessionEnded) model.signedOut.add(`${family.client.id} ${claims(family.idToken).sid}`);
    family.sessionEnded = true;
    model.end(family, "password changed", since);
  }
  return undefined;
}

/** Somebody new: the form, the code in the mail, the account. */
export async function makeAccount(user) {
  const { model } = user;
  const username = `new-${random().slice(0, 12).toLowerCase().replace(/[^a-z0-9]/g, "x")}`;
  const email = `${username}@people.example`;
  const browser = new Browser(user.http, { username, password: random() }, user.browser.patience);
  const { page, form } = await browser.form("account form", user.url("/register"), "/register");
  if (!form) return user.wrong("wrong", `no form for an account: ${page.status}`);
  const sent = await browser.send({ what: "account", url: form.url, form: { ...form.fields, ...browser.person, email } });
  if (!sent.headers.location) return user.wrong("wrong", `account: ${sent.status} ${alert(sent.text)}`);
  const proof = await browser.form("account code form", new URL(sent.headers.location, user.world.issuer), "/register/verify");
  if (!proof.form) return user.wrong("wrong", `no form for the code: ${proof.page.status} ${alert(proof.page.text)}`);
  const mails = await user.insist("mailbox", "/dev/mailbox.json");
  const code = mails.body?.find?.(({ to }) => to === email)?.text.match(/\b\d{6}\b/)?.[0];
  // Only the newest are shown.
  if (!code) return undefined;
  const made = await browser.send({ what: "account code", url: proof.form.url, form: { ...proof.form.fields, code } });
  const isMade = made.status === 303;
  // A second time it is a code that was used: what became of the first is not said.
  if (!isMade && made.tries > 1) return undefined;
  if (!isMade) return user.wrong("wrong", `a right code: ${made.status} ${alert(made.text)}`);
  model.accounts.add(username);
  if (made.tries === 1) model.audit("account.registered", made.headers["x-request-id"]);
  return undefined;
}

const alert = (text) => text.match(/role="alert"[^>]*>([\s\S]*?)<\/(?:p|div)>/)?.[1].replace(/<[^>]*>/g, " ").trim() ?? "";
