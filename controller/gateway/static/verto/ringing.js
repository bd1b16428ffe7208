// Somebody calls: the banner with who it is, a ring, answer and reject. Knows nothing of other calls.

import { isOver, State } from "../session.js";
import { show } from "../i18n.js";

const RING_EVERY_MS = 3_000;
const RING_HZ = [440, 480];

export class Ringing {
  #parts;
  #answered;
  #call = null;
  #timer = 0;
  #context = null;

  /** `answered(call)` is told when the person takes the call, within the click. */
  constructor(parts, answered) {
    this.#parts = parts;
    this.#answered = answered;
    parts.answer.addEventListener("click", () => this.#take());
    parts.reject.addEventListener("click", () => this.#call?.reject());
  }

  /** Rings for `call`; a second caller is told that we are busy. */
  ring(call) {
    if (this.#call) return call.reject();
    this.#call = call;
    const unknown = !call.name && !call.number;
    show(this.#parts.title, "ringing_title");
    if (unknown) show(this.#parts.who, "ringing_unknown");
    else {
      delete this.#parts.who.dataset.i18n;
      this.#parts.who.textContent = [call.name, call.number].filter(Boolean).join(" · ");
    }
    this.#parts.box.hidden = false;
    this.#parts.box.scrollIntoView({ block: "nearest" });
    this.#sound();
    this.#timer = setInterval(() => this.#sound(), RING_EVERY_MS);
    call.addEventListener("state", ({ detail }) => detail.state !== State.RINGING && this.#stop(call));
  }

  #take() {
    const call = this.#call;
    if (call && !isOver(call.state)) this.#answered(call);
  }

  #stop(call) {
    if (call !== this.#call) return;
    this.#call = null;
    clearInterval(this.#timer);
    this.#context?.close();
    this.#context = null;
    this.#parts.box.hidden = true;
  }

  /** Two tones for 1.2 s; a browser that wants a click first stays silent. */
  #sound() {
    this.#context ??= new AudioContext();
    const from = this.#context.currentTime;
    const gain = this.#context.createGain();
    gain.gain.setValueAtTime(0.06, from);
    gain.gain.setTargetAtTime(0, from + 1.1, 0.04);
    gain.connect(this.#context.destination);
    for (const hz of RING_HZ) {
      const tone = this.#context.createOscillator();
      tone.frequency.value = hz;
      tone.connect(gain);
      tone.start(from);
      tone.stop(from + 1.4);
    }
  }
}
