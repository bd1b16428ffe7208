// One call through FreeSWITCH: its signalling, its sound, its state. To the page it looks like a direct call;
// what a bot's session tells comes beside it. Knows nothing of the page.

import { AudioFault } from "../audio-context.js";
import { isLive, isOver, State } from "../session.js";
import { holdScreen } from "../wake-lock.js";
import { Media } from "./media.js";

/** What the causes of a hang-up mean to a person; others are only an end. */
const REASON_OF_CAUSE = Object.freeze({
  USER_BUSY: "busy",
  NO_ANSWER: "no_answer",
  NO_USER_RESPONSE: "no_answer",
  CALL_REJECTED: "rejected",
  NO_ROUTE_DESTINATION: "no_such_number",
  UNALLOCATED_NUMBER: "no_such_number",
  USER_NOT_REGISTERED: "not_there",
  SUBSCRIBER_ABSENT: "not_there",
  INCOMPATIBLE_DESTINATION: "media_lost",
  FREESWITCH_RESTARTED: "restarted",
});
const FAULT_OF_CODE = Object.freeze({ "-32010": "switch_away", "-32011": "destination", "-32012": "full" });
const TOLD = ["vad", "partial", "final", "reply", "tool", "metrics", "person"];

/** Events: those of a direct call, and `connection` {state}, `held` {on}. */
export class VertoCall extends EventTarget {
  state = State.IDLE;
  muted = false;
  held = false;
  id;
  name = "";
  number = "";
  incoming = false;
  #line;
  #media;
  #offered = "";
  #talking = State.IN_CALL;
  #sessionId = "";
  #reason = "";
  #replies = new Map(); // reply id → when its first words began
  #releaseScreen = () => {};
  #counts = { attaches: 0, notes: 0 };

