// Opens the browser's sound system and decides the sample rate of the wire. Knows nothing of calls.

const WIRE_RATES = Object.freeze([8000, 16000, 24000, 48000]);
const SPEECH_RATE = 16_000;
const WORKLETS = Object.freeze(["capture-worklet.js", "player-worklet.js"]);

/** Why a call can't have sound; `fault` is a key of the page's texts. */
export class AudioFault extends Error {
  constructor(fault, cause) {
    super(cause ? `${cause.name}: ${cause.message}` : "", { cause });
    this.fault = fault;
  }
}

/** The fault that makes calls impossible in this browser or at this address, or "". */
export function impossible(scope = globalThis) {
  if (scope.isSecureContext === false) return "insecure";
  const able = scope.AudioWorkletNode && scope.navigator?.mediaDevices?.getUserMedia;
  return able && scope.WebSocket ? "" : "unsupported";
}

/** Must be called from a click. The device's own rate is used where 16 kHz is refused. */
export function openContext({ ownRate = false } = {}) {
  try {
    return new AudioContext({ latencyHint: "interactive", sampleRate: ownRate ? undefined : SPEECH_RATE });
  } catch (error) {
    if (ownRate) throw new AudioFault("unsupported", error);
    return openContext({ ownRate: true });
  }
}

/** The rate to ask the server for: the context's own where the protocol knows it, else 16 kHz. */
export function wireRateFor(contextRate) {
  return WIRE_RATES.includes(contextRate) ? contextRate : SPEECH_RATE;
}

export async function loadWorklets(context) {
  try {
    const urls = WORKLETS.map((name) => new URL(name, import.meta.url));
    await Promise.all(urls.map((url) => context.audioWorklet.addModule(url)));
  } catch (error) {
    throw new AudioFault("unsupported", error);
  }
}
