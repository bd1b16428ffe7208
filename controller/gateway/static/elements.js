// Makes DOM elements. Text always goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with a class, text or children. */
export function element(tag, { className = "", text, lang, children = [] } = {}) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  if (lang) node.lang = lang;
  node.append(...children);
  return node;
}

/** An SVG element with attributes. */
export function svg(tag, attributes = {}, children = []) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}
