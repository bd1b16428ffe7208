// The form that imports a list: preview first, then import. Text of the file goes in as text only.

import { upload } from "./campaigns-requests.js";
import { element } from "./elements.js";

/** Makes the import form work; `refresh` shows the page's news. */
export function watchImport(form, refresh) {
  const words = JSON.parse(form.dataset.words);
  const told = form.querySelector(".told");
  const bar = form.querySelector("progress.upload");
  const shown = form.querySelector(".preview");
  const { preview, import: begin } = form.elements;

  function forget() {
    shown.hidden = true;
    shown.replaceChildren();
    begin.disabled = true;
  }

  async function sent(fields) {
    const body = new FormData(form);
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    preview.disabled = begin.disabled = true;
    bar.hidden = false;
    told.classList.remove("bad");
    told.textContent = words.uploading;
    try {
      return await upload(form.dataset.import, body, (percent) => {
        bar.value = percent;
        if (percent >= 100 && !fields.preview) told.textContent = words.importing;
      });
    } catch (error) {
      told.classList.add("bad");
      told.textContent = `${words.failed} ${error.message}`;
      return null;
    } finally {
      preview.disabled = false;
      bar.hidden = true;
    }
  }

  form.addEventListener("change", (event) => event.target.name !== "on_bad" && forget());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const looks = event.submitter !== begin;
    const answer = await sent(looks ? { preview: "1" } : {});
    if (!answer) return begin.toggleAttribute("disabled", shown.hidden);
    told.textContent = "";
    if (looks) {
      shown.replaceChildren(...previewOf(answer, words));
      shown.hidden = begin.disabled = false;
      shown.focus({ preventScroll: true });
    } else {
      form.reset();
      forget();
    }
    await refresh().catch((error) => console.warn("refresh failed", error));
  });
}

const BLANK = Object.freeze({ "\t": "Tab", " ": "␣" });

function previewOf(preview, words) {
  const fields = preview.columns.filter((column) => column.field);
  const how = `${words.encoding}: ${preview.encoding} · ${words.delimiter}: ${BLANK[preview.delimiter] ?? preview.delimiter}`;
  const heads = fields.map(({ title, field }) =>
    element("th", { children: [title, element("small", { className: "hint", text: ` → ${words[field] ?? field}` })] }),
  );
  const left = preview.columns.filter((column) => !column.field).map((column) => column.title);
  const rows = preview.rows.map((row) => rowOf(row, fields, words));
  const table = element("table", {
    children: [
      element("thead", {
        children: [element("tr", { children: [element("th", { className: "number", text: words.line }), ...heads] })],
      }),
      element("tbody", { children: rows }),
    ],
  });
  return [
    element("h3", { text: words.title }),
    element("p", { className: "hint", text: how }),
    ...(left.length ? [element("p", { className: "hint", text: `${words.left_out}: ${left.join(", ")}` })] : []),
    element("div", { className: "scroll", children: [table] }),
    element("p", { className: "hint", text: words.checked_later }),
  ];
}

function rowOf({ contact, refusal }, fields, words) {
  if (refusal) {
    const reason = words.reasons[refusal.reason] ?? refusal.reason;
    const told = `${refusal.number} – ${reason}: ${refusal.detail}`;
    const why = element("td", { className: "bad", text: told });
    why.colSpan = fields.length;
    return element("tr", { children: [element("td", { className: "number", text: refusal.line }), why] });
  }
  const cells = fields.map(({ field }) => element("td", { text: valueOf(contact, field) }));
  return element("tr", { children: [element("td", { className: "number", text: contact.line }), ...cells] });
}

function valueOf(contact, field) {
  if (field === "time_zone") return contact.time_zones.join(", ");
  if (field === "number" || field === "name" || field === "language") return contact[field];
  return contact.variables[field] ?? "";
}
