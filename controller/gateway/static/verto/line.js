// The socket to the gateway for calls through FreeSWITCH: JSON-RPC both ways, notes beside it, and coming
// back by itself after a cut. Knows nothing of media or of the page.

import { loginIsOver } from "../login-over.js";

const STORED_AS = "switchtalk.line";
const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 5_000;
const ANSWER_WITHIN_MS = 15_000;
const STAY_OVER = Object.freeze({ __proto__: null, login_ended: "login", role_changed: "role" }); // errors

/** An answer that is an error: `code` and words fit to be shown. */
export class Refused extends Error {
  constructor({ code, message }) {
    super(String(message ?? ""));
    this.code = Number(code) || 0;
  }
}

/**
 * Events: `welcome` (the gateway's message), `request` {method, params}, `note` (any other message, by its
 * `type`), `up` {on} when the socket comes or goes, `failed` {fault, detail} when it will not come back.
 */
export class Line extends EventTarget {
  #url;
  #holding;
  #createSocket;
  #socket = null;
  #waiting = new Map();
  #ids = 0;
  #waitMs = FIRST_WAIT_MS;
  #timer = 0;
  #trouble = null;
  #closed = true;

  /** `holding()`: ids of the calls whose sound this page still has. */
  constructor(url, { holding = () => [], createSocket = (u) => new WebSocket(u) } = {}) {
    super();
    this.#url = url;
    this.#holding = holding;
    this.#createSocket = createSocket;
  }

  get isOpen() {
    return this.#socket?.readyState === 1;
  }

  open() {
    if (!this.#closed) return;
    this.#closed = false;
    this.#connect();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  /** Asks; the answer's result, or Refused. */
  request(method, params) {
    const id = (this.#ids += 1);
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new Refused({ code: -32010, message: "" }));
      const timer = setTimeout(() => this.#settle(id, { error: { code: -32010 } }), ANSWER_WITHIN_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  note(type, fields = {}) {
    if (this.isOpen) this.#socket.send(JSON.stringify({ type, ...fields }));
  }

  #connect() {
    const socket = this.#createSocket(this.#url);
    socket.onopen = () => {
      const hello = { type: "hello", resume: remembered(), holding: this.#holding() };
      socket.send(JSON.stringify(hello));
    };
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code, reason }) => this.#lost(socket, code, reason);
    this.#socket = socket;
  }

  #lost(socket, code, reason) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    for (const id of [...this.#waiting.keys()]) this.#settle(id, { error: { code: -32010 } });
    this.#emit("up", { on: false });
    if (this.#closed) return;
    const over = STAY_OVER[this.#trouble?.code];
    if (over) return this.#giveUp(over);
    if (code === 1008 || code === 1009) {
      return this.#giveUp(this.#trouble ? "refused" : "taken", String(this.#trouble?.message ?? reason));
    }
    this.#timer = setTimeout(() => this.#connectAgain(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
  }

  async #connectAgain() {
    const over = await loginIsOver();
    if (this.#closed) return;
    if (over) this.#giveUp("login");
    else this.#connect();
  }

  #giveUp(fault, detail = "") {
    this.#closed = true;
    this.#emit("failed", { fault, detail });
  }

  #received(data) {
    const message = parsed(data);
    if (!message) return;
    if (message.method) return this.#emit("request", { method: message.method, params: message.params ?? {} });
    if (message.type === "welcome") return this.#welcomed(message);
    if (message.type === "error") this.#trouble = message;
    if (message.type) return this.#emit("note", message);
    if (message.id !== undefined) this.#settle(message.id, message);
  }

  #welcomed(message) {
    this.#waitMs = FIRST_WAIT_MS;
    this.#trouble = null;
    remember(String(message.resume ?? ""));
    this.#emit("welcome", message);
    this.#emit("up", { on: true });
  }

  #settle(id, { result, error }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (error) waiting.reject(new Refused(error));
    else waiting.resolve(result ?? {});
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function parsed(data) {
  try {
    const message = JSON.parse(data);
    return typeof message === "object" ? message : null;
  } catch {
    return null;
  }
}

function remembered() {
  try {
    return sessionStorage.getItem(STORED_AS) ?? "";
  } catch {
    return ""; // private browsing
  }
}

function remember(ticket) {
  try {
    sessionStorage.setItem(STORED_AS, ticket);
  } catch (error) {
    console.info("Calls won't survive a reload:", error.message); // private browsing
  }
}
