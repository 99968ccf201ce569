// Makes the page smoother where scripts run: what is pressed is answered in place, with focus and scroll kept, and said
// aloud. Everything works without it, by plain form posts.
"use strict";

(() => {
  const page = () => document.getElementById("page");
  const said = document.getElementById("said");
  let busy = null;
  let waiting = null;
  let ending = 0;

  function tell(text, seen) {
    said.classList.toggle("seen", seen);
    said.textContent = text;
  }

  function offerToCopy() {
    for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
  }

  async function copy(button) {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      // Older web views, and pages that are not on HTTPS.
      if (!document.execCommand("copy")) return;
    }
    button.textContent = button.dataset.copied;
    tell(button.dataset.copied, false);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    const link = event.target.closest('a[href^="#"]');
    const card = link && document.getElementById(link.hash.slice(1));
    if (card && card.tagName === "DETAILS") card.open = true;
  });

  function watchTheTime() {
    clearTimeout(ending);
    const { endsAt, ending: words } = page().dataset;
    if (!endsAt) return;
    const left = Date.parse(endsAt) - Date.now() - 120000;
    // A phone's clock may be wrong; one that is hours off is not asked.
    if (left > 0 && left < 3600000) ending = setTimeout(() => tell(words, true), left);
  }

  async function ask(address, body) {
    const answer = await fetch(address, { method: "POST", body, redirect: "error" });
    const html = (answer.headers.get("content-type") || "").startsWith("text/html");
    if (!html || answer.status >= 500) throw new Error(String(answer.status));
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  function show(next, pressed) {
    const before = page();
    const after = next.getElementById("page");
    const samePart = before.dataset.part === after.dataset.part;
    const top = pressed ? pressed.getBoundingClientRect().top : 0;
    const message = after.querySelector("[data-message]");
    if (samePart) {
      for (const details of before.querySelectorAll("details[id]")) {
        const same = after.querySelector(`#${CSS.escape(details.id)}`);
        if (same && !(message && same.contains(message))) same.open = details.open;
      }
    }
    document.documentElement.lang = next.documentElement.lang;
    document.title = next.title;
    before.replaceWith(document.adoptNode(after));
    // What was not done must be seen; what was done shows at the control itself.
    const refused = message && message.getAttribute("role") === "alert";
    const control = samePart && !refused && pressed && pressed.id && document.getElementById(pressed.id);
    if (control) {
      // What came in above must not move the switch away from under the finger.
      scrollBy(0, control.getBoundingClientRect().top - top);
      control.focus({ preventScroll: true });
    } else {
      const target = (samePart && message) || document.getElementById("h1");
      target.focus({ preventScroll: true });
      if (target === message) message.scrollIntoView({ block: "center" });
      else scrollTo(0, 0);
    }
    tell(message ? message.textContent : "", false);
    offerToCopy();
    watchTheTime();
  }

  async function go(address, body, pressed) {
    busy = pressed || said;
    if (pressed) pressed.setAttribute("aria-busy", "true");
    try {
      show(await ask(address, body), pressed);
      return true;
    } catch {
      tell(page().dataset.failed, true);
      return false;
    } finally {
      busy = null;
      if (pressed) pressed.removeAttribute("aria-busy");
      pressWhatWaited();
    }
  }

  // A switch that was pressed while another was being answered is pressed again, unless it means something else by now.
  function pressWhatWaited() {
    const then = waiting;
    waiting = null;
    const now = then && then.id && document.getElementById(then.id);
    if (now && now.value === then.value) now.click();
  }

  const filled = () => new URLSearchParams(new FormData(page()));

  document.addEventListener("submit", async (event) => {
    const pressed = event.submitter;
    if (!pressed || event.target !== page()) return;
    event.preventDefault();
    if (busy) {
      if (busy !== pressed) waiting = pressed;
      return;
    }
    const body = filled();
    if (pressed.name) body.append(pressed.name, pressed.value);
    const address = new URL(pressed.formAction);
    address.hash = "";
    // The phone's own way back leads through the parts that were looked at, not through what was decided on them.
    if ((await go(address, body, pressed)) && !pressed.name) history.pushState({ part: address.href }, "");
  });

  addEventListener("popstate", (event) => {
    // A link to a place on the page is no way back.
    if (!event.state && location.hash) return;
    if (page().tagName === "FORM" && !busy) go(event.state ? event.state.part : first, filled(), null);
  });

  const first = page().action;
  offerToCopy();
  watchTheTime();
})();
