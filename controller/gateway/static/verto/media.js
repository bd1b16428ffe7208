// The sound of one call: a microphone, a WebRTC connection to FreeSWITCH, an audio element. Knows session
// descriptions, and nothing of who sends them.

import { AudioFault } from "../audio-context.js";
import { requestMicrophone } from "../microphone.js";

const GATHER_WITHIN_MS = 1_500;
const LEVEL_EVERY_MS = 50;

/** Events: `level` {side, peak}, `connection` {state}, `microphone-lost`. */
export class Media extends EventTarget {
  #iceServers;
  #stream = null;
  #peer = null;
  #audio = new Audio();
  #context = null;
  #levels = [];
  #timer = 0;
  #muted = false;
  #quiet = false;

  constructor(iceServers) {
    super();
    this.#iceServers = iceServers;
    this.#audio.autoplay = true;
  }

  get peer() {
    return this.#peer;
  }

  /** Asks for the microphone; call it from a click. Throws AudioFault. */
  async open() {
    if (this.#stream) return;
    if (!window.RTCPeerConnection) throw new AudioFault("unsupported");
    this.#context = new AudioContext();
    this.#context.resume();
    this.#stream = await requestMicrophone();
    for (const track of this.#stream.getTracks()) track.onended = () => this.#emit("microphone-lost");
    this.#watch("caller", this.#stream);
    this.#timer = setInterval(() => this.#measure(), LEVEL_EVERY_MS);
    this.#apply();
  }

  /** Our offer, with all ways to reach us in it. */
  async offer() {
    this.#connect();
    await this.#peer.setLocalDescription(await this.#peer.createOffer());
    return this.#described();
  }

  /** FreeSWITCH's answer to our offer. */
  async accept(sdp) {
    if (this.#peer.signalingState === "have-local-offer") {
      await this.#peer.setRemoteDescription({ type: "answer", sdp });
    }
  }

  /** Our answer to FreeSWITCH's offer; an earlier connection is given up. */
  async answer(sdp) {
    this.#connect();
    await this.#peer.setRemoteDescription({ type: "offer", sdp });
    await this.#peer.setLocalDescription(await this.#peer.createAnswer());
    return this.#described();
  }

  setMuted(on) {
    this.#muted = on;
    this.#apply();
  }

  /** Nothing is sent and nothing is heard. */
  setQuiet(on) {
    this.#quiet = on;
    this.#apply();
  }

  resume() {
    if (this.#context && this.#context.state !== "closed") this.#context.resume();
    if (this.#audio.srcObject) this.#audio.play().catch(() => {}); // the next click tries again
  }

  close() {
    clearInterval(this.#timer);
    this.#peer?.close();
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.#audio.srcObject = null;
    if (this.#context && this.#context.state !== "closed") this.#context.close();
  }

  #connect() {
    const before = this.#peer;
    const peer = new RTCPeerConnection({ iceServers: this.#iceServers, bundlePolicy: "max-compat" });
    for (const track of this.#stream.getAudioTracks()) peer.addTrack(track, this.#stream);
    peer.ontrack = ({ track, streams }) => this.#heard(streams[0] ?? new MediaStream([track]));
    peer.onconnectionstatechange = () => {
      if (peer === this.#peer) this.#emit("connection", { state: peer.connectionState });
    };
    this.#peer = peer;
    before?.close();
  }

  #heard(stream) {
    this.#audio.srcObject = stream;
    this.#audio.play().catch(() => {}); // see resume
    this.#watch("bot", stream);
  }

  async #described() {
    const peer = this.#peer;
    if (peer.iceGatheringState !== "complete") {
      await new Promise((done) => {
        setTimeout(done, GATHER_WITHIN_MS);
        peer.addEventListener("icegatheringstatechange", () => {
          if (peer.iceGatheringState === "complete") done();
        });
      });
    }
    return peer.localDescription.sdp;
  }

  #apply() {
    for (const track of this.#stream?.getAudioTracks() ?? []) track.enabled = !this.#muted && !this.#quiet;
    this.#audio.muted = this.#quiet;
  }

  #watch(side, stream) {
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 2048;
    this.#context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#levels = [...this.#levels.filter((level) => level.side !== side), { side, analyser, samples }];
  }

  #measure() {
    for (const { side, analyser, samples } of this.#levels) {
      analyser.getFloatTimeDomainData(samples);
      this.#emit("level", { side, peak: Math.max(...samples.map(Math.abs)) });
    }
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
