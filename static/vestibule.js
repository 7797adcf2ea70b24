// Comforts only: every page works without this file.
"use strict";

// Show the password while the button is pressed; hide it again before it is sent.
for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = button.parentElement.querySelector("input");
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = shown ? button.dataset.hide : button.dataset.show;
    button.setAttribute("aria-label", shown ? button.dataset.hideLabel : button.dataset.showLabel);
  };
  button.setAttribute("aria-controls", input.id);
  button.hidden = false;
  button.addEventListener("click", () => show(input.type === "password"));
  input.form.addEventListener("submit", () => show(false));
}

// Say when Caps Lock is on.
for (const note of document.querySelectorAll("[data-caps]")) {
  const input = note.closest(".field").querySelector("input");
  const check = (event) => {
    if (event.getModifierState) note.hidden = !event.getModifierState("CapsLock");
  };
  input.addEventListener("keydown", check);
  input.addEventListener("keyup", check);
  input.addEventListener("blur", () => { note.hidden = true; });
}

// Tick the rules that a new password keeps while it is typed, as far as they can be told here; the
// others are told when it is sent.
for (const list of document.querySelectorAll(".rules")) {
  const input = list.closest(".field").querySelector("input");
  const rules = [...list.querySelectorAll("[data-rule]")];
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const own = () => ["username", "email", "name"]
    .flatMap((name) => {
      const text = (input.form.elements[name]?.value ?? "").replace(/@[^@]*$/, "");
      return [text, ...text.split(/[\s._\-+'’]/)];
    })
    .map(fold)
    .filter((part) => [...part].length >= 4);
  const kept = {
    "password-rule-length": (typed) => {
      const count = [...typed.normalize("NFC")].length;
      return count >= input.minLength && count <= input.maxLength;
    },
    // Only the page that knows name and address can say yes.
    "password-rule-own": (typed) => {
      if (own().some((part) => fold(typed).includes(part))) return false;
      return input.form.elements.email ? true : undefined;
    },
  };
  const check = () => {
    for (const rule of rules) {
      const met = input.value && kept[rule.dataset.rule]?.(input.value);
      if (typeof met === "boolean") rule.dataset.met = String(met);
      else delete rule.dataset.met;
    }
  };
  input.form.addEventListener("input", check);
  check();
}

// Copy what a person may need to pass on.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  const said = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = said; }, 2000);
    } catch { /* The text can still be selected. */ }
  });
}

// One submit at a time. The button stays enabled, so that its value is sent and nobody is locked
// out: after five seconds, or on coming back, it works again.
for (const form of document.forms) {
  let busy = false;
  const rest = (state) => {
    busy = state;
    for (const button of form.querySelectorAll("[type=submit]")) {
      button.setAttribute("aria-disabled", String(state));
    }
  };
  form.addEventListener("submit", (event) => {
    if (busy) return event.preventDefault();
    rest(true);
    setTimeout(rest, 5000, false);
  });
  addEventListener("pageshow", () => rest(false));
}

// Times in the person's own zone.
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) {
    time.textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });
  }
}

// Hand the answer to the client (OAuth 2.0 Form Post Response Mode). A field may be called
// "submit" and hide the form's own method.
for (const form of document.querySelectorAll("form[data-autosubmit]")) {
  HTMLFormElement.prototype.submit.call(form);
}

// Go on once every app has heard that the person signed out (OIDC Front-Channel Logout), or has had
// its time: the page has loaded when its frames have.
for (const onward of document.querySelectorAll("a[data-onward]")) {
  const go = () => location.replace(onward.href);
  addEventListener("load", go);
  setTimeout(go, 4000);
}

// Passkeys (Web Authentication Level 3). The challenge stands in the page, the answer goes into a
// hidden field of the same form. Giving up is no error: the page says so and stays as it is.
let autofill = null;
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const say = (name, shown) => {
    const note = form.querySelector(`[data-passkey-${name}]`);
    if (note) note.hidden = !shown;
  };
  if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) {
    say("unavailable", true);
    continue;
  }
  form.hidden = false;
  const creates = form.dataset.passkey === "create";
  const options = () => {
    const { publicKey } = JSON.parse(form.dataset.options);
    return creates
      ? PublicKeyCredential.parseCreationOptionsFromJSON(publicKey)
      : PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
  };
  const hand = (credential) => {
    form.elements.credential.value = JSON.stringify(credential);
    HTMLFormElement.prototype.submit.call(form);
  };
  form.querySelector("[data-passkey-start]").addEventListener("click", async (event) => {
    if (autofill) autofill.abort();
    say("cancelled", false);
    try {
      const request = { publicKey: options() };
      hand(await (creates ? navigator.credentials.create(request) : navigator.credentials.get(request)));
    } catch {
      say("cancelled", true);
      event.target.focus();
    }
  });
  if ("conditional" in form.dataset) {
    PublicKeyCredential.isConditionalMediationAvailable?.().then(async (available) => {
      if (!available) return;
      autofill = new AbortController();
      const request = { publicKey: options(), mediation: "conditional", signal: autofill.signal };
      try {
        hand(await navigator.credentials.get(request));
      } catch { /* Another way was chosen. */ }
    });
  }
}
