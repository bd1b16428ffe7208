// Calls through FreeSWITCH on the softphone page: joins the telephone, the ringing, the controls and the
// agent's card to it. Made only where the server has a FreeSWITCH.

import { show } from "../i18n.js";
import { Agent } from "./agent.js";
import { Controls } from "./controls.js";
import { Phone } from "./phone.js";
import { Ringing } from "./ringing.js";

const STORED_AS = "switchtalk.way";
const byId = (id) => document.getElementById(id);

export class SwitchPage {
  /** Whether calls go through FreeSWITCH now. */
  on = false;
  #phone;
  #hooks;
  #ringing;
  #controls;
  #agent;

  /**
   * `hooks`: `adopt(call, start)` a call that the page shall show (`start()` begins it), `busy()` whether it
   * shows one, `trouble(key, params)` something could not be done, `fault(fault, detail)`.
   */
  constructor(url, hooks) {
    this.#hooks = hooks;
    this.#phone = new Phone(url);
    this.#ringing = new Ringing(parts("ringing"), (call) => this.#take(call));
    this.#controls = new Controls(parts("controls"), (key, why) => hooks.trouble(key, { why }));
    this.#agent = new Agent(parts("agent"), (on) => this.#phone.standBy(on));
    this.#listen();
    for (const way of byId("way").querySelectorAll("input")) {
      way.addEventListener("change", () => this.#choose(way.value === "switch"));
    }
    if (remembered() === "switch") this.#choose(true);
  }

  /** Calls the number in the field, or else the bot's. */
  call(bot) {
    const typed = byId("number").value.replace(/[\s().-]/g, "");
    const number = typed || this.#phone.numbers[bot] || "";
    const call = this.#phone.dial();
    this.#attach(call);
    this.#hooks.adopt(call, () => call.start({ number }));
  }

  /** The ways can't be changed in a call. */
  lock(on) {
    byId("way").disabled = on;
    byId("number").disabled = on;
  }

  get stats() {
    return { way: this.on ? "switch" : "direct", freeswitch: this.#phone.freeswitch };
  }

  #choose(on) {
    this.on = on;
    byId("way").querySelector(`input[value=${on ? "switch" : "direct"}]`).checked = true;
    byId("switch-fields").hidden = !on;
    remember(on ? "switch" : "direct");
    if (on) this.#phone.open();
    else this.#phone.close();
  }

  #listen() {
    const on = (name, handler) => this.#phone.addEventListener(name, ({ detail }) => handler(detail));
    on("welcome", () => {
      byId("number-field").hidden = !this.#phone.may("calls");
      this.#agent.allow(this.#phone.may("stand_by"));
    });
    on("freeswitch", ({ state }) => {
      show(byId("switch-state"), `switch_${state}`);
      byId("switch-state").dataset.state = state;
    });
    on("ringing", ({ call }) => (this.#hooks.busy() ? call.reject() : this.#ringing.ring(call)));
    on("taken-up", ({ call }) => {
      this.#attach(call);
      this.#hooks.adopt(call, () => {});
    });
    on("standing_by", (message) => this.#agent.standing(message));
    on("card", (message) => this.#agent.card(message));
    on("card_kept", (message) => this.#agent.kept(message));
    on("card_line", (message) => this.#agent.line(message));
    on("card_gone", (message) => this.#agent.gone(message));
    on("failed", ({ fault, detail }) => this.#hooks.fault(fault, detail));
  }

  #take(call) {
    this.#attach(call);
    this.#hooks.adopt(call, () => call.answer());
  }

  #attach(call) {
    this.#controls.attach(call, { mayTransfer: this.#phone.may("calls") });
  }
}

/** The elements of each part. */
function parts(of) {
  const ids = {
    ringing: { box: "ringing", title: "ringing-title", who: "ringing-who", answer: "answer", reject: "reject" },
    controls: {
      box: "controls",
      hold: "hold",
      holdLabel: "hold-label",
      transfer: "transfer",
      transferTo: "transfer-to",
      quality: "quality",
    },
    agent: {
      box: "agent-box",
      toggle: "stand-by",
      toggleLabel: "stand-by-label",
      card: "card",
      close: "card-close",
      about: "card-about",
      summary: "card-summary",
      slots: "card-slots",
      lines: "card-said",
      outcome: "card-outcome",
    },
  };
  return Object.fromEntries(Object.entries(ids[of]).map(([name, id]) => [name, byId(id)]));
}

function remembered() {
  try {
    return sessionStorage.getItem(STORED_AS);
  } catch {
    return null; // private browsing
  }
}

function remember(way) {
  try {
    sessionStorage.setItem(STORED_AS, way);
  } catch (error) {
    console.info("The way to call can't be remembered:", error.message); // private browsing
  }
}
