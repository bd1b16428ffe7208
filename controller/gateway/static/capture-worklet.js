// Audio thread, caller's side: device samples in, 20 ms frames of PCM16 at the wire's rate out.
// While muted, or with no device, it makes frames of silence: the server's clock is our audio.

import { Resampler } from "./resampler.js";

const FRAMES_PER_SECOND = 50;
const QUANTUM = 128;

class CaptureProcessor extends AudioWorkletProcessor {
  #resampler;
  #frame;
  #filled = 0;
  #peak = 0;
  #muted = false;
  #silence = new Float32Array(QUANTUM);

  constructor({ processorOptions: { wireRate } }) {
    super();
    this.#resampler = new Resampler(sampleRate, wireRate);
    this.#frame = new Int16Array(wireRate / FRAMES_PER_SECOND);
    this.port.onmessage = ({ data }) => {
      this.#muted = data.muted;
    };
  }

  process([input]) {
    const heard = input.length > 0 && !this.#muted;
    for (const sample of this.#resampler.process(heard ? input[0] : this.#silence)) {
      this.#append(Math.max(-1, Math.min(1, sample)));
    }
    return true;
  }

  #append(sample) {
    this.#peak = Math.max(this.#peak, Math.abs(sample));
    this.#frame[this.#filled] = Math.round(sample * 32767);
    this.#filled += 1;
    if (this.#filled < this.#frame.length) return;
    const pcm = this.#frame.slice().buffer;
    this.port.postMessage({ pcm, peak: this.#peak }, [pcm]);
    this.#filled = 0;
    this.#peak = 0;
  }
}

registerProcessor("capture", CaptureProcessor);
