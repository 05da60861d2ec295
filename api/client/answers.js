// A reply's quotations: the best one as a pull quote, the others below it.

import { el } from "./dom.js";
import { marked } from "./ranges.js";
import { hrefOf } from "./route.js";
import { citationText, originLink, sourceLine, titleOf } from "./source.js";
import { verify } from "./verify.js";
import { words } from "./words.js";

// The longer, the smaller it is set: a pull quote fits on one screen.
const lengthOf = (answer) => {
  const bounds = { short: 40, medium: 110, long: 240 };
  return Object.keys(bounds).find((name) => answer.length <= bounds[name]) ?? "longest";
};

const quoteHref = (question, id, range) => hrefOf({ question, article: id, quote: range });

const badge = (answer, archive) => {
  const node = el("span", { className: "badge", "data-state": "checking" }, words.checking);
  const settle = (state, how) => {
    node.dataset.state = state;
    node.title = how;
    node.replaceChildren(words[state]);
  };
  archive
    .article(answer.article.id)
    .then((article) => verify(answer.answer, answer.citation, article))
    .then((state) => settle(state, words[`${state}How`]))
    .catch((failure) => settle("unchecked", failure.message));
  return node;
};

const facts = (answer, archive) => {
  const { confidence, score, citation } = answer;
  const sure = confidence === null ? words.score(score) : words.confidence(confidence);
  return el(
    "p",
    { className: "facts" },
    badge(answer, archive),
    el("span", {}, words.characters(answer.range)),
    el("span", { className: "hash", title: citation.sha256 }, words.hash(citation.sha256)),
    el("span", {}, sure),
  );
};

const copyButton = (answer) => {
  const text = citationText(answer.answer, answer.article, answer.citation);
  const button = el("button", { type: "button", className: "copy" }, words.copy);
  const byHand = () => {
    // Without clipboard rights the citation is shown, selected, to be copied by hand.
    const field = el("textarea", { className: "citation", readOnly: true, value: text, rows: 4, ariaLabel: words.notCopied });
    button.replaceWith(field);
    field.select();
  };
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.replaceChildren(words.copied);
      setTimeout(() => button.replaceChildren(words.copy), 2000);
    } catch {
      byHand();
    }
  };
  return button;
};

const actions = (answer, href) =>
  el(
    "p",
    { className: "actions" },
    el("a", { href, className: "open" }, words.open),
    copyButton(answer),
    originLink(answer.citation.link),
  );

const context = ({ answer, context: { text, range: place }, range }) =>
  text === answer
    ? null
    : el("p", { className: "context", dir: "auto" }, marked(text, place.utf16.start, [{ range, kind: "quote" }]));

const support = (question, found) =>
  found.others.length === 0
    ? null
    : el(
        "details",
        { className: "support" },
        el("summary", {}, words.support(found)),
        el(
          "ul",
          {},
          found.others.map((other) =>
            el(
              "li",
              {},
              el("q", { dir: "auto" }, other.answer),
              el("a", { href: quoteHref(question, other.article.id, other.citation.range) }, titleOf(other.article)),
              sourceLine(other.article),
            ),
          ),
        ),
      );

const figure = (question, answer, archive, className) => {
  const href = quoteHref(question, answer.article.id, answer.range);
  return el(
    "figure",
    { className, "data-length": lengthOf(answer.answer) },
    el("blockquote", {}, el("p", { className: "answer", dir: "auto" }, answer.answer)),
    el(
      "figcaption",
      {},
      el("a", { className: "title", href, dir: "auto", "data-stop": "" }, titleOf(answer.article)),
      sourceLine(answer.article),
    ),
    context(answer),
    facts(answer, archive),
    actions(answer, href),
    support(question, answer.support),
  );
};

/** The quotations of a reply that has some, as nodes; `archive` fetches their articles to check them. */
export const answersOf = ({ question, answers: [best, ...others] }, archive) => {
  const large = figure(question, best, archive, "pull");
  if (others.length === 0) return [large];
  const smaller = others.map((answer) => el("li", {}, figure(question, answer, archive, "small")));
  return [large, el("section", { className: "others" }, el("h2", {}, words.otherAnswers), el("ol", {}, smaller))];
};
