// Client of the web audio protocol: one Session is one WebSocket, told what to send and telling what
// came. It knows nothing of the page, of sound devices or of languages.
//
// A session only moves forward: idle, connecting, then among the live states as the server says, then
// ending, and at last ended or error. A late message can't bring an older phase back.

export const State = Object.freeze({
  IDLE: "idle",
  CONNECTING: "connecting",
  RINGING: "ringing",
  IN_CALL: "in_call",
  HELD: "held",
  LISTENING: "listening",
  THINKING: "thinking",
  SPEAKING: "speaking",
  TOOL_RUNNING: "tool_running",
  ENDING: "ending",
  ENDED: "ended",
  ERROR: "error",
});

const PHASE = Object.freeze({
  idle: 0,
  connecting: 1,
  ringing: 1,
  in_call: 2,
  held: 2,
  listening: 2,
  thinking: 2,
  speaking: 2,
  tool_running: 2,
  ending: 3,
  ended: 4,
  error: 4,
});
const LIVE = 2;

/** What a close code means to the caller; anything else is a lost line. */
const FAULT_OF_CLOSE = Object.freeze({
  1008: "refused",
  1009: "too_large",
  1011: "server",
  1013: "full",
});

/** What the error before it makes of a close: the login is over, or may do less. */
const FAULT_OF_TROUBLE = Object.freeze({ __proto__: null, login_ended: "login", role_changed: "role" });

const READY_WITHIN_MS = 10_000;
const HANGUP_WITHIN_MS = 2_000;
const STALLED_AFTER_MS = 5_000;
const BACKLOG_SECONDS = 1;

export const isLive = (state) => PHASE[state] === LIVE;
export const isOver = (state) => PHASE[state] > PHASE.ending;

/**
 * Events: `state` {state}, `ready` {sessionId, sampleRate, bot}, `audio` {pcm}, `ended` {reason},
 * `failed` {fault, detail}, and by its own name, with the server's message as detail: `clear`, `vad`,
 * `partial`, `final`, `reply`, `tool`, `metrics`, `trouble` (an error that may be survived).
 */
export class Session extends EventTarget {
  state = State.IDLE;
  id = "";
  framesSent = 0;
  framesDropped = 0;
  messagesIgnored = 0;
  #url;
  #createSocket;
  #now;
  #socket = null;
  #timer = 0;
  #sampleRate = 0;
  #stalledSince = 0;
  #trouble = null;

  constructor(url, { createSocket = (u) => new WebSocket(u), now = () => performance.now() } = {}) {
    super();
    this.#url = url;
    this.#createSocket = createSocket;
    this.#now = now;
  }

  /** Opens the line. `sampleRate` in Hz is that of both directions. */
  start({ sampleRate, bot = "", variables = {} }) {
    if (!this.#moveTo(State.CONNECTING)) throw new Error(`can't start when ${this.state}`);
    this.#sampleRate = sampleRate;
    const socket = this.#createSocket(this.#url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      const which = bot ? { bot } : {}; // without one the server takes its default
      this.#send({ type: "start", format: "pcm16", sample_rate: sampleRate, ...which, variables });
    };
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#fail("timeout"), READY_WITHIN_MS);
  }

  /** Sends one frame of PCM16; a frame the network can't take is dropped and counted. */
  sendAudio(pcm) {
    if (!isLive(this.state)) return;
    if (this.#socket.bufferedAmount > this.#sampleRate * 2 * BACKLOG_SECONDS) {
      this.framesDropped += 1;
      this.#stalledSince ||= this.#now();
      if (this.#now() - this.#stalledSince > STALLED_AFTER_MS) this.#fail("lost");
      return;
    }
    this.#stalledSince = 0;
    this.#socket.send(pcm);
    this.framesSent += 1;
  }

  sendDigit(digit) {
    if (isLive(this.state)) this.#send({ type: "dtmf", digit });
  }

  sendText(text) {
    if (isLive(this.state)) this.#send({ type: "text", text });
  }

  /** Says how much of a reply has been played, in ms of its audio. */
  reportPlayback(replyId, playedMs) {
    if (PHASE[this.state] < LIVE || isOver(this.state)) return;
    this.#send({ type: "playback", reply_id: replyId, played_ms: playedMs });
  }

  hangUp() {
    const wasLive = isLive(this.state);
    if (!this.#moveTo(State.ENDING)) return;
    if (!wasLive) return this.#end("hangup");
    this.#send({ type: "hangup" });
    this.#timer = setTimeout(() => this.#end("hangup"), HANGUP_WITHIN_MS);
  }

  #send(message) {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  #received(data) {
    if (isOver(this.state)) return;
    if (typeof data !== "string") return this.#emit("audio", { pcm: data });
    const message = parse(data);
    const handler = message && this.#handlers[message.type];
    if (handler) handler(message);
    else this.messagesIgnored += 1;
  }

  #handlers = Object.freeze({
    __proto__: null,
    ready: (m) => {
      if (this.state !== State.CONNECTING) return;
      clearTimeout(this.#timer);
      this.id = String(m.session_id ?? "");
      const sampleRate = Number(m.sample_rate) || this.#sampleRate;
      this.#emit("ready", { sessionId: this.id, sampleRate, bot: String(m.bot ?? "") });
      this.#moveTo(State.LISTENING);
    },
    state: (m) => {
      const live = PHASE[m.state] === LIVE || m.state === State.ENDING;
      if (live && this.state !== State.CONNECTING) this.#moveTo(m.state);
    },
    error: (m) => {
      this.#trouble = m;
      this.#emit("trouble", m);
    },
    end: (m) => this.#end(String(m.reason ?? "")),
    clear: (m) => this.#emit("clear", m),
    vad: (m) => this.#emit("vad", m),
    partial: (m) => this.#emit("partial", m),
    final: (m) => this.#emit("final", m),
    reply: (m) => this.#emit("reply", m),
    tool: (m) => this.#emit("tool", m),
    metrics: (m) => this.#emit("metrics", m),
  });

  #closed(code, reason) {
    if (isOver(this.state)) return;
    if (code === 1000) return this.#end("");
    const cutOff = this.state === State.CONNECTING && !this.#trouble ? "unreachable" : "lost";
    this.#fail(FAULT_OF_TROUBLE[this.#trouble?.code] ?? FAULT_OF_CLOSE[code] ?? cutOff, reason);
  }

  #end(reason) {
    if (this.#moveTo(State.ENDED)) this.#emit("ended", { reason });
    this.#release();
  }

  #fail(fault, reason = "") {
    const detail = this.#trouble?.message || reason;
    if (this.#moveTo(State.ERROR)) this.#emit("failed", { fault, detail: String(detail) });
    this.#release();
  }

  #release() {
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  #moveTo(state) {
    const forward = PHASE[state] > PHASE[this.state];
    const among = isLive(state) && isLive(this.state) && state !== this.state;
    if (!forward && !among) return false;
    this.state = state;
    this.#emit("state", { state });
    return true;
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function parse(text) {
  try {
    const message = JSON.parse(text);
    return typeof message === "object" ? message : null;
  } catch {
    return null;
  }
}
