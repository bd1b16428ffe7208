// Shows the conversation: what the caller says (a guess first, then for good), what the bot says, the
// tools that ran, and what went wrong. Knows nothing of audio or of the protocol's order.

import { element } from "./elements.js";
import { show, text } from "./i18n.js";
import { agentWords, clock } from "./verto/person.js";

const FOLLOW_WITHIN_PX = 80;
const MAX_ROWS = 400;
const CJK = /[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]/;

export class Transcript {
  #list;
  #partial;
  #empty;
  #announcer;
  #box;
  #follows = true;
  #lang = "";
  #replies = new Map(); // reply id → {row, body, text, badge}

  constructor({ list, partial, empty, announcer }) {
    this.#list = list;
    this.#partial = partial;
    this.#empty = empty;
    this.#announcer = announcer;
    this.#box = list.parentElement;
    this.#box.addEventListener("scroll", () => this.#scrolled());
    new ResizeObserver(() => this.#follow()).observe(this.#box);
  }

  /** Begins a new conversation; `lang` is the one spoken, for screen readers. */
  reset(lang) {
    this.#lang = lang;
    this.#list.replaceChildren();
    this.#replies.clear();
    this.#empty.hidden = false;
    this.#follows = true;
    this.partial("");
  }

  partial(words) {
    this.#partial.hidden = !words;
    this.#partial.lastElementChild.textContent = words;
    this.#partial.lang = this.#lang;
    if (words) this.#follow();
  }

  final({ text: words, by }) {
    this.partial("");
    if (!words) return;
    const body = this.#words(words);
    const extra = by === "text" || by === "dtmf" ? [show(badge(), `by_${by}`)] : [];
    this.#append("caller", "you", [body, ...extra]);
    this.announce(text("said", { text: words }));
  }

  /** What the caller, or who took them over from the bot, said to the other. */
  person({ who, text: words, agent, at }) {
    const [speaker, params] = who === "agent" ? agentWords(agent) : ["you"];
    const kind = who === "agent" ? "bot agent" : "caller";
    this.#append(kind, speaker, [clock(at), this.#words(String(words ?? ""))], params);
  }

  /** A chunk of a reply; chunks of one reply make one paragraph. */
  reply({ reply_id: id, text: words, citations }) {
    const reply = this.#replies.get(id) ?? this.#newReply(id);
    reply.text = joined(reply.text, String(words ?? ""));
    reply.body.textContent = reply.text;
    this.#cite(reply, citations);
    this.#follow();
  }

  /** The caller cut this reply off after `playedMs` of its audio. */
  interrupted(id, playedMs) {
    const reply = this.#replies.get(id);
    if (!reply) return;
    reply.row.classList.add("interrupted");
    reply.badge ??= reply.row.appendChild(badge());
    show(reply.badge, "interrupted", { seconds: (playedMs / 1000).toFixed(1) });
  }

  /** The reply that was cut goes on after all. */
  resumed(id) {
    const reply = this.#replies.get(id);
    reply?.row.classList.remove("interrupted");
    reply?.badge?.remove();
    if (reply) reply.badge = null;
  }

  tool({ name, ok, result }) {
    const outcome = show(badge(ok ? "good" : "bad"), ok ? "tool_ok" : "tool_failed");
    const title = element("code", { text: String(name) });
    const json = JSON.stringify(result ?? {}, null, 2);
    const details = element("details", {
      children: [
        show(element("summary"), "tool_details"),
        element("pre", { text: json.length > 4000 ? `${json.slice(0, 4000)}…` : json }),
      ],
    });
    this.#append("tool", "tool", [title, outcome, details]);
    this.announce(`${text("tool")} ${name}: ${text(ok ? "tool_ok" : "tool_failed")}`);
  }

  notice(words, key = "") {
    const body = key ? show(element("p"), key) : element("p", { text: words });
    this.#append("notice", "notice", [body]);
    this.announce(body.textContent);
  }

  /** Says something to a screen reader only. */
  announce(words) {
    this.#announcer.textContent = words;
  }

  #newReply(id) {
    const body = this.#words("");
    const reply = { row: this.#append("bot", "bot", [body]), body, text: "", badge: null, sources: null };
    this.#replies.set(id, reply);
    return reply;
  }

  #cite(reply, citations) {
    if (!Array.isArray(citations) || citations.length === 0) return;
    if (!reply.sources) {
      reply.sources = element("ul");
      const title = show(element("summary"), "sources");
      reply.row.append(element("details", { children: [title, reply.sources] }));
    }
    const shown = new Set([...reply.sources.children].map((item) => item.textContent));
    for (const citation of citations.map(wordsOf)) {
      if (!shown.has(citation)) reply.sources.append(element("li", { text: citation }));
    }
  }

  #append(kind, speaker, children, params = {}) {
    const name = show(element("span", { className: "speaker" }), speaker, params);
    const row = element("li", { className: `row ${kind}`, children: [name, ...children] });
    this.#empty.hidden = true;
    this.#list.append(row);
    if (this.#list.children.length > MAX_ROWS) this.#list.firstElementChild.remove();
    this.#follow();
    return row;
  }

  #words(words) {
    return element("p", { text: words, lang: this.#lang });
  }

  /** Scrolls along, unless the person has scrolled up to read. */
  #follow() {
    if (this.#follows) this.#box.scrollTop = this.#box.scrollHeight;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    this.#follows = scrollHeight - scrollTop - clientHeight < FOLLOW_WITHIN_PX;
  }
}

const badge = (tone = "") => element("span", { className: `badge ${tone}`.trim() });

function joined(before, words) {
  const glued = !before || CJK.test(before.at(-1)) || CJK.test(words[0] ?? "") || /\s$/.test(before);
  return glued ? before + words : `${before} ${words}`;
}

function wordsOf(citation) {
  if (typeof citation !== "object" || citation === null) return String(citation);
  return String(citation.title ?? citation.text ?? citation.source ?? JSON.stringify(citation));
}
