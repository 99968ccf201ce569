// Everything here only makes quicker what works without it.
"use strict";
(() => {
  const rows = () => [...document.querySelectorAll("[data-rows] a.row")];
  const stored = { get: () => { try { return localStorage.getItem("keys") !== "off"; } catch { return true; } },
    set: (on) => { try { localStorage.setItem("keys", on ? "on" : "off"); } catch { /* it is kept for this page alone */ } } };
  let keysOn = stored.get();

  // Where focus is among the rows, or -1; `from` is where j and k begin.
  const move = (by) => {
    const all = rows();
    if (!all.length) return;
    const now = all.findIndex((row) => row.closest("tr").contains(document.activeElement));
    const next = now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + by, 0), all.length - 1);
    all[next].focus();
    all[next].closest("tr").scrollIntoView({ block: "nearest" });
  };
  const help = () => {
    const keys = document.getElementById("keys");
    if (!keys) return;
    keys.open = true;
    keys.scrollIntoView({ block: "nearest" });
    keys.querySelector("summary").focus();
  };
  const filter = () => document.querySelector("[data-filter]")?.focus();
  const acts = { j: () => move(1), k: () => move(-1), "/": filter, "?": help };

  document.addEventListener("keydown", (event) => {
    if (!keysOn || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const act = Object.hasOwn(acts, event.key) ? acts[event.key] : null;
    if (act) { event.preventDefault(); act(); }
  });

  // Keys of one letter can be turned off, for whoever speaks to their computer (WCAG 2.1.4).
  const button = document.querySelector("[data-keys]");
  if (button) {
    const show = () => { button.textContent = keysOn ? button.dataset.off : button.dataset.on; };
    button.hidden = false;
    button.addEventListener("click", () => { keysOn = !keysOn; stored.set(keysOn); show(); });
    show();
  }

  // A whole row leads where its link leads; text in it can still be marked.
  document.querySelector("[data-rows]")?.addEventListener("click", (event) => {
    if (event.target.closest("a, button, input") || String(getSelection())) return;
    event.target.closest("tr")?.querySelector("a.row")?.click();
  });

  // Filters apply at once, where the reader chose by pointer; by keyboard, on the button, so that arrows can look first.
  let pointed = false;
  document.addEventListener("pointerdown", () => { pointed = true; });
  document.addEventListener("keydown", () => { pointed = false; });
  document.querySelector("form.filters")?.addEventListener("change", (event) => {
    if (pointed) event.currentTarget.requestSubmit();
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "1";
    event.submitter?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
    document.querySelectorAll("[aria-busy]").forEach((one) => one.removeAttribute("aria-busy"));
  });

  // A file that is too large is told before it is sent.
  document.addEventListener("change", (event) => {
    const most = Number(event.target.dataset?.most || 0);
    if (event.target.type !== "file" || !most) return;
    const large = [...event.target.files].some((file) => file.size > most);
    event.target.setCustomValidity(large ? event.target.dataset.tooLarge : "");
    event.target.reportValidity();
  });

  document.querySelector("[data-focus]")?.focus();
})();