  constructor(line, { id = crypto.randomUUID(), iceServers = [], media = new Media(iceServers) } = {}) {
    super();
    this.id = id;
    this.#line = line;
    this.#media = media;
    for (const name of ["level", "connection", "microphone-lost"]) {
      media.addEventListener(name, ({ detail }) => this.#emit(name, detail));
    }
  }

  /** Calls `number`; from a click. */
  async start({ number }) {
    this.number = number;
    this.#moved(State.CONNECTING);
    await this.#attempt(async () => {
      await this.#open();
      const sdp = await this.#media.offer();
      if (isOver(this.state)) return;
      const dialogParams = { callID: this.id, destination_number: number };
      await this.#line.request("verto.invite", { sdp, dialogParams });
    });
  }

  /** Somebody calls: it rings until `answer`, `reject`, or they give up. */
  ring({ sdp, caller_id_name: name, caller_id_number: number }) {
    this.incoming = true;
    this.name = String(name ?? "");
    this.number = String(number ?? "");
    this.#offered = String(sdp ?? "");
    this.#moved(State.RINGING);
  }

  async answer() {
    this.#moved(State.CONNECTING);
    await this.#attempt(async () => {
      await this.#open();
      const sdp = await this.#media.answer(this.#offered);
      if (isOver(this.state)) return;
      await this.#ask("verto.answer", { sdp });
      this.#answered();
    });
  }

  reject() {
    this.#bye(17);
  }

  hangUp() {
    this.#bye(16);
  }

  setMuted(muted) {
    this.muted = muted;
    this.#media.setMuted(muted);
  }

  sendDigit(digit) {
    if (isLive(this.state)) this.#ask("verto.info", { dtmf: digit }).catch((error) => this.#trouble(error));
  }

  sendText(text) {
    if (isLive(this.state)) this.#line.note("text", { call_id: this.id, text });
  }

  async hold(on) {
    const { holdState } = await this.#ask("verto.modify", { action: on ? "hold" : "unhold" });
    this.held = holdState === "held";
    this.#media.setQuiet(this.held);
    this.#moved(this.held ? State.HELD : this.#talking);
    this.#emit("held", { on: this.held });
  }

  /** Sends the other side to a number; throws Refused when that can't be. */
  async transfer(destination) {
    await this.#ask("verto.modify", { action: "transfer", destination });
  }

  resumeAudio() {
    this.#media.resume();
  }

  get peer() {
    return this.#media.peer;
  }

  /** Whether FreeSWITCH's sound for this call still reaches us. */
  get hasSound() {
    return !isOver(this.state) && ["new", "connecting", "connected"].includes(this.peer?.connectionState);
  }

  get stats() {
    const connection = this.peer?.connectionState ?? "";
    return { sessionId: this.#sessionId, callId: this.id, connection, ...this.#counts };
  }

  // --- what comes -------------------------------------------------------------------------------------

  /** A request of FreeSWITCH about this call. */
  async requested(method, params) {
    if (isOver(this.state)) return;
    const handler = this.#requests[method];
    if (handler) await this.#attempt(() => handler(params));
  }

  /** What the gateway tells of the bot's session on this call. */
  told(message) {
    this.#counts.notes += 1;
    if (TOLD.includes(message.type)) {
      if (message.type === "reply" && !this.#replies.has(message.reply_id)) {
        this.#replies.set(message.reply_id, performance.now());
      }
      this.#emit(message.type, message);
    } else {
      this.#notes[message.type]?.(message);
    }
  }

  #requests = Object.freeze({
    __proto__: null,
    "verto.answer": async ({ sdp }) => {
      if (sdp) await this.#media.accept(sdp);
      this.#answered();
    },
    "verto.media": async ({ sdp }) => {
      if (sdp) await this.#media.accept(sdp);
    },
    "verto.attach": async ({ sdp }) => {
      await this.#open();
      const answer = await this.#media.answer(sdp);
      await this.#ask("verto.attach", { sdp: answer });
      this.#counts.attaches += 1;
      this.#answered();
    },
    "verto.bye": ({ cause }) => {
      const reason = REASON_OF_CAUSE[cause] ?? (this.#reason || "far_end");
      this.#finish("ended", { reason });
    },
    "verto.display": ({ display_name: name, display_number: number }) => {
      this.name = String(name ?? "");
      this.number = String(number ?? "");
    },
  });

  #notes = Object.freeze({
    __proto__: null,
    session: ({ session_id: id }) => {
      this.#sessionId = String(id ?? "");
      this.#emit("ready", { sessionId: this.#sessionId });
    },
    state: ({ state }) => {
      if (!isLive(state)) return;
      this.#talking = state;
      if (!this.held && isLive(this.state)) this.#moved(state);
    },
    clear: ({ reply_id: replyId }) => {
      const began = this.#replies.get(replyId);
      if (began !== undefined) this.#emit("cut", { replyId, playedMs: performance.now() - began });
    },
    error: (message) => this.#emit("trouble", message),
    end: ({ reason }) => {
      this.#reason = String(reason ?? "");
      this.#talking = State.IN_CALL;
      if (!this.held && isLive(this.state)) this.#moved(State.IN_CALL);
    },
  });

  // --- small things -----------------------------------------------------------------------------------

  async #open() {
    await this.#media.open();
    this.#media.setMuted(this.muted);
  }

  #answered() {
    if (isOver(this.state) || isLive(this.state)) return;
    this.#moved(this.#talking);
    this.#emit("answered", {});
    holdScreen().then((release) => (isOver(this.state) ? release() : (this.#releaseScreen = release)));
  }

  #ask(method, params) {
    return this.#line.request(method, { ...params, dialogParams: { callID: this.id } });
  }

  async #bye(causeCode) {
    if (isOver(this.state)) return;
    this.#finish("ended", { reason: "hangup" });
    // a cut line: the gateway ends the calls of a page that stays away
    await this.#ask("verto.bye", { causeCode }).catch(() => {});
  }

  async #attempt(step) {
    try {
      await step();
    } catch (error) {
      const fault =
        error instanceof AudioFault ? error.fault : (FAULT_OF_CODE[error.code] ?? (error.code ? "server" : "audio"));
      this.#finish("failed", { fault, detail: error.message });
      if (!error.code) this.#ask("verto.bye", { causeCode: 16 }).catch(() => {}); // ours, and FreeSWITCH has it
    }
  }

  #trouble(error) {
    this.#emit("trouble", { code: error.code, message: error.message });
  }

  #finish(event, detail) {
    if (isOver(this.state)) return;
    this.#media.close();
    this.#releaseScreen();
    this.#moved(event === "ended" ? State.ENDED : State.ERROR);
    this.#emit(event, detail);
  }

  #moved(state) {
    if (state === this.state || isOver(this.state)) return;
    this.state = state;
    this.#emit("state", { state });
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
