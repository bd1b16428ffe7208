// Shows how loud each side is. Draws at most once a screen frame, and falls back smoothly.

const FLOOR_DB = -50;
const FALL_PER_FRAME = 0.9;

export class Meter {
  #elements;
  #level = 0;
  #target = 0;
  #scheduled = 0;

  /** Each element gets the level, 0 to 1, as its CSS variable `--level`. */
  constructor(elements) {
    this.#elements = elements;
  }

  /** `peak` is the greatest sample since the last call, 0 to 1. */
  set(peak) {
    this.#target = peak > 0 ? Math.max(0, 1 - (20 * Math.log10(peak)) / FLOOR_DB) : 0;
    this.#scheduled ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#scheduled = 0;
    this.#level = Math.max(this.#target, this.#level * FALL_PER_FRAME);
    if (this.#level < 0.01) this.#level = 0;
    for (const { style } of this.#elements) style.setProperty("--level", this.#level.toFixed(3));
    this.#target = Math.min(this.#target, this.#level * FALL_PER_FRAME);
    if (this.#level > 0) this.#scheduled = requestAnimationFrame(() => this.#draw());
  }
}
