// The do-not-call page: its two forms. What may stand in them the server says.

import { send, upload } from "./campaigns-requests.js";
import { element } from "./elements.js";
import { keepFresh, refresh, watchButtons } from "./parts.js";

const main = document.querySelector("main");
const filled = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));

/** Sends a form by `how(form)` and tells what came of it; the answer, or null when it was refused. */
async function sent(form, how) {
  const told = form.querySelector(".told");
  const button = form.querySelector("button.main");
  told.classList.remove("bad");
  told.textContent = form.dataset.sending ?? "";
  button.disabled = true;
  try {
    const answer = await how(form);
    told.textContent = filled(form.dataset.told, answer);
    form.reset();
    await refresh();
    return answer;
  } catch (error) {
    told.classList.add("bad");
    told.textContent = `${main.dataset.failed} ${error.message}`;
    return null;
  } finally {
    button.disabled = false;
  }
}

function add(form) {
  const fields = new FormData(form);
  const days = fields.get("days") ? Number(fields.get("days")) : null;
  return send(form.dataset.add, { body: { number: fields.get("number"), reason: fields.get("reason"), days } });
}

/** The rows that were left out, as a table; text of the file goes in as text only. */
function refusals(rows, { line, why }) {
  const head = element("tr", { children: [line, why].map((text) => element("th", { text })) });
  const body = rows.map((row) =>
    element("tr", { children: [element("td", { text: row.line }), element("td", { text: row.detail })] }),
  );
  const parts = [element("thead", { children: [head] }), element("tbody", { children: body })];
  return element("table", { children: parts });
}

for (const form of main.querySelectorAll("form[data-add]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sent(form, add);
  });
}

for (const form of main.querySelectorAll("form[data-numbers]")) {
  const refused = document.getElementById("refused");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    refused.hidden = true;
    const answer = await sent(form, () => upload(form.dataset.numbers, new FormData(form), () => {}));
    if (!answer?.refusals.length) return;
    refused.replaceChildren(refusals(answer.refusals, form.dataset));
    refused.hidden = false;
  });
}

if (main.querySelector("form")) {
  watchButtons();
  keepFresh();
}
