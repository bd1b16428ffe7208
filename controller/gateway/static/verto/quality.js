// How good a WebRTC call is: loss, jitter and round trip, every two seconds. Knows nothing of who shows it.

const EVERY_MS = 2_000;

/** Loss in percent of what should have come since the last look, jitter and round trip in ms; null: unknown. */
export function qualityOf(stats, before = { lost: 0, received: 0 }) {
  const reports = [...stats.values()];
  const heard = reports.find(({ type, kind }) => type === "inbound-rtp" && kind === "audio");
  const pair = reports.find(({ type, nominated, state }) => {
    return type === "candidate-pair" && nominated && state === "succeeded";
  });
  const lost = heard?.packetsLost ?? 0;
  const received = heard?.packetsReceived ?? 0;
  const expected = lost - before.lost + (received - before.received);
  return {
    lost,
    received,
    lossPercent: expected > 0 ? Math.max(0, ((lost - before.lost) / expected) * 100) : null,
    jitterMs: inMs(heard?.jitter),
    roundTripMs: inMs(pair?.currentRoundTripTime),
  };
}

/** Tells `show` the quality of `call` until it is over. */
export function watchQuality(call, show) {
  let before;
  const timer = setInterval(async () => {
    const stats = await call.peer?.getStats();
    if (!stats || stats.size === 0) return;
    before = qualityOf(stats, before);
    show(before);
  }, EVERY_MS);
  const stop = () => clearInterval(timer);
  call.addEventListener("ended", stop);
  call.addEventListener("failed", stop);
}

const inMs = (seconds) => (Number.isFinite(seconds) ? seconds * 1000 : null);
