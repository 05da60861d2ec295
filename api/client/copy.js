// Citations, copied.

import { formats } from "./citation.js";
import { el } from "./dom.js";
import { words } from "./words.js";

// Without clipboard rights the citation is shown, selected, to be copied by hand.
const byHand = (text) => el("textarea", { className: "citation", readOnly: true, value: text, rows: 4, ariaLabel: words.notCopied });

const copyButton = (name, text, place) => {
  const button = el("button", { type: "button", className: "plain", ariaLabel: words.copyAs(name) }, name);
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.replaceChildren(words.copied);
      setTimeout(() => button.replaceChildren(name), 2000);
    } catch {
      const field = byHand(text());
      place().querySelector("textarea")?.remove();
      place().append(field);
      field.select();
    }
  };
  return button;
};

/** Buttons that copy the citation of {answer, article, citation}, one a format. */
export const copyButtons = (quoted) => {
  const node = el("span", { className: "copy", role: "group", ariaLabel: words.copy }, `${words.copy} `);
  const buttons = Object.entries(formats).map(([name, write]) => copyButton(name, () => write(quoted), () => node));
  node.append(...buttons);
  return node;
};
