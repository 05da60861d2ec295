// Passages to read, under their articles: what a reply found, what is like an article, what there is.

import { el } from "./dom.js";
import { facetsOf } from "./facets.js";
import { marked } from "./ranges.js";
import { hrefOf } from "./route.js";
import { saveButtons } from "./save.js";
import { sourceLine, titleOf } from "./source.js";
import { articlesTable, hitsTable } from "./tables.js";

const spansOf = (hit, answers) => [
  ...answers.filter((answer) => answer.article.id === hit.article.id).map(({ range }) => ({ range, kind: "quote" })),
  ...hit.highlights.map((range) => ({ range, kind: "term" })),
];

const passageLink = (hit, at, answers) =>
  el(
    "a",
    {
      className: "passage",
      href: hrefOf({ ...at, article: hit.article.id, passage: hit.range }),
      dir: "auto",
      "data-stop": "",
    },
    marked(hit.text, hit.range.utf16.start, spansOf(hit, answers)),
  );

const articleItem = (head, at, passages) =>
  el(
    "li",
    { className: "found" },
    el(
      "header",
      {},
      el("h3", { dir: "auto" }, el("a", { href: hrefOf({ ...at, article: head.id }) }, titleOf(head))),
      sourceLine({ ...head, author: null, published_at: head.published_at?.slice(0, 10) ?? null }),
    ),
    passages,
  );

const section = (heading, table, facets, items) =>
  el(
    "section",
    { className: "passages" },
    el("div", { className: "head" }, el("h2", {}, heading), saveButtons(table)),
    facets,
    el("ol", {}, items),
  );

/**
 * Hits under a heading, an article's together, best first; quotations of `answers` in them are marked as such.
 * `at` is the route over which their articles open; with `narrow`, links to the hits' sources and years come first.
 */
export const passagesOf = (heading, hits, at, { answers = [], narrow = false } = {}) => {
  const byArticle = new Map();
  for (const hit of hits) byArticle.set(hit.article.id, [...(byArticle.get(hit.article.id) ?? []), hit]);
  const items = [...byArticle.values()].map((group) => {
    const links = group.map((hit) => el("li", {}, passageLink(hit, at, answers)));
    return articleItem(group[0].article, at, el("ul", {}, links));
  });
  return section(heading, () => hitsTable(hits), narrow ? facetsOf(hits, at) : null, items);
};

/** Articles (heads) under a heading. */
export const articlesOf = (heading, heads, at) =>
  section(
    heading,
    () => articlesTable(heads),
    null,
    heads.map((head) => articleItem(head, at, null)),
  );
