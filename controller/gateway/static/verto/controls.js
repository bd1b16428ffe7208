// What one can do to a call through FreeSWITCH besides talking: hold it, send it on, see how good it is.

import { show, text } from "../i18n.js";
import { isLive, isOver } from "../session.js";
import { watchQuality } from "./quality.js";

export class Controls {
  #parts;
  #call = null;

  /** `failed(key, detail)` is told what could not be done. */
  constructor(parts, failed) {
    this.#parts = parts;
    parts.hold.addEventListener("click", async () => {
      await this.#try(() => this.#call.hold(!this.#call.held), failed);
    });
    parts.transfer.addEventListener("submit", async (event) => {
      event.preventDefault();
      const number = parts.transferTo.value.trim();
      if (number) await this.#try(() => this.#call.transfer(number), failed);
    });
  }

  /** These are for `call` from now on. */
  attach(call, { mayTransfer }) {
    this.#call = call;
    this.#parts.quality.hidden = true;
    call.addEventListener("state", ({ detail }) => call === this.#call && this.#moved(detail.state));
    call.addEventListener("held", () => this.#held());
    watchQuality(call, (quality) => call === this.#call && this.#quality(quality));
    this.#parts.transfer.dataset.allowed = String(mayTransfer);
    this.#moved(call.state);
    this.#held();
  }

  #moved(state) {
    this.#parts.box.hidden = !isLive(state);
    this.#parts.transfer.hidden = this.#parts.transfer.dataset.allowed !== "true";
    if (isOver(state)) this.#parts.quality.hidden = true;
  }

  #held() {
    const { hold, holdLabel } = this.#parts;
    hold.classList.toggle("on", this.#call.held);
    hold.setAttribute("aria-pressed", String(this.#call.held));
    show(holdLabel, this.#call.held ? "unhold" : "hold");
  }

  #quality({ lossPercent, jitterMs, roundTripMs }) {
    const figure = (value, digits = 0) => (value === null ? text("unknown") : value.toFixed(digits));
    this.#parts.quality.hidden = false;
    show(this.#parts.quality, "quality", {
      loss: figure(lossPercent, 1),
      jitter: figure(jitterMs),
      trip: figure(roundTripMs),
    });
  }

  async #try(step, failed) {
    try {
      await step();
    } catch (error) {
      failed("not_done", error.message);
    }
  }
}
