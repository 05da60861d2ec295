// What the hits of a list have in common, as links that narrow it.

import { el } from "./dom.js";
import { hrefOf } from "./route.js";
import { words } from "./words.js";

const MOST = 8;

const counted = (values) => {
  const counts = new Map();
  for (const value of values.filter(Boolean)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts];
};

const facet = (label, counts, hrefFor) =>
  counts.length < 2
    ? null
    : el(
        "p",
        { className: "facet" },
        el("span", { className: "label" }, label),
        counts
          .slice(0, MOST)
          .map(([value, count]) =>
            el("a", { href: hrefFor(value) }, value, el("span", { className: "count" }, " ", words.passageCount(count))),
          ),
      );

/** Links to the sources and the years of `hits`, or null where there is nothing to choose; `at` is the route. */
export const facetsOf = (hits, at) => {
  const narrowed = (filters) => hrefOf({ ...at, filters: { ...at.filters, ...filters } });
  const sources = counted(hits.map(({ article }) => article.source)).sort((a, b) => b[1] - a[1]);
  const years = counted(hits.map(({ article }) => article.published_at?.slice(0, 4))).sort(([a], [b]) => a.localeCompare(b));
  const facets = [
    facet(words.years, years, (year) => narrowed({ since: year, until: year })),
    facet(words.sources, sources, (source) => narrowed({ source: [source] })),
  ].filter(Boolean);
  return facets.length ? el("nav", { className: "facets", ariaLabel: words.narrowLabel }, facets) : null;
};
