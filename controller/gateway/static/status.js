// The phone panel: the state in words and colour, a hint, the call's clock, and what is wrong. Knows
// nothing of calls beyond the names of their states.

import { has, show } from "./i18n.js";
import { isOver, State } from "./session.js";

const TYPING_HELPS = Object.freeze(["mic_denied", "mic_missing", "mic_busy"]);

export class Status {
  #page;
  #ticking = 0;
  #startedAt = 0;

  constructor(page) {
    this.#page = page;
  }

  /** Shows a state of the session in words, colour and the button's meaning. */
  state(state) {
    const { presence, state: word, call, callLabel } = this.#page;
    const resting = state === State.IDLE || isOver(state);
    presence.dataset.state = state;
    show(word, `state_${state}`);
    call.classList.toggle("hang-up", !resting);
    call.setAttribute("aria-disabled", String(state === State.ENDING));
    show(callLabel, resting ? (state === State.IDLE ? "call" : "call_again") : "hang_up");
    this.hint(`hint_${state}`);
    if (isOver(state)) this.#stopClock();
  }

  hint(key) {
    show(this.#page.hint, key);
  }

  /** Why the call ended; a reason the page has no words for leaves the usual hint. */
  ended(reason) {
    if (has(`ended_${reason}`)) this.hint(`ended_${reason}`);
  }

  startClock() {
    this.#startedAt = performance.now();
    this.#tick();
    this.#ticking = setInterval(() => this.#tick(), 1000);
  }

  muted(on) {
    const { mute, muteLabel, presence } = this.#page;
    mute.classList.toggle("on", on);
    presence.dataset.muted = String(on);
    show(muteLabel, on ? "unmute" : "mute");
  }

  /** Shows a fault with what to do about it; `detail` is the server's or browser's own words. */
  fault(fault, detail = "") {
    const { faultBox, faultTitle, faultAdvice, faultDetail, tryTyping, logIn } = this.#page;
    show(faultTitle, `fault_${fault}`);
    show(faultAdvice, `advice_${fault}`);
    faultDetail.textContent = detail;
    faultDetail.hidden = !detail;
    logIn.hidden = fault !== "login";
    tryTyping.hidden = !TYPING_HELPS.includes(fault);
    faultBox.hidden = false;
    faultBox.scrollIntoView({ block: "nearest" });
  }

  noFault() {
    this.#page.faultBox.hidden = true;
  }

  #stopClock() {
    clearInterval(this.#ticking);
    this.#ticking = 0;
  }

  #tick() {
    const seconds = Math.floor((performance.now() - this.#startedAt) / 1000);
    const minutes = Math.floor(seconds / 60);
    this.#page.clock.textContent = `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
  }
}
