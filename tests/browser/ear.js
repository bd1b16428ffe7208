// Listens along in a page under test: what the microphone gives and what FreeSWITCH sends, as peaks every
// 10 ms on one clock. Runs before the page's own scripts.

(() => {
  const EVERY_MS = 10;
  const heard = { mic: [], far: [] };
  const sockets = [];
  const listen = (side, stream) => {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512; // 10.7 ms at 48 kHz
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      heard[side].push([performance.now(), Math.max(...samples.map(Math.abs))]);
    }, EVERY_MS);
  };

  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    listen("mic", stream);
    return stream;
  };
  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...args) {
      super(...args);
      this.addEventListener("track", ({ track }) => listen("far", new MediaStream([track])));
    }
  };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...args) {
      super(...args);
      sockets.push(this);
    }
  };

  /** Stretches of sound above `level`, [from, to] in ms, that silences shorter than `gapMs` don't part. */
  const stretches = (side, level, gapMs) => {
    const found = [];
    for (const [at, peak] of heard[side]) {
      if (peak < level) continue;
      const last = found.at(-1);
      if (last && at - last[1] < gapMs) last[1] = at;
      else found.push([at, at]);
    }
    return found;
  };
  window.ear = { stretches, cut: () => sockets.forEach((socket) => socket.close()), heard };
})();
