// Comforts of the playground: every page works without this file.
"use strict";

// An answer in the fragment never reaches a server by itself: hand it over in the form, and take it
// out of the address, where it would be kept in the history.
for (const form of document.querySelectorAll("form[data-fragment]")) {
  const answer = location.hash.slice(1);
  if (!answer.includes("=")) continue;
  form.elements["pg.answer"].value = answer;
  history.replaceState(null, "", location.pathname);
  HTMLFormElement.prototype.submit.call(form);
}

// Exchange the code in place. A secret for HTTP Basic goes into the header, as the client registered.
for (const form of document.querySelectorAll("form[data-exchange]")) {
  const result = form.parentElement.querySelector("[data-exchange-result]");
  const part = (name) => result.querySelector(`[data-exchange-${name}]`);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    body.delete("csrf_token");
    for (const name of [...body.keys()]) if (!body.get(name)) body.delete(name);
    const headers = { accept: "application/json" };
    if (form.querySelector("[data-basic]") && body.has("client_secret")) {
      const encoded = (name) => new URLSearchParams([["", body.get(name)]]).toString().slice(1);
      headers.authorization = `Basic ${btoa(`${encoded("client_id")}:${encoded("client_secret")}`)}`;
      body.delete("client_id");
      body.delete("client_secret");
    }
    const show = (text, good) => {
      document.getElementById("exchange-json").textContent = text;
      part("good").hidden = !good;
      part("bad").hidden = good;
      result.hidden = false;
      result.focus();
    };
    let answer;
    try {
      const response = await fetch(form.action, { method: "POST", headers, body, credentials: "omit" });
      answer = await response.json();
      show(JSON.stringify(answer, null, 2), response.ok);
    } catch (fault) {
      return show(String(fault), false);
    }
    const page = answer.error_uri;
    part("error").hidden = !page;
    if (page) {
      const link = part("error").querySelector("a");
      const url = new URL(page, location.href);
      if (url.origin === location.origin) link.href = url.href;
    }
    const tokens = part("tokens");
    tokens.hidden = !(answer.id_token || answer.access_token);
    tokens.elements.id_token.value = answer.id_token ?? "";
    tokens.elements.access_token.value = answer.access_token ?? "";
  });
}
