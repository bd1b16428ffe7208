// Puts texts into elements and keeps them right when the language changes: an element remembers its
// key. Knows nothing of what the texts are about.

import { STRINGS } from "./strings.js";

const STORED_AS = "switchtalk.language";
const ATTRIBUTES = Object.freeze({ label: "aria-label", placeholder: "placeholder", title: "title" });
const HTML_LANG = Object.freeze({ en: "en", zh: "zh-Hans" });

const parameters = new WeakMap();
let language = preferred();

/** The text of a key in the page's language; a key without a text shows itself. */
export function text(key, params = {}) {
  const template = STRINGS[language][key] ?? STRINGS.en[key] ?? key;
  return template.replace(/\{(\w+)\}/g, (_, name) => String(params[name] ?? ""));
}

export const has = (key) => key in STRINGS.en;

/** Gives an element its text, now and after a change of language. */
export function show(element, key, params = {}) {
  if (element.dataset.i18n === key && element.textContent === text(key, params)) return element;
  element.dataset.i18n = key;
  parameters.set(element, params);
  element.textContent = text(key, params);
  return element;
}

/** Translates the document: `data-i18n` is the text, `data-i18n-label` and the like attributes. */
export function translate() {
  document.documentElement.lang = HTML_LANG[language];
  document.title = text("page_title");
  for (const element of document.querySelectorAll("[data-i18n]")) {
    element.textContent = text(element.dataset.i18n, parameters.get(element));
  }
  for (const [name, attribute] of Object.entries(ATTRIBUTES)) {
    for (const element of document.querySelectorAll(`[data-i18n-${name}]`)) {
      element.setAttribute(attribute, text(element.getAttribute(`data-i18n-${name}`)));
    }
  }
}

export function switchLanguage() {
  language = language === "en" ? "zh" : "en";
  try {
    localStorage.setItem(STORED_AS, language);
  } catch (error) {
    console.info("The language can't be remembered:", error.message); // private browsing
  }
  translate();
}

function preferred() {
  const wanted = [stored(), ...navigator.languages].map((tag) => String(tag).slice(0, 2).toLowerCase());
  return wanted.find((tag) => tag in STRINGS) ?? "en";
}

function stored() {
  try {
    return localStorage.getItem(STORED_AS);
  } catch {
    return null; // private browsing
  }
}
