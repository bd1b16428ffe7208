// The caller's microphone: asks for it, and makes 20 ms frames of PCM16 of it. Knows nothing of where
// the frames go. Without a device it makes frames of silence, for a caller who types.

import { AudioFault } from "./audio-context.js";

const CONSTRAINTS = Object.freeze({
  audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
});

const FAULT_OF_ERROR = Object.freeze({
  NotAllowedError: "mic_denied",
  SecurityError: "mic_denied",
  NotFoundError: "mic_missing",
  OverconstrainedError: "mic_missing",
  NotReadableError: "mic_busy",
  AbortError: "mic_busy",
});

/** Asks the person for the microphone. Throws AudioFault. */
export async function requestMicrophone() {
  try {
    return await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
  } catch (error) {
    throw new AudioFault(FAULT_OF_ERROR[error.name] ?? "mic_busy", error);
  }
}

/** Events: `frame` {pcm, peak}, `lost` when the device has gone. */
export class Microphone extends EventTarget {
  #node;
  #source = null;
  #tracks = [];

  constructor(context, wireRate) {
    super();
    this.#node = new AudioWorkletNode(context, "capture", {
      numberOfInputs: 1,
      channelCount: 1,
      channelCountMode: "explicit",
      processorOptions: { wireRate },
    });
    this.#node.port.onmessage = ({ data }) => this.#emit("frame", data);
    this.#node.connect(context.destination); // it gives silence; being connected keeps it running
  }

  /** Throws NotSupportedError where a context can't take a device of another rate. */
  attach(stream) {
    this.#source = this.#node.context.createMediaStreamSource(stream);
    this.#source.connect(this.#node);
    this.#tracks = stream.getTracks();
    for (const track of this.#tracks) track.onended = () => this.#emit("lost");
  }

  setMuted(muted) {
    this.#node.port.postMessage({ muted });
  }

  stop() {
    for (const track of this.#tracks) track.onended = null;
    this.#node.port.onmessage = null;
    this.#source?.disconnect();
    this.#node.disconnect();
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
