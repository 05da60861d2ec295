// Elements without markup: a string becomes a text node, so nothing is ever parsed as HTML.

/** An element. A property that is null or undefined is left out; what is no DOM property becomes an attribute. */
export const el = (tag, props = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined) continue;
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
};

/** A sentence as nodes, its `commands` set as code. */
export const prose = (sentence) =>
  sentence.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));

/** `url` if it is absolute and http or https, else null: `javascript:` and its like never become links. */
export const webUrl = (url) => {
  if (!url || !URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  return protocol === "https:" || protocol === "http:" ? href : null;
};
