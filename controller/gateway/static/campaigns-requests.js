// Sends what changes something: JSON, or a form with a file. The one place where such requests are made.

import { csrfHeaders } from "./csrf.js";
import { toldToLogIn } from "./login-over.js";

/** The answer's JSON. Raises Error with the server's words. */
export async function send(url, { method = "POST", body = {} } = {}) {
  const answer = await fetch(url, {
    method,
    headers: { "Content-Type": "application/json", Accept: "application/json", ...csrfHeaders() },
    body: method === "DELETE" ? undefined : JSON.stringify(body),
  });
  return told(answer.status, await answer.text());
}

/** Uploads a form, telling how much of it is sent (0-100). The answer's JSON; raises Error likewise. */
export function upload(url, form, progress) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest(); // fetch tells nothing of an upload's progress
    request.open("POST", url);
    const headers = { Accept: "application/json", ...csrfHeaders() };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && progress((100 * event.loaded) / event.total);
    request.onerror = () => failed(new Error("the connection was lost"));
    request.onload = () => {
      try {
        done(told(request.status, request.responseText));
      } catch (error) {
        failed(error);
      }
    };
    request.send(form);
  });
}

function told(status, text) {
  toldToLogIn({ status });
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new Error(`HTTP ${status}`); // a proxy's page, not our answer
  }
  if (status >= 400) throw new Error(answer.error?.message ?? `HTTP ${status}`);
  return answer;
}
