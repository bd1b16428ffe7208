// The operations pages: refresh what changed, local times, the hang-up button. Everything is readable
// without this script; it must never build page content of its own.

import { csrfHeaders } from "./csrf.js";
import { toldToLogIn } from "./login-over.js";

const main = document.querySelector("main");

/** Times below `root` as the reader's clock shows them. */
export function localTimes(root) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: "medium",
    timeStyle: "medium",
  });
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.textContent = format.format(new Date(time.dateTime));
  }
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (toldToLogIn(answer)) return void delete main.dataset.refreshS;
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("main");
  localTimes(fresh);
  const inUse = main.contains(document.activeElement) || main.querySelector("details[open]");
  if (!inUse && fresh.innerHTML !== main.innerHTML) main.replaceChildren(...fresh.childNodes);
  if (!fresh.dataset.refreshS) delete main.dataset.refreshS;
}

async function keepFresh() {
  while (main.dataset.refreshS) {
    await new Promise((wake) => setTimeout(wake, Number(main.dataset.refreshS) * 1000));
    if (document.hidden) continue;
    try {
      await refresh();
    } catch (error) {
      console.warn("refresh failed, trying again", error);
    }
  }
}

main.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-hangup]");
  if (!button || !confirm(button.dataset.ask)) return;
  button.disabled = true;
  const answer = await fetch(button.dataset.hangup, { method: "POST", headers: csrfHeaders() }).catch(() => null);
  if (!(answer && toldToLogIn(answer)) && !answer?.ok && answer?.status !== 404) alert(button.dataset.failed);
  button.blur();
});

localTimes(document);
keepFresh();
