// A person who stands by to take callers over from bots: the switch, and the card about the caller. All text
// is of callers and models, and goes in as text.

import { element } from "../elements.js";
import { show } from "../i18n.js";
import { clock } from "./person.js";

const MAX_LINES = 400;
const SPEAKERS = Object.freeze({ caller: "card_caller", bot: "card_bot", agent: "card_you" });

export class Agent {
  #parts;
  #sessionId = "";
  #language = "";
  #on = false;

  /** `standBy(on)` asks to come or go. */
  constructor(parts, standBy) {
    this.#parts = parts;
    parts.toggle.addEventListener("click", () => standBy(!this.#on));
    parts.close.addEventListener("click", () => this.#hide());
    this.standing({ on: false });
  }

  allow(on) {
    this.#parts.box.hidden = !on;
  }

  standing({ on }) {
    this.#on = on === true;
    this.#parts.toggle.setAttribute("aria-pressed", String(this.#on));
    this.#parts.toggle.classList.toggle("chosen", this.#on);
    show(this.#parts.toggleLabel, this.#on ? "standing_by" : "stand_by");
  }

  /** A bot hands a caller over: all that is known, before anybody says hello. */
  card({ session_id: id, caller, bot, language, summary, slots, lines }) {
    const { card, summary: words, about, slots: list, lines: said, outcome } = this.#parts;
    this.#sessionId = String(id ?? "");
    this.#language = language;
    words.textContent = String(summary ?? "");
    words.lang = about.lang = list.lang = String(language ?? "");
    about.textContent = [caller, bot].filter(Boolean).join(" · ");
    const known = Object.entries(slots ?? {});
    list.replaceChildren(...known.flatMap(([name, value]) => slot(name, value)));
    list.hidden = known.length === 0;
    said.replaceChildren(...(Array.isArray(lines) ? lines : []).map((line) => spoken(line, language)));
    outcome.textContent = "";
    card.hidden = false;
    said.scrollTop = said.scrollHeight;
  }

  /** The caller is ours: what is said from now on, we say. */
  kept({ session_id: id }) {
    if (id !== this.#sessionId) return;
    show(this.#parts.outcome, "card_kept");
  }

  /** What one of us two said. */
  line({ session_id: id, ...said }) {
    if (id !== this.#sessionId) return;
    const { lines } = this.#parts;
    lines.append(spoken(said, this.#language));
    if (lines.children.length > MAX_LINES) lines.firstElementChild.remove();
    lines.scrollTop = lines.scrollHeight;
  }

  /** The caller is back with the bot, or gone. */
  gone({ session_id: id }) {
    if (id !== this.#sessionId) return;
    show(this.#parts.outcome, "card_gone");
  }

  #hide() {
    this.#parts.card.hidden = true;
  }
}

function slot(name, value) {
  return [
    element("dt", { text: String(name).replaceAll("_", " ") }),
    element("dd", { text: String(value) }),
  ];
}

function spoken({ who, text, agent, at }, language) {
  const speaker = show(element("span", { className: "speaker" }), SPEAKERS[who] ?? "card_bot");
  const words = element("p", { text: String(text ?? ""), lang: language });
  const times = at ? [clock(at)] : [];
  const className = `row ${who === "caller" ? "caller" : "bot"} ${who === "agent" ? "agent" : ""}`.trim();
  return element("li", { className, children: [speaker, ...times, words] });
}
