// What caller and agent say after a hand-over: who it was, and when, for the head of a row.

import { element } from "../elements.js";

const PHONE = /^extension (\S+)$/;

/** The words for an agent: a key of the texts and its parameters. */
export function agentWords(agent) {
  const [, number] = PHONE.exec(String(agent ?? "")) ?? [];
  return number ? ["person_phone", { number }] : ["person_agent", { name: String(agent ?? "") }];
}

/** The time of day of a moment, as people there write it. */
export function clock(at) {
  const moment = new Date(at);
  const known = !Number.isNaN(moment.getTime());
  const time = element("time", { className: "badge", text: known ? moment.toLocaleTimeString() : "" });
  if (known) time.dateTime = moment.toISOString();
  return time;
}
