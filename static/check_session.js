// Tells a client's page whether who is signed in here has changed (OIDC Session Management §3.2,
// §3.3). The page asks with "client_id session_state", and is answered with one word.
"use strict";

const COOKIE = "__Host-vestibule-state=";

const browserState = () => {
  const pairs = document.cookie.split("; ").filter((pair) => pair.startsWith(COOKIE));
  return pairs.length === 1 ? pairs[0].slice(COOKIE.length) : "";
};

// Only the page that has this frame may ask (§3.2), and other frames of its site. A browser that does
// not say whose page that is lets only the page itself.
const mayAsk = (event) => {
  const above = location.ancestorOrigins;
  if (above && above.length > 0) return event.origin === above[0];
  return event.source === parent;
};

const digest = async (text) => {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const answer = async (event) => {
  const words = typeof event.data === "string" ? event.data : "";
  const gap = words.lastIndexOf(" ");
  const [hash, salt, more] = words.slice(gap + 1).split(".");
  if (gap < 1 || !hash || !salt || more !== undefined) return "error";
  const state = browserState();
  if (state === "") {
    // Without a cookie nobody is known here; "changed" sends the client to ask. One that the browser
    // hides would be hidden the next time too, and the client would ask for ever (§3.1).
    const hidden = document.hasStorageAccess && !(await document.hasStorageAccess());
    return hidden ? "error" : "changed";
  }
  const client = words.slice(0, gap);
  const expected = await digest(`${client} ${event.origin} ${state} ${salt}`);
  return expected === hash ? "unchanged" : "changed";
};

addEventListener("message", async (event) => {
  if (!event.source || event.origin === "null" || !mayAsk(event)) return;
  let word = "error";
  try {
    word = await answer(event);
  } catch { /* This browser cannot tell here. */ }
  event.source.postMessage(word, event.origin);
});
