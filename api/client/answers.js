// A reply's quotations: the best one as a pull quote, the others below it.

import { factsOf } from "./badge.js";
import { copyButtons } from "./copy.js";
import { el } from "./dom.js";
import { marked } from "./ranges.js";
import { hrefOf } from "./route.js";
import { saveButtons } from "./save.js";
import { originLink, sourceLine, titleOf } from "./source.js";
import { answersTable } from "./tables.js";
import { words } from "./words.js";

// The longer, the smaller it is set: a pull quote fits on one screen.
const lengthOf = (answer) => {
  const bounds = { short: 40, medium: 110, long: 240 };
  return Object.keys(bounds).find((name) => answer.length <= bounds[name]) ?? "longest";
};

const sureness = ({ confidence, score }) => (confidence === null ? words.score(score) : words.confidence(confidence));

const actions = (answer, href, ...more) =>
  el(
    "p",
    { className: "actions" },
    el("a", { href, className: "open" }, words.open),
    copyButtons(answer),
    originLink(answer.citation.link),
    ...more,
  );

const context = ({ answer, context: { text, range: place }, range }) =>
  text === answer
    ? null
    : el("p", { className: "context", dir: "auto" }, marked(text, place.utf16.start, [{ range, kind: "quote" }]));

const support = (found, at) =>
  found.others.length === 0
    ? null
    : el(
        "details",
        { className: "support" },
        el("summary", {}, words.support(found)),
        el(
          "ul",
          {},
          found.others.map(({ answer, article, citation }) =>
            el(
              "li",
              {},
              el("q", { dir: "auto" }, answer),
              el("a", { href: hrefOf({ ...at, article: article.id, quote: citation.range }) }, titleOf(article)),
              sourceLine(article),
            ),
          ),
        ),
      );

const figure = (answer, at, archive, className, ...more) => {
  const href = hrefOf({ ...at, article: answer.article.id, quote: answer.range });
  const article = archive.article(answer.article.id);
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
    factsOf(answer.answer, answer.citation, article, el("span", {}, sureness(answer))),
    actions(answer, href, ...more),
    support(answer.support, at),
  );
};

/** The quotations of a reply that has some, as nodes; `archive` fetches their articles, which open over the route `at`. */
export const answersOf = ({ answers }, at, archive) => {
  const [best, ...others] = answers;
  const save = saveButtons(() => answersTable(answers), words.saveAnswers(answers.length));
  const large = figure(best, at, archive, "pull", save);
  if (others.length === 0) return [large];
  const smaller = others.map((answer) => el("li", {}, figure(answer, at, archive, "small")));
  return [large, el("section", { className: "others" }, el("h2", {}, words.otherAnswers), el("ol", {}, smaller))];
};
