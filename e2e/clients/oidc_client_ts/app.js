// A single-page app with `oidc-client-ts`, unmodified. The same page is where the browser comes back
// to: in the window, in a popup or in the library's hidden frame; which of them, the library knows.

// What the server's frame says of the session (OIDC Session Management §3.1).
window.said = [];
window.addEventListener("message", ({ data }) => window.said.push(data));

async function begin() {
  const name = sessionStorage.getItem("client") ?? "spa";
  const { [name]: settings } = await (await fetch("/spa/settings.json")).json();
  window.manager = new oidc.UserManager({
    ...settings,
    userStore: new oidc.WebStorageStateStore({ store: window.sessionStorage }),
    loadUserInfo: true,
    automaticSilentRenew: false,
    monitorSession: name === "watching",
    checkSessionIntervalInSeconds: 1,
  });
  window.manager.events.addUserSignedOut(() => { window.signedOut = true; });
  const answer = new URLSearchParams(location.search);
  if (!answer.has("state")) return;
  if (answer.has("code") || answer.has("error")) window.user = await window.manager.signinCallback();
  else window.left = await window.manager.signoutRedirectCallback();
}

window.ready = begin().then(() => ({}), (error) => ({ error: error.error ?? error.message }));
