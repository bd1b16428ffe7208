// Keeps a phone's screen on during a call: a locked screen would cut the microphone. Best effort; not
// every browser can, and the system may refuse to save its battery.

/** Gives the function that lets the screen go again. */
export async function holdScreen() {
  try {
    const lock = await navigator.wakeLock?.request("screen");
    return () => lock?.release();
  } catch (error) {
    console.info("The screen may turn off during the call:", error.message);
    return () => {};
  }
}
