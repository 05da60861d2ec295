// Passages to read, under their articles: what a reply found, what is like an article, what there is.

import { el } from "./dom.js";
import { marked } from "./ranges.js";
import { hrefOf } from "./route.js";
import { sourceLine, titleOf } from "./source.js";

const spansOf = (hit, answers) => [
  ...answers.filter((answer) => answer.article.id === hit.article.id).map(({ range }) => ({ range, kind: "quote" })),
  ...hit.highlights.map((range) => ({ range, kind: "term" })),
];

const passageLink = (hit, question, answers) =>
  el(
    "a",
    {
      className: "passage",
      href: hrefOf({ question, article: hit.article.id, passage: hit.range }),
      dir: "auto",
      "data-stop": "",
    },
    marked(hit.text, hit.range.utf16.start, spansOf(hit, answers)),
  );

const articleItem = (head, question, passages) =>
  el(
    "li",
    { className: "found" },
    el(
      "header",
      {},
      el("h3", { dir: "auto" }, el("a", { href: hrefOf({ question, article: head.id }) }, titleOf(head))),
      sourceLine({ ...head, author: null, published_at: head.published_at?.slice(0, 10) ?? null }),
    ),
    passages,
  );

const section = (heading, items) =>
  el("section", { className: "passages" }, el("h2", {}, heading), el("ol", {}, items));

/** Hits under a heading, an article's together, best first; quotations of `answers` in them are marked as such. */
export const passagesOf = (heading, hits, question, answers = []) => {
  const byArticle = new Map();
  for (const hit of hits) byArticle.set(hit.article.id, [...(byArticle.get(hit.article.id) ?? []), hit]);
  const items = [...byArticle.values()].map((group) => {
    const links = group.map((hit) => el("li", {}, passageLink(hit, question, answers)));
    return articleItem(group[0].article, question, el("ul", {}, links));
  });
  return section(heading, items);
};

/** Articles (heads) under a heading. */
export const articlesOf = (heading, heads) =>
  section(heading, heads.map((head) => articleItem(head, "", null)));
