// Draws where the time of each answer went: from the acoustic end of the caller's speech to the first
// sample of the reply. Knows only the protocol's `metrics` message.

import { element, svg } from "./elements.js";
import { show, text } from "./i18n.js";

const MAX_TURNS = 5;
const WIDTH = 300;
const HEIGHT = 14;
const SCALES_MS = Object.freeze([500, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000]);

/**
 * The stages of one turn, one after the other, in ms since the caller stopped; stages without a time
 * are left out. `endpoint_ms`, `asr_final_ms` and `response_ms` are moments; `llm_first_token_ms`
 * and `tts_first_frame_ms` are lengths. Work begun on a guess lies partly before the endpoint: only
 * what the caller waited for is drawn.
 */
export function stagesOf(metrics) {
  const total = known(metrics.response_ms);
  if (total === null) return [];
  const stages = [];
  let from = 0;
  const upTo = (name, moment) => {
    const to = Math.min(total, moment);
    if (to > from) stages.push({ name, from, to });
    from = Math.max(from, to);
  };
  upTo("endpoint", known(metrics.endpoint_ms) ?? 0);
  upTo("final", known(metrics.asr_final_ms) ?? 0);
  upTo("token", from + (known(metrics.llm_first_token_ms) ?? 0));
  upTo("audio", from + (known(metrics.tts_first_frame_ms) ?? 0));
  upTo("rest", total);
  return stages;
}

export class Waterfall {
  #list;
  #empty;
  #axis;
  #turns = [];

  constructor({ list, empty, axis }) {
    this.#list = list;
    this.#axis = axis;
    this.#empty = empty;
  }

  reset() {
    this.#turns = [];
    this.draw();
  }

  add(metrics) {
    const stages = stagesOf(metrics);
    if (stages.length === 0) return;
    this.#turns.push({ turn: metrics.turn, total: Math.round(metrics.response_ms), stages });
    this.#turns = this.#turns.slice(-MAX_TURNS);
    this.draw();
  }

  /** Also after a change of language: descriptions are text. */
  draw() {
    const longest = Math.max(...this.#turns.map(({ total }) => total));
    const scale = SCALES_MS.find((ms) => ms >= longest) ?? longest;
    this.#empty.hidden = this.#turns.length > 0;
    this.#axis.hidden = this.#turns.length === 0;
    this.#axis.lastElementChild.textContent = `${scale} ms`;
    this.#list.replaceChildren(...this.#turns.map((turn) => row(turn, scale)));
  }
}

function row({ turn, total, stages }, scale) {
  const name = show(element("span", { className: "turn" }), "latency_turn", { turn });
  const figure = element("span", { className: "total", text: `${total} ms` });
  return element("li", { children: [name, bar({ turn, total, stages }, scale), figure] });
}

function bar({ turn, total, stages }, scale) {
  const x = (ms) => (ms / scale) * WIDTH;
  const said = stages.map(({ name, from, to }) => `${text(`stage_${name}`)} ${Math.round(to - from)} ms`);
  const label = text("latency_row", { turn, total, stages: said.join(", ") });
  const track = svg("rect", { class: "track", width: WIDTH, height: HEIGHT, rx: 3 });
  const parts = stages.map(({ name, from, to }, i) => {
    const size = { x: x(from), width: Math.max(1, x(to) - x(from) - 1), height: HEIGHT };
    return svg("rect", { class: `stage ${name}`, ...size }, [title(said[i])]);
  });
  const view = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" };
  return svg("svg", { ...view, role: "img", "aria-label": label }, [track, ...parts]);
}

function title(words) {
  const node = svg("title");
  node.textContent = words;
  return node;
}

const known = (value) => (Number.isFinite(value) && value >= 0 ? value : null);
