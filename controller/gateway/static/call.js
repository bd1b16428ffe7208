// One call: joins the microphone, the player and the session, and releases all three when it is over.
// Knows nothing of the page.

import { AudioFault, impossible, loadWorklets, openContext, wireRateFor } from "./audio-context.js";
import { Microphone, requestMicrophone } from "./microphone.js";
import { Player } from "./player.js";
import { isOver, Session, State } from "./session.js";
import { holdScreen } from "./wake-lock.js";

const FORWARDED = ["ready", "vad", "partial", "final", "reply", "tool", "metrics", "trouble"];

/**
 * Events: those of the session, and `level` {side, peak}, `progress` and `cut` {replyId, playedMs},
 * `microphone-lost`. `state` begins with connecting, while the person is asked for
 * the microphone, and ends with ended or error, after which the call is of no more use.
 */
export class Call extends EventTarget {
  state = State.IDLE;
  muted = false;
  #session;
  #context = null;
  #microphone = null;
  #stream = null;
  #player = null;
  #cutReplyId = "";
  #releaseScreen = () => {};

  constructor(url) {
    super();
    this.#session = new Session(url);
    for (const name of FORWARDED) this.#on(name, (detail) => this.#emit(name, detail));
    this.#on("state", ({ state }) => isOver(state) || this.#moved(state)); // over: when the sound is
    this.#on("audio", ({ pcm }) => this.#player?.push(pcm));
    this.#on("reply", (m) => this.#player?.mark(String(m.reply_id)));
    this.#on("clear", (m) => this.#cut(String(m.reply_id)));
    this.#on("ended", (detail) => this.#finish("ended", detail, this.#player?.drained()));
    this.#on("failed", (detail) => this.#finish("failed", detail));
  }

  /** Call it from a click. `silent`: without a microphone, for a caller who types. */
  async start({ bot, silent = false }) {
    this.#moved(State.CONNECTING);
    try {
      await this.#openAudio(silent);
      if (isOver(this.state)) return this.#release();
      const sampleRate = wireRateFor(this.#context.sampleRate);
      this.#session.start({ sampleRate, bot });
      this.#releaseScreen = await holdScreen();
      if (isOver(this.state)) this.#releaseScreen();
    } catch (error) {
      this.#abort(error);
    }
  }

  setMuted(muted) {
    this.muted = muted;
    this.#microphone?.setMuted(muted);
  }

  sendDigit(digit) {
    this.#session.sendDigit(digit);
  }

  sendText(text) {
    this.#session.sendText(text);
  }

  hangUp() {
    this.#player?.clear();
    this.#microphone?.stop();
    if (this.#session.state === State.IDLE) this.#finish("ended", { reason: "hangup" });
    else this.#session.hangUp();
  }

  /** Sound may have been suspended by the system, for example by a phone call. */
  resumeAudio() {
    if (this.#context?.state !== "closed") this.#context?.resume();
  }

  /** Counters for support and tests. */
  get stats() {
    return {
      sessionId: this.#session.id,
      contextRate: this.#context?.sampleRate ?? 0,
      framesSent: this.#session.framesSent,
      framesDropped: this.#session.framesDropped,
      messagesIgnored: this.#session.messagesIgnored,
      clears: this.#player?.clears ?? 0,
      ...this.#player?.stats,
    };
  }

  async #openAudio(silent) {
    const fault = impossible();
    if (fault) throw new AudioFault(fault);
    this.#context = openContext();
    this.#context.resume(); // within the click, or some browsers stay silent
    if (!silent) this.#stream = await requestMicrophone();
    try {
      await this.#connectAudio();
    } catch (error) {
      if (error.name !== "NotSupportedError") throw error;
      await this.#context.close(); // a browser that can't convert the device's rate to ours
      this.#context = openContext({ ownRate: true });
      await this.#connectAudio();
    }
  }

  async #connectAudio() {
    await loadWorklets(this.#context);
    const wireRate = wireRateFor(this.#context.sampleRate);
    const microphone = new Microphone(this.#context, wireRate);
    if (this.#stream) microphone.attach(this.#stream);
    microphone.addEventListener("frame", ({ detail }) => {
      this.#session.sendAudio(detail.pcm);
      this.#emit("level", { side: "caller", peak: detail.peak });
    });
    microphone.addEventListener("lost", () => this.#emit("microphone-lost"));
    microphone.setMuted(this.muted);
    this.#microphone = microphone;
    this.#player = new Player(this.#context, wireRate);
    this.#player.addEventListener("level", ({ detail }) => {
      this.#emit("level", { side: "bot", peak: detail.peak });
    });
    for (const name of ["progress", "cut"]) {
      this.#player.addEventListener(name, ({ detail }) => this.#played(name, detail));
    }
  }

  #cut(replyId) {
    this.#cutReplyId = replyId;
    this.#player?.clear();
  }

  #played(name, { replyId, playedMs }) {
    this.#session.reportPlayback(replyId, playedMs);
    const another = name === "cut" && replyId !== this.#cutReplyId; // it had ended before the cut
    if (!another) this.#emit(name, { replyId, playedMs });
  }

  #abort(error) {
    const fault = error instanceof AudioFault ? error.fault : "audio";
    this.#finish("failed", { fault, detail: error.message });
  }

  async #finish(event, detail, played = Promise.resolve()) {
    this.#microphone?.stop();
    await played;
    this.#release();
    if (isOver(this.state)) return;
    this.#moved(event === "ended" ? State.ENDED : State.ERROR);
    this.#emit(event, detail);
  }

  #release() {
    this.#microphone?.stop();
    this.#player?.stop();
    this.#releaseScreen();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    if (this.#context && this.#context.state !== "closed") this.#context.close();
  }

  #moved(state) {
    if (state === this.state) return;
    this.state = state;
    this.#emit("state", { state });
  }

  #on(name, handler) {
    this.#session.addEventListener(name, ({ detail }) => handler(detail));
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
