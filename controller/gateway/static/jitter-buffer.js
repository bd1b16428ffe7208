// Holds received samples until they are due, so that an uneven network sounds even, and counts how
// much of each reply has been played. Knows nothing of sockets or audio nodes.
//
//   push  ▁▁▁▂▂▂▂▂    ▂▂▂   (late)      after running dry for less than GLITCH_MS the network was
//   pull      ▂▂▂▂▂▂▂▂    ▂▂▂           late: wait for more next time; longer, and the reply was over

const Mode = Object.freeze({ FILLING: "filling", PLAYING: "playing" });

const FIRST_TARGET_MS = 40;
const LAST_TARGET_MS = 120;
const TARGET_STEP_MS = 20;
const GLITCH_MS = 250;
const CAPACITY_MS = 20_000;
const FADE_PER_SAMPLE = 0.94; // a cut fades out within 5 ms: no click

export class JitterBuffer {
  underruns = 0;
  overflowed = 0;
  #rate;
  #ring;
  #mode = Mode.FILLING;
  #written = 0;
  #read = 0;
  #targetMs = FIRST_TARGET_MS;
  #waited = 0; // samples of silence since the oldest one came
  #dry = Infinity; // samples of silence since it ran dry
  #marks = [];
  #last = 0;
  #fade = 0;

  constructor(rate) {
    this.#rate = rate;
    this.#ring = new Float32Array(Math.ceil((CAPACITY_MS / 1000) * rate));
  }

  get bufferedMs() {
    return this.#inMs(this.#written - this.#read);
  }

  get targetMs() {
    return this.#targetMs;
  }

  /** The reply being played and how much of it has been, in ms; null when nothing is known. */
  get played() {
    const mark = this.#marks[0];
    if (!mark || mark.at > this.#read) return null;
    return { replyId: mark.replyId, playedMs: Math.round(this.#inMs(this.#read - mark.at)) };
  }

  /** What is pushed from now on belongs to this reply. */
  mark(replyId) {
    const newest = this.#marks.at(-1);
    if (newest?.replyId !== replyId) this.#marks.push({ replyId, at: this.#written });
  }

  push(samples) {
    if (this.#mode === Mode.FILLING && this.#inMs(this.#dry) < GLITCH_MS) {
      this.underruns += 1;
      this.#targetMs = Math.min(LAST_TARGET_MS, this.#targetMs + TARGET_STEP_MS);
    }
    this.#dry = Infinity;
    for (const sample of samples) {
      this.#ring[this.#written % this.#ring.length] = sample;
      this.#written += 1;
    }
    const excess = this.#written - this.#read - this.#ring.length;
    if (excess > 0) {
      this.overflowed += excess;
      this.#read += excess;
    }
  }

  /** Fills `out` with what is due, silence where nothing is; gives the number of real samples. */
  pull(out) {
    if (this.#mode === Mode.FILLING && !this.#due(out.length)) {
      this.#fillSilence(out, 0);
      return 0;
    }
    this.#mode = Mode.PLAYING;
    const count = Math.min(out.length, this.#written - this.#read);
    for (let i = 0; i < count; i += 1) {
      this.#last = this.#ring[(this.#read + i) % this.#ring.length];
      out[i] = this.#last;
    }
    this.#read += count;
    while (this.#marks.length > 1 && this.#marks[1].at <= this.#read) this.#marks.shift();
    if (count < out.length) {
      this.#stop();
      this.#dry = 0;
      this.#fillSilence(out, count);
    }
    return count;
  }

  /**
   * Drops all that has not been played. What comes next may be the rest of the same reply, when the
   * interruption was none: its count goes on.
   */
  clear() {
    const heard = this.#marks.slice(0, 1);
    const played = heard.map(({ at }) => Math.max(0, this.#read - at));
    this.#read = this.#written;
    this.#marks = heard.map(({ replyId }, i) => ({ replyId, at: this.#written - played[i] }));
    this.#dry = Infinity;
    this.#waited = 0;
    this.#targetMs = Math.max(FIRST_TARGET_MS, this.#targetMs - TARGET_STEP_MS);
    if (this.#mode === Mode.PLAYING) this.#stop();
  }

  #due(length) {
    if (this.#written === this.#read) {
      this.#dry += length;
      return false;
    }
    this.#waited += length;
    return Math.max(this.bufferedMs, this.#inMs(this.#waited)) >= this.#targetMs;
  }

  #stop() {
    this.#mode = Mode.FILLING;
    this.#waited = 0;
    this.#fade = this.#last;
    this.#last = 0;
  }

  #fillSilence(out, from) {
    for (let i = from; i < out.length; i += 1) {
      this.#fade *= FADE_PER_SAMPLE;
      out[i] = this.#fade;
    }
    if (Math.abs(this.#fade) < 1e-4) this.#fade = 0;
  }

  #inMs(samples) {
    return (samples * 1000) / this.#rate;
  }
}
