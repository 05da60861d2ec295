// The badge of a quotation: what came of checking it here.

import { el } from "./dom.js";
import { verify } from "./verify.js";
import { words } from "./words.js";

/** A badge for a quotation; `article` is the promise of its article's text. */
export const badgeOf = (answer, citation, article) => {
  const node = el("span", { className: "badge", "data-state": "checking" }, words.checking);
  const settle = (state, how) => {
    node.dataset.state = state;
    node.title = how;
    node.replaceChildren(words[state]);
  };
  article
    .then((found) => verify(answer, citation, found))
    .then((state) => settle(state, words[`${state}How`]))
    .catch((failure) => settle("unchecked", failure.message));
  return node;
};

/** What is checked of a quotation, as a line (or, in the margin, a column) of small print; `parts` come last. */
export const factsOf = (answer, citation, article, ...parts) =>
  el(
    "p",
    { className: "facts" },
    badgeOf(answer, citation, article),
    el("span", {}, words.characters(citation.range)),
    el("span", { className: "hash", title: citation.sha256 }, words.hash(citation.sha256)),
    ...parts,
  );
