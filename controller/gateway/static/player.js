// Plays what the server sends and says how much of it has been heard. Knows nothing of the protocol.
// Counts samples handed to the sound system; the device adds its own latency after that.

const PROGRESS_EVERY_MS = 200;
const DRAIN_WITHIN_MS = 1_500;

/** Events: `progress` and `cut` {replyId, playedMs}, `level` {peak}. */
export class Player extends EventTarget {
  stats = { playedSamples: 0, audibleSamples: 0, bufferedMs: 0, underruns: 0, overflowed: 0 };
  clears = 0;
  #node;
  #reported = { replyId: "", playedMs: 0 };
  #awaitingDry = [];

  constructor(context, wireRate) {
    super();
    this.#node = new AudioWorkletNode(context, "player", {
      numberOfInputs: 0,
      outputChannelCount: [2],
      processorOptions: { wireRate },
    });
    this.#node.port.onmessage = ({ data }) => this.#reportedBy(data);
    this.#node.connect(context.destination);
  }

  /** `pcm` is an ArrayBuffer of PCM16 mono; it is handed over, not copied. */
  push(pcm) {
    this.stats.bufferedMs += 1; // not empty until the worklet says so
    this.#node.port.postMessage({ type: "push", pcm }, [pcm]);
  }

  /** Audio pushed from now on belongs to this reply. */
  mark(replyId) {
    this.#node.port.postMessage({ type: "mark", replyId });
  }

  /** Silence at once; what was queued is never heard. */
  clear() {
    this.clears += 1;
    this.#node.port.postMessage({ type: "clear" });
  }

  /** Settles when what has been pushed has been played, or after a time limit. */
  drained() {
    if (this.stats.bufferedMs === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#awaitingDry.push(resolve);
      setTimeout(resolve, DRAIN_WITHIN_MS);
    });
  }

  stop() {
    this.#node.port.onmessage = null;
    this.#node.disconnect();
    this.#settle();
  }

  #reportedBy({ event, played, peak, ...stats }) {
    Object.assign(this.stats, stats);
    this.#emit("level", { peak });
    if (played && this.#worthTelling(event, played)) {
      this.#reported = played;
      this.#emit(event === "cut" ? "cut" : "progress", played);
    }
    if (event !== "playing") this.#settle();
  }

  #worthTelling(event, { replyId, playedMs }) {
    if (event === "cut" || replyId !== this.#reported.replyId) return true;
    const since = playedMs - this.#reported.playedMs;
    return since >= PROGRESS_EVERY_MS || (since > 0 && event !== "playing");
  }

  #settle() {
    for (const resolve of this.#awaitingDry.splice(0)) resolve();
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
