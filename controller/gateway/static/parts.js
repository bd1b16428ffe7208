// Keeps the parts of a page fresh that the server draws, `[data-part]`, and sends what its buttons ask for,
// `button[data-url]`. Everything is readable without this script; it makes no numbers of its own.

import { send } from "./campaigns-requests.js";
import { toldToLogIn } from "./login-over.js";
import { localTimes } from "./pages.js";

const main = document.querySelector("main");
const lost = document.getElementById("lost");
const told = document.getElementById("told");
let asked = 0; // answers to older questions are dropped

/** Replaces the parts that changed; what is focused or selected elsewhere stays as it is. */
function replaceParts(fresh) {
  for (const part of main.querySelectorAll("[data-part]")) {
    const now = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!now) continue;
    localTimes(now);
    if (now.innerHTML === part.innerHTML) continue;
    const scrolled = part.querySelector(".scroll")?.scrollTop ?? 0;
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    part.replaceChildren(...now.childNodes);
    if (scrolled) part.querySelector(".scroll")?.scrollTo({ top: scrolled });
    if (focused) (twin(part, focused) ?? part.closest("[tabindex]"))?.focus();
  }
}

function twin(part, focused) {
  const selector = focused.matches("a[href]") ? `a[href="${CSS.escape(focused.getAttribute("href"))}"]` : null;
  return selector ? part.querySelector(selector) : null;
}

/** Asks for the page again; false when the login is over, which is told then. Raises for no answer. */
export async function refresh() {
  const question = ++asked;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (toldToLogIn(answer)) return false;
  if (answer.status === 404) location.assign("/campaigns");
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (question === asked) replaceParts(page.querySelector("main"));
  return true;
}

/** Shows a text, or hides its place. */
export function say(place, text) {
  place.hidden = !text;
  if (place.textContent !== text) place.textContent = text;
}

/** Goes on until the login is over. */
export async function keepFresh() {
  for (let on = true; on; ) {
    await new Promise((wake) => setTimeout(wake, Number(main.dataset.pollMs)));
    if (document.hidden) continue;
    try {
      on = await refresh();
      say(lost, "");
    } catch (error) {
      console.warn("refresh failed, trying again", error);
      say(lost, main.dataset.lost);
    }
  }
}

/** Makes the buttons work. */
export function watchButtons() {
  main.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-url]");
    if (!button || (button.dataset.ask && !confirm(button.dataset.ask))) return;
    button.disabled = true;
    say(told, "");
    try {
      const body = JSON.parse(button.dataset.body ?? "{}");
      await send(button.dataset.url, { method: button.dataset.method ?? "POST", body });
      if (button.dataset.then) return location.assign(button.dataset.then);
      await refresh();
    } catch (error) {
      say(told, `${main.dataset.failed} ${error.message}`);
    } finally {
      button.disabled = false;
    }
  });
}
