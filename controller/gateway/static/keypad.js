// The telephone keypad, by pointer and by the keyboard's own digits. Knows nothing of where they go.

const DIGITS = /^[0-9*#]$/;
const FLASH_MS = 150;

export class Keypad {
  #buttons;
  #press;

  /** `press` is called with each digit while the keypad is enabled. */
  constructor(root, press) {
    this.#press = press;
    this.#buttons = new Map([...root.querySelectorAll("button")].map((b) => [b.dataset.digit, b]));
    for (const digit of this.#buttons.keys()) {
      this.#buttons.get(digit).addEventListener("click", () => this.#pressed(digit));
    }
    document.addEventListener("keydown", (event) => this.#typed(event));
    this.enable(false);
  }

  enable(on) {
    for (const button of this.#buttons.values()) button.setAttribute("aria-disabled", String(!on));
  }

  #typed(event) {
    const elsewhere = event.target.closest?.("input, textarea, select, [contenteditable]");
    const chord = event.ctrlKey || event.altKey || event.metaKey || event.repeat;
    if (!elsewhere && !chord && DIGITS.test(event.key)) this.#pressed(event.key);
  }

  #pressed(digit) {
    const button = this.#buttons.get(digit);
    if (button.getAttribute("aria-disabled") === "true") return;
    button.classList.add("pressed");
    setTimeout(() => button.classList.remove("pressed"), FLASH_MS);
    this.#press(digit);
  }
}
