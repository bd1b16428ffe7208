// Changes the sample rate of a stream of mono samples. Pure arithmetic: knows nothing of audio nodes,
// frames or formats, and runs in a page as well as in an audio worklet.
//
// A polyphase windowed-sinc filter: the rates are reduced to up/down, and each output sample is a dot
// product of the newest inputs with the filter phase at its place. The pass band ends at 90 % of the
// lower Nyquist frequency, so that what would alias lies about 70 dB down (Kaiser window, beta 7).

const ZERO_CROSSINGS = 16; // each side; at 44100 → 16000 the delay is 1 ms
const KAISER_BETA = 7;
const PASS_BAND = 0.9;

export class Resampler {
  #up;
  #down;
  #taps;
  #phases; // phase p holds its taps in time order
  #pending = new Float32Array(0); // input that later output still needs
  #position = 0; // place of the next output, in 1/up input samples, counted from pending[0]

  /** Rates are whole Hz. */
  constructor(fromRate, toRate) {
    const divisor = greatestCommonDivisor(fromRate, toRate);
    this.#up = toRate / divisor;
    this.#down = fromRate / divisor;
    const shrink = Math.min(1, toRate / fromRate) * PASS_BAND;
    const half = Math.ceil(ZERO_CROSSINGS / shrink);
    this.#taps = 2 * half;
    this.#phases = Array.from({ length: this.#up }, (_, p) => phaseOf(p / this.#up, half, shrink));
    this.#pending = new Float32Array(this.#taps - 1);
  }

  /** Takes any number of samples, gives as many as are due; the caller owns what it gets. */
  process(samples) {
    if (this.#up === 1 && this.#down === 1) return samples.slice();
    const input = joined(this.#pending, samples);
    const last = (input.length - this.#taps + 1) * this.#up - 1; // the last place with all its taps
    const count = Math.max(0, Math.floor((last - this.#position) / this.#down) + 1);
    const output = new Float32Array(count);
    for (let i = 0; i < count; i += 1) {
      output[i] = this.#sampleAt(input);
      this.#position += this.#down;
    }
    const used = Math.floor(this.#position / this.#up);
    this.#pending = input.slice(used);
    this.#position -= used * this.#up;
    return output;
  }

  #sampleAt(input) {
    const first = Math.floor(this.#position / this.#up);
    const phase = this.#phases[this.#position % this.#up];
    let sum = 0;
    for (let k = 0; k < this.#taps; k += 1) sum += input[first + k] * phase[k];
    return sum;
  }
}

/** The filter that reads between two inputs, `fraction` of a sample after the middle one. */
function phaseOf(fraction, half, shrink) {
  const taps = new Float32Array(2 * half);
  let sum = 0;
  for (let k = 0; k < taps.length; k += 1) {
    const distance = k - (half - 1) - fraction;
    taps[k] = sinc(distance * shrink) * kaiser(distance / half);
    sum += taps[k];
  }
  return taps.map((tap) => tap / sum); // the same loudness in every phase
}

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const kaiser = (x) =>
  Math.abs(x) > 1 ? 0 : besselI0(KAISER_BETA * Math.sqrt(1 - x * x)) / besselI0(KAISER_BETA);

function besselI0(x) {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-9; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function joined(a, b) {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
