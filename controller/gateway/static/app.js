// The softphone page: introduces the parts to each other. Everything else has a module of its own.

import { impossible } from "./audio-context.js";
import { Call } from "./call.js";
import { show, switchLanguage, text, translate } from "./i18n.js";
import { Keypad } from "./keypad.js";
import { loginIsOver } from "./login-over.js";
import { Meter } from "./meters.js";
import { isLive, isOver, State } from "./session.js";
import { Status } from "./status.js";
import { Transcript } from "./transcript.js";
import { SwitchPage } from "./verto/page.js";
import { Waterfall } from "./waterfall.js";

const QUIET_PEAK = 2 / 32768; // a switched-off microphone; the quietest room is louder
const QUIET_FRAMES = 150; // 3 s

const OWN_WORDS = ["login", "role"]; // faults of which the page says all that there is
const STAY_OVER = ["login_ended", "role_changed"]; // the close that follows says it better

const byId = (id) => document.getElementById(id);
const page = {
  presence: byId("presence"),
  state: byId("state"),
  hint: byId("hint"),
  clock: byId("clock"),
  call: byId("call"),
  callLabel: byId("call-label"),
  mute: byId("mute"),
  muteLabel: byId("mute-label"),
  bot: byId("bot"),
  typed: byId("typed"),
  typedFields: byId("typed-fields"),
  typedText: byId("typed-text"),
  session: byId("session"),
  sessionId: byId("session-id"),
  sessionLink: byId("session-link"),
  faultBox: byId("fault"),
  faultTitle: byId("fault-title"),
  faultAdvice: byId("fault-advice"),
  faultDetail: byId("fault-detail"),
  tryTyping: byId("try-typing"),
  logIn: byId("log-in"),
};

const status = new Status(page);
const transcript = new Transcript({
  list: byId("transcript"),
  partial: byId("partial"),
  empty: byId("transcript-empty"),
  announcer: byId("announcer"),
});
const waterfall = new Waterfall({
  list: byId("waterfall"),
  empty: byId("waterfall-empty"),
  axis: byId("waterfall-axis"),
});
const meters = {
  caller: new Meter([byId("level-caller"), page.presence]),
  bot: new Meter([byId("level-bot"), byId("presence-bot")]),
};
const keypad = new Keypad(byId("keypad"), (digit) => call?.sendDigit(digit));

let call = null;
let cuts = new Map(); // reply id → ms of it heard when it was cut
let quietFrames = 0;
let counts = noCounts();

function noCounts() {
  return { partials: 0, finals: 0, replies: 0, tools: 0, metrics: 0, progress: 0, faults: [] };
}

function startCall({ silent = false } = {}) {
  if (switchPage?.on) return switchPage.call(page.bot.value);
  const started = new Call(audioUrl());
  adopt(started, () => started.start({ bot: page.bot.value, silent }), { silent });
}

/** This call is the one on the page from now on; `start` begins it. */
function adopt(started, start, { silent = false } = {}) {
  call = started;
  counts = noCounts();
  cuts = new Map();
  quietFrames = silent ? -Infinity : 0;
  status.noFault();
  waterfall.reset();
  transcript.reset(page.bot.selectedOptions[0]?.dataset.language ?? "");
  for (const [name, handler] of Object.entries(onCall)) {
    started.addEventListener(name, ({ detail }) => started === call && handler(detail));
  }
  setMuted(false);
  start();
  onCall.state({ state: started.state });
}

