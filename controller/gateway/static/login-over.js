// Whether the login that a page was opened with is over. A WebSocket that is refused tells a page nothing,
// so it asks whether it could be opened again.

/** True when asking for this page again leads to the login; false too when nobody answers. */
export async function loginIsOver() {
  try {
    const answer = await fetch(location.pathname, { redirect: "manual", cache: "no-store" });
    return answer.type === "opaqueredirect";
  } catch {
    return false; // no network: something else is wrong
  }
}

/** Shows what the server put on the page for this moment; whether `answer` says that it has come. */
export function toldToLogIn(answer) {
  const over = answer.status === 401 || (answer.redirected && new URL(answer.url).pathname === "/login");
  if (over) document.getElementById("login-over").hidden = false;
  return over;
}
