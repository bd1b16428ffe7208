// What every request that changes something must bring along when a login's cookie goes with it: a token
// that only our own pages can read. It must never know what is asked for.

/** The headers to send, for `fetch`; empty where nobody is logged in. */
export function csrfHeaders() {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  return token ? { "X-CSRF-Token": token } : {};
}