/** The call's events, in the order in which a call has them. */
const onCall = {
  state: ({ state }) => {
    status.state(state);
    if (isLive(state)) hint();
    keypad.enable(isLive(state));
    page.typedFields.disabled = !isLive(state);
    page.mute.hidden = !isLive(state);
    page.bot.disabled = state !== State.IDLE && !isOver(state);
    switchPage?.lock(page.bot.disabled);
    if (isOver(state)) for (const meter of Object.values(meters)) meter.set(0);
  },
  answered: () => status.startClock(),
  ready: ({ sessionId }) => {
    page.sessionId.textContent = sessionId;
    page.sessionLink.href = `sessions/${encodeURIComponent(sessionId)}`;
    page.session.hidden = false;
    if (!switchPage?.on) status.startClock();
  },
  level: ({ side, peak }) => {
    meters[side].set(peak);
    if (side === "caller") watchForQuiet(peak);
  },
  partial: ({ text }) => {
    counts.partials += 1;
    transcript.partial(String(text ?? ""));
  },
  final: (message) => {
    counts.finals += 1;
    transcript.final({ ...message, text: String(message.text ?? "") });
  },
  reply: (message) => {
    counts.replies += 1;
    transcript.reply(message);
  },
  progress: ({ replyId, playedMs }) => {
    counts.progress += 1;
    if (playedMs > cuts.get(replyId)) resumed(replyId);
  },
  cut: ({ replyId, playedMs }) => {
    cuts.set(replyId, playedMs);
    transcript.interrupted(replyId, playedMs);
  },
  tool: (message) => {
    counts.tools += 1;
    transcript.tool(message);
  },
  person: (message) => transcript.person(message),
  metrics: (message) => {
    counts.metrics += 1;
    waterfall.add(message);
  },
  trouble: ({ message, code }) => STAY_OVER.includes(code) || transcript.notice(String(message ?? code ?? "")),
  "microphone-lost": () => transcript.notice("", "mic_lost"),
  ended: ({ reason }) => status.ended(reason),
  failed: ({ fault, detail }) => {
    counts.faults.push(fault);
    failed(fault, detail);
  },
};

/** Tells what is wrong; a server that can't be reached may only want a login. */
async function failed(fault, detail) {
  const shown = fault === "unreachable" && (await loginIsOver()) ? "login" : fault;
  status.fault(shown, OWN_WORDS.includes(shown) ? "" : detail);
}

/** It was no interruption: the reply goes on. */
function resumed(replyId) {
  cuts.delete(replyId);
  transcript.resumed(replyId);
}

function setMuted(on) {
  call?.setMuted(on);
  status.muted(on);
  if (call && isLive(call.state)) hint();
}

/** What a caller most needs to know now. */
function hint() {
  if (call.muted) status.hint("hint_muted");
  else if (quietFrames >= QUIET_FRAMES) status.hint("hint_quiet");
  else status.hint(`hint_${call.state}`);
}

/** Tells the caller that the microphone gives nothing at all, and takes it back when it does. */
function watchForQuiet(peak) {
  if (call.muted || !isLive(call.state)) return;
  quietFrames = peak > QUIET_PEAK ? Math.min(0, quietFrames) : quietFrames + 1;
  hint();
}

/** Relative to the page, so that it works behind a proxy's path too. */
function socketUrl(path) {
  const url = new URL(path, document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = "";
  return url;
}

function audioUrl() {
  const url = socketUrl("ws/audio");
  if (page.bot.value) url.searchParams.set("bot", page.bot.value);
  if (document.body.dataset.token) url.searchParams.set("token", document.body.dataset.token);
  return url.href;
}

page.call.addEventListener("click", () => {
  if (!call || isOver(call.state)) startCall();
  else if (call.state !== State.ENDING) call.hangUp();
});
page.tryTyping.addEventListener("click", () => {
  startCall({ silent: true });
  page.call.focus();
});
page.mute.addEventListener("click", () => setMuted(!call?.muted));
page.typed.addEventListener("submit", (event) => {
  event.preventDefault();
  const words = page.typedText.value.trim();
  if (words) call?.sendText(words);
  page.typedText.value = "";
});
byId("language").addEventListener("click", () => {
  switchLanguage();
  waterfall.draw();
});
document.addEventListener("visibilitychange", () => call?.resumeAudio());
window.addEventListener("pagehide", () => {
  if (call instanceof Call && !isOver(call.state)) call.hangUp(); // one through FreeSWITCH survives a reload
});

/** For support and tests: what the page is doing, in numbers. */
window.softphone = Object.freeze({
  get state() {
    return call?.state ?? State.IDLE;
  },
  get stats() {
    return { ...counts, ...switchPage?.stats, ...call?.stats };
  },
});

/** Calls through FreeSWITCH, where there is one. */
const switchPage = byId("way")
  ? new SwitchPage(socketUrl("ws/verto").href, {
      adopt: (started, start) => adopt(started, start),
      busy: () => Boolean(call) && !isOver(call.state),
      trouble: (key, params) => transcript.notice(text(key, params)),
      fault: failed,
    })
  : null;

translate();
status.state(State.IDLE);
const fault = impossible();
if (fault) status.fault(fault);
show(byId("other-language"), "other_language");
