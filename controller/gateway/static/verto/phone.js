// The page's telephone through FreeSWITCH: the line, the calls on it, who rings. Knows nothing of the page.

import { isLive, isOver } from "../session.js";
import { VertoCall } from "./call.js";
import { Line } from "./line.js";

const MAX_EARLY = 500;
const OVER = ["login", "role"]; // faults with which the gateway ends the calls
const CARDS = ["card", "card_kept", "card_line", "card_gone"];

/**
 * Events: `welcome` {user, rights, numbers, …}, `freeswitch` {state: up, away or lost}, `ringing` {call},
 * `taken-up` {call} a call from before a reload, `card`, `card_kept`, `card_line`, `card_gone`, `standing_by` {on},
 * `failed` {fault, detail}.
 */
export class Phone extends EventTarget {
  numbers = {};
  rights = [];
  freeswitch = "away";
  #line;
  #calls = new Map();
  #iceServers = [];
  #standingBy = false;
  #early = []; // notes of a conversation whose call is still to be taken up, after a reload

  constructor(url) {
    super();
    this.#line = new Line(url, { holding: () => this.#held() });
    this.#on("welcome", (message) => this.#welcomed(message));
    this.#on("request", ({ method, params }) => this.#requested(method, params));
    this.#on("note", (message) => this.#noted(message));
    this.#on("up", ({ on }) => on || this.#switched("lost"));
    this.#on("failed", (detail) => {
      if (OVER.includes(detail.fault)) for (const call of this.#calls.values()) call.hangUp();
      this.#emit("failed", detail);
    });
  }

  open() {
    this.#line.open();
  }

  close() {
    for (const call of this.#calls.values()) call.hangUp();
    this.#line.close();
  }

  /** A call to be started; see VertoCall. */
  dial() {
    this.#early = [];
    return this.#keep(new VertoCall(this.#line, { iceServers: this.#iceServers }));
  }

  standBy(on) {
    this.#standingBy = on;
    this.#line.note("stand_by", { on });
  }

  may(right) {
    return this.rights.includes(right);
  }

  #welcomed(message) {
    this.#early = [];
    this.numbers = message.numbers ?? {};
    this.rights = Array.isArray(message.rights) ? message.rights : [];
    this.#iceServers = Array.isArray(message.iceServers) ? message.iceServers : [];
    this.#emit("welcome", message);
    this.#switched(message.freeswitch);
    if (this.#standingBy) this.standBy(true);
  }

  #switched(state) {
    this.freeswitch = state;
    this.#emit("freeswitch", { state });
  }

  #requested(method, params) {
    const known = this.#calls.get(params.callID);
    if (method === "verto.invite" && !known) {
      const call = this.#keep(this.#callOf(params));
      call.ring(params);
      this.#emit("ringing", { call });
    } else if (method === "verto.attach" && !known) {
      const call = this.#keep(this.#callOf(params));
      call.number = String(params.callee_id_number ?? params.caller_id_number ?? "");
      this.#emit("taken-up", { call });
      for (const message of this.#early.splice(0)) call.told(message);
      call.requested(method, params);
    } else {
      known?.requested(method, params);
    }
  }

  #callOf(params) {
    return new VertoCall(this.#line, { id: String(params.callID), iceServers: this.#iceServers });
  }

  #noted(message) {
    if (message.type === "freeswitch") return this.#switched(message.state);
    if (message.type === "standing_by" || CARDS.includes(message.type)) {
      return this.#emit(message.type, message);
    }
    const call = this.#current();
    if (call) call.told(message);
    else if (this.#early.length < MAX_EARLY) this.#early.push(message);
  }

  /** Whose conversation is told about: the call that is being talked on. */
  #current() {
    const live = [...this.#calls.values()].filter((call) => !isOver(call.state));
    return live.find((call) => isLive(call.state) && !call.held) ?? live[0];
  }

  #held() {
    return [...this.#calls.values()].filter((call) => call.hasSound).map((call) => call.id);
  }

  #keep(call) {
    this.#calls.set(call.id, call);
    call.addEventListener("state", ({ detail }) => isOver(detail.state) && this.#calls.delete(call.id));
    return call;
  }

  #on(name, handler) {
    this.#line.addEventListener(name, ({ detail }) => handler(detail));
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
