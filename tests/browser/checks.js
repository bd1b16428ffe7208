// Checks of the page's modules that need no device and no server. Each exported function is one test,
// run inside Chromium by test_modules.py; it fails by throwing.

import { wireRateFor } from "/static/audio-context.js";
import { JitterBuffer } from "/static/jitter-buffer.js";
import { Resampler } from "/static/resampler.js";
import { Session } from "/static/session.js";
import { STRINGS } from "/static/strings.js";
import { Line } from "/static/verto/line.js";
import { stagesOf } from "/static/waterfall.js";

function equal(actual, expected, what = "") {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what} is ${a}, expected ${b}`);
}

function within(value, low, high, what) {
  if (!(value >= low && value <= high)) throw new Error(`${what} is ${value}, expected ${low}…${high}`);
}

// --- resampler ------------------------------------------------------------------------------

const sine = (rate, hertz, seconds = 0.5) =>
  Float32Array.from({ length: rate * seconds }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));

/** Loudness against the input's, in dB, without the first tenth, where the filter fills. */
function gainDb(from, to, hertz) {
  const out = new Resampler(from, to).process(sine(from, hertz));
  const settled = out.slice(out.length / 10);
  const power = settled.reduce((sum, x) => sum + x * x, 0) / settled.length;
  return 10 * Math.log10(power / 0.5);
}

export function resampler_keeps_speech_as_loud_as_it_is() {
  for (const [from, to] of [[44100, 16000], [48000, 16000], [96000, 16000], [16000, 44100], [8000, 48000]]) {
    for (const hertz of [100, 1000, 3000]) {
      within(gainDb(from, to, hertz), -0.1, 0.1, `${from}→${to} at ${hertz} Hz in dB`);
    }
  }
}

export function resampler_removes_what_would_alias() {
  within(gainDb(44100, 16000, 8400), -200, -30, "just above the band in dB");
  for (const hertz of [9000, 11000, 15000, 20000]) {
    within(gainDb(44100, 16000, hertz), -200, -60, `${hertz} Hz in dB`);
  }
}

export function resampler_gives_the_same_in_any_pieces() {
  const input = sine(44100, 440, 0.3);
  const whole = new Resampler(44100, 16000).process(input);
  const pieces = new Resampler(44100, 16000);
  const out = [];
  for (let at = 0, size = 1; at < input.length; at += size, size = (size * 7) % 251) {
    out.push(...pieces.process(input.subarray(at, at + size)));
  }
  equal(out.length, whole.length, "length");
  equal(Math.max(...out.map((x, i) => Math.abs(x - whole[i]))), 0, "difference");
}

export function resampler_keeps_the_clock() {
  for (const [from, to] of [[44100, 16000], [16000, 44100], [11025, 48000], [16000, 16000]]) {
    const resampler = new Resampler(from, to);
    let count = 0;
    for (let i = 0; i < from * 2; i += 49) count += resampler.process(new Float32Array(49)).length;
    within(count - Math.ceil((Math.ceil((from * 2) / 49) * 49 * to) / from), -1, 1, `${from}→${to} samples off`);
  }
}

export function wire_rate_is_one_the_protocol_knows() {
  equal([8000, 16000, 24000, 48000].map(wireRateFor), [8000, 16000, 24000, 48000]);
  equal([44100, 96000, 22050, 192000].map(wireRateFor), [16000, 16000, 16000, 16000]);
}

// --- jitter buffer --------------------------------------------------------------------------

const RATE = 16000;
const ms = (n) => (n * RATE) / 1000;
const ones = (n) => new Float32Array(ms(n)).fill(0.5);
const pulled = (buffer, n) => {
  const out = new Float32Array(ms(n));
  return { real: (buffer.pull(out) * 1000) / RATE, out };
};

export function buffer_waits_for_a_cushion_and_then_plays_all() {
  const buffer = new JitterBuffer(RATE);
  buffer.push(ones(20));
  equal(pulled(buffer, 8).real, 0, "before the cushion");
  buffer.push(ones(20));
  equal([pulled(buffer, 8).real, pulled(buffer, 32).real, pulled(buffer, 8).real], [8, 32, 0]);
}

export function buffer_plays_a_sound_shorter_than_the_cushion() {
  const buffer = new JitterBuffer(RATE);
  buffer.push(ones(10));
  let played = 0;
  for (let i = 0; i < 8; i += 1) played += pulled(buffer, 8).real;
  equal(played, 10, "played ms");
}

export function buffer_grows_its_cushion_after_a_glitch_only() {
  const buffer = new JitterBuffer(RATE);
  const first = buffer.targetMs;
  buffer.push(ones(60));
  pulled(buffer, 100);
  pulled(buffer, 1000); // the reply was over
  buffer.push(ones(60));
  equal([buffer.underruns, buffer.targetMs], [0, first], "after a pause");
  pulled(buffer, 100);
  buffer.push(ones(60)); // 40 ms late
  equal(buffer.underruns, 1, "underruns");
  within(buffer.targetMs, first + 1, 200, "cushion after a glitch");
}

export function buffer_clear_is_silent_within_5_ms_without_a_click() {
  const buffer = new JitterBuffer(RATE);
  buffer.mark("r1");
  buffer.push(ones(200));
  pulled(buffer, 48);
  buffer.clear();
  equal(buffer.played, { replyId: "r1", playedMs: 48 }, "what was heard");
  const { real, out } = pulled(buffer, 100);
  equal(real, 0, "samples of the dropped reply");
  within(Math.abs(out[0]), 0.3, 0.5, "first sample, no click");
  within(Math.max(...out.subarray(ms(6)).map(Math.abs)), 0, 0.002, "loudness after 6 ms");
}

export function buffer_goes_on_counting_a_reply_that_was_cut_by_mistake() {
  const buffer = new JitterBuffer(RATE);
  buffer.mark("r1");
  buffer.push(ones(200));
  pulled(buffer, 48);
  buffer.clear();
  buffer.clear();
  buffer.push(ones(152));
  pulled(buffer, 100);
  equal(buffer.played, { replyId: "r1", playedMs: 148 }, "the same reply");
  buffer.mark("r2");
  buffer.push(ones(100));
  pulled(buffer, 60);
  equal(buffer.played, { replyId: "r2", playedMs: 8 }, "the next reply");
}

export function buffer_counts_each_reply_from_its_own_start() {
  const buffer = new JitterBuffer(RATE);
  buffer.mark("r1");
  buffer.push(ones(100));
  buffer.mark("r1"); // a second chunk of the same reply
  buffer.push(ones(100));
  buffer.mark("r2");
  buffer.push(ones(100));
  pulled(buffer, 160);
  equal(buffer.played, { replyId: "r1", playedMs: 160 });
  pulled(buffer, 100);
  equal(buffer.played, { replyId: "r2", playedMs: 60 });
}

export function buffer_survives_a_flood() {
  const buffer = new JitterBuffer(RATE);
  for (let i = 0; i < 300; i += 1) buffer.push(ones(100));
  within(buffer.bufferedMs, 1000, 20000, "buffered ms");
  equal((buffer.overflowed * 1000) / RATE, 10000, "dropped ms");
}

// --- session --------------------------------------------------------------------------------

class FakeSocket {
  readyState = 0;
  bufferedAmount = 0;
  sent = [];
  closed = null;

  send(data) {
    this.sent.push(typeof data === "string" ? JSON.parse(data) : data);
  }

  close(code) {
    this.closed = code;
    this.readyState = 3;
  }

  open() {
    this.readyState = 1;
    this.onopen();
  }

  says(...messages) {
    for (const m of messages) this.onmessage({ data: typeof m === "string" ? m : JSON.stringify(m) });
  }
}

const EVENTS = ["ready", "audio", "clear", "final", "reply", "trouble", "ended", "failed"];

function sessionWith({ ready = true, now } = {}) {
  const socket = new FakeSocket();
  const session = new Session("ws://test", { createSocket: () => socket, now });
  const states = [];
  const seen = [];
  session.addEventListener("state", ({ detail }) => states.push(detail.state));
  for (const name of EVENTS) session.addEventListener(name, ({ detail }) => seen.push([name, detail]));
  session.start({ sampleRate: 16000, bot: "demo" });
  if (ready) {
    socket.open();
    socket.says({ type: "ready", session_id: "s1", sample_rate: 16000, bot: "demo" });
  }
  return { session, socket, states, seen };
}

export function session_starts_as_the_protocol_says() {
  const { session, socket, states } = sessionWith();
  const start = { type: "start", format: "pcm16", sample_rate: 16000, bot: "demo", variables: {} };
  equal(socket.sent, [start]);
  equal(states, ["connecting", "listening"]);
  equal(session.id, "s1");
}

export function session_follows_the_server_and_never_goes_back() {
  const { socket, states } = sessionWith();
  const say = (state) => socket.says({ type: "state", state });
  ["thinking", "speaking", "speaking", "idle", "ended", "listening", "ending", "listening"].forEach(say);
  socket.says({ type: "end", reason: "goodbye" });
  say("listening");
  equal(states.slice(2), ["thinking", "speaking", "listening", "ending", "ended"]);
  equal(socket.closed, 1000, "close code");
}

export function session_sends_nothing_before_ready_or_after_the_end() {
  const { session, socket } = sessionWith({ ready: false });
  session.sendAudio(new ArrayBuffer(640));
  session.sendText("hello");
  session.reportPlayback("r1", 10);
  equal(socket.sent, []);
  socket.open();
  socket.says({ type: "ready", session_id: "s" }, { type: "end", reason: "silence" });
  session.sendDigit("5");
  session.sendAudio(new ArrayBuffer(640));
  equal(socket.sent.length, 1, "messages sent");
}

export function session_ignores_what_it_does_not_know() {
  const { session, socket, states } = sessionWith();
  socket.says("not json", "null", "[]", "1", { type: "news" }, { type: "__proto__" }, { type: "toString" });
  equal(session.messagesIgnored, 7, "ignored");
  equal(states.at(-1), "listening");
}

export function session_names_the_fault_of_each_close() {
  const faults = {
    1008: "refused", 1009: "too_large", 1011: "server", 1013: "full", 1006: "lost", 1001: "lost",
  };
  for (const [code, fault] of Object.entries(faults)) {
    const { socket, seen, states } = sessionWith();
    socket.says({ type: "error", code: "x", message: "why" });
    socket.onclose({ code: Number(code), reason: "" });
    equal(seen.at(-1), ["failed", { fault, detail: "why" }], `close ${code}`);
    equal(states.at(-1), "error");
  }
  const { socket, seen } = sessionWith({ ready: false });
  socket.onclose({ code: 1006, reason: "" });
  equal(seen.at(-1), ["failed", { fault: "unreachable", detail: "" }], "close before ready");
}

export function session_survives_an_error_that_is_not_fatal() {
  const { socket, seen, states } = sessionWith();
  socket.says({ type: "error", code: "odd_length", message: "odd" }, { type: "final", turn: 1, text: "hi" });
  equal(seen.slice(1).map(([name]) => name), ["trouble", "final"]);
  equal(states.at(-1), "listening");
}

export function session_hangs_up_and_waits_for_the_end() {
  const { session, socket, states, seen } = sessionWith();
  session.hangUp();
  equal(socket.sent.at(-1), { type: "hangup" });
  equal(states.at(-1), "ending");
  socket.says({ type: "state", state: "speaking" }, { type: "end", reason: "hangup" });
  equal(states.at(-1), "ended");
  equal(seen.at(-1), ["ended", { reason: "hangup" }]);
}

export function session_hung_up_while_connecting_ends_at_once() {
  const { session, socket, states } = sessionWith({ ready: false });
  session.hangUp();
  equal(states, ["connecting", "ending", "ended"]);
  equal(socket.closed, 1000, "close code");
}

export function session_drops_frames_on_a_stalled_line_and_then_gives_up() {
  let clock = 0;
  const { session, socket, seen } = sessionWith({ now: () => clock });
  session.sendAudio(new ArrayBuffer(640));
  socket.bufferedAmount = 100_000;
  for (clock = 1; clock < 5000; clock += 20) session.sendAudio(new ArrayBuffer(640));
  equal([session.framesSent, session.framesDropped], [1, 250], "sent and dropped");
  clock = 5100;
  session.sendAudio(new ArrayBuffer(640));
  equal(seen.at(-1), ["failed", { fault: "lost", detail: "" }]);
}

// --- the line to FreeSWITCH -----------------------------------------------------------------

/** A line whose sockets are ours, and what it tells of its end. */
function lineWith() {
  const sockets = [];
  const createSocket = () => {
    sockets.push({ readyState: 1, send() {}, close() {} });
    return sockets.at(-1);
  };
  const line = new Line("ws://test", { createSocket });
  const failures = [];
  line.addEventListener("failed", ({ detail }) => failures.push(detail.fault));
  line.open();
  return { sockets, failures };
}

export function line_gives_up_when_the_login_has_ended_and_not_when_it_is_cut() {
  for (const [code, fault] of Object.entries({ login_ended: "login", role_changed: "role" })) {
    const { sockets, failures } = lineWith();
    sockets[0].onmessage({ data: JSON.stringify({ type: "error", code, message: "why" }) });
    sockets[0].onclose({ code: 1008, reason: "" });
    equal(failures, [fault], code);
  }
  for (const code of [1006, 1001]) {
    const { sockets, failures } = lineWith();
    sockets[0].onclose({ code, reason: "" });
    equal(failures, [], `close ${code}`);
  }
}

export function session_says_that_the_login_is_over() {
  for (const [code, fault] of Object.entries({ login_ended: "login", role_changed: "role" })) {
    const { socket, seen } = sessionWith();
    socket.says({ type: "error", code, message: "why" });
    socket.onclose({ code: 1008, reason: "" });
    equal(seen.at(-1), ["failed", { fault, detail: "why" }], code);
  }
}

export async function line_comes_back_after_a_cut_while_the_page_could_be_opened() {
  const { sockets, failures } = lineWith();
  sockets[0].onclose({ code: 1006, reason: "" });
  for (let tries = 0; sockets.length < 2 && tries < 100; tries += 1) await new Promise((r) => setTimeout(r, 50));
  equal([sockets.length, failures], [2, []]);
}

// --- waterfall and texts --------------------------------------------------------------------

export function waterfall_lines_stages_up_from_the_end_of_speech() {
  const metrics = { endpoint_ms: 300, asr_final_ms: 340, llm_first_token_ms: 100, tts_first_frame_ms: 50 };
  equal(stagesOf({ ...metrics, response_ms: 520 }), [
    { name: "endpoint", from: 0, to: 300 },
    { name: "final", from: 300, to: 340 },
    { name: "token", from: 340, to: 440 },
    { name: "audio", from: 440, to: 490 },
    { name: "rest", from: 490, to: 520 },
  ]);
}

export function waterfall_shows_only_what_the_caller_waited_for() {
  const begunOnAGuess = { endpoint_ms: 300, asr_final_ms: 220, llm_first_token_ms: 400, response_ms: 330 };
  equal(stagesOf(begunOnAGuess).map(({ name, to }) => [name, to]), [["endpoint", 300], ["token", 330]]);
  equal(stagesOf({ response_ms: 80, tts_first_frame_ms: 60, asr_final_ms: null }).map(({ to }) => to), [60, 80]);
  equal(stagesOf({ response_ms: null, asr_final_ms: 5 }), []);
  equal(stagesOf({ response_ms: "soon" }), []);
}

export function texts_are_complete_in_every_language() {
  equal(Object.keys(STRINGS.zh).sort(), Object.keys(STRINGS.en).sort(), "keys");
  const holes = (words) => (words.match(/\{\w+\}/g) ?? []).sort();
  for (const [key, words] of Object.entries(STRINGS.en)) {
    equal(holes(STRINGS.zh[key]), holes(words), `parameters of ${key}`);
    if (key.startsWith("fault_") && !STRINGS.en[key.replace("fault_", "advice_")]) throw new Error(key);
  }
}
