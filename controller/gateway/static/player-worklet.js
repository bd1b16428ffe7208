// Audio thread, bot's side: PCM16 at the wire's rate in, device samples out, with a report of what has
// been played every 40 ms while there is sound, and at once when a reply is cut or has run out.

import { JitterBuffer } from "./jitter-buffer.js";
import { Resampler } from "./resampler.js";

const REPORT_SECONDS = 0.04;
const AUDIBLE = 0.002; // -54 dBFS

class PlayerProcessor extends AudioWorkletProcessor {
  #buffer = new JitterBuffer(sampleRate);
  #resampler;
  #totals = { playedSamples: 0, audibleSamples: 0 };
  #sinceReport = 0;
  #peak = 0;
  #playing = false;

  constructor({ processorOptions: { wireRate } }) {
    super();
    this.#resampler = new Resampler(wireRate, sampleRate);
    this.port.onmessage = ({ data }) => this.#handlers[data.type](data);
  }

  #handlers = {
    push: ({ pcm }) => {
      const samples = Float32Array.from(new Int16Array(pcm), (value) => value / 32768);
      this.#buffer.push(this.#resampler.process(samples));
    },
    mark: ({ replyId }) => this.#buffer.mark(replyId),
    clear: () => {
      this.#buffer.clear();
      this.#playing = false;
      this.#report("cut");
    },
  };

  process(_inputs, [output]) {
    const out = output[0];
    const count = this.#buffer.pull(out);
    this.#measure(out, count);
    if (this.#playing && count < out.length) this.#report("dry");
    else if (count > 0 && this.#sinceReport >= REPORT_SECONDS * sampleRate) this.#report("playing");
    this.#playing = count === out.length;
    for (const channel of output.slice(1)) channel.set(out);
    return true;
  }

  #measure(out, count) {
    let audible = 0;
    for (let i = 0; i < count; i += 1) {
      const level = Math.abs(out[i]);
      if (level > AUDIBLE) audible += 1;
      if (level > this.#peak) this.#peak = level;
    }
    this.#totals.playedSamples += count;
    this.#totals.audibleSamples += audible;
    this.#sinceReport += out.length;
  }

  #report(event) {
    const { played, bufferedMs, underruns, overflowed } = this.#buffer;
    const peak = event === "playing" ? this.#peak : 0;
    this.port.postMessage({ event, played, peak, bufferedMs, underruns, overflowed, ...this.#totals });
    this.#sinceReport = 0;
    this.#peak = 0;
  }
}

registerProcessor("player", PlayerProcessor);
