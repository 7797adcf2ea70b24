// Comforts only: every page works without this file.
"use strict";

// Show the password while the button is pressed; hide it again before it is sent.
for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = button.parentElement.querySelector("input");
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.firstChild.data = shown ? button.dataset.hide : button.dataset.show;
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
