// The form of a campaign's settings: fields to the API's JSON. What may stand in them the server says.

import { send } from "./campaigns-requests.js";

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const parts = (text) => text.split(/[,，;；、\s]+/).filter(Boolean);

/** The settings that the form's fields say; `known` is what they were. */
export function settingsOf(fields, known) {
  const windows = DAYS.map((day) => [day, parts(fields.get(day))]).filter(([, hours]) => hours.length);
  const machine = fields.get("machine");
  return {
    bot: fields.get("bot"),
    caller_ids: parts(fields.get("caller_ids")),
    max_calls: Number(fields.get("max_calls")),
    calls_per_s: Number(fields.get("calls_per_s")),
    ring_s: Number(fields.get("ring_s")),
    region: fields.get("region").toUpperCase(),
    retry: { ...known.retry, max_tries: Number(fields.get("max_tries")) },
    machine,
    message: machine === "leave_message" ? fields.get("message") : "",
    windows: Object.fromEntries(windows),
  };
}

/** Makes a settings form work: it creates a campaign and goes there, or changes one. */
export function watchSettings(form) {
  const told = form.querySelector(".told");
  const message = form.querySelector("[data-only-machine]");
  form.elements.machine.addEventListener("change", () => {
    message.hidden = form.elements.machine.value !== message.dataset.onlyMachine;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = new FormData(form);
    const settings = settingsOf(fields, JSON.parse(form.dataset.settings));
    const creates = form.dataset.method === "POST";
    const body = creates ? { name: fields.get("name"), settings } : { settings };
    told.textContent = "";
    told.classList.remove("bad");
    try {
      const campaign = await send(form.dataset.settingsForm, { method: form.dataset.method, body });
      if (creates) location.assign(`/campaigns/${encodeURIComponent(campaign.id)}`);
      else told.textContent = form.dataset.saved;
    } catch (error) {
      told.textContent = error.message;
      told.classList.add("bad");
    }
  });
}
