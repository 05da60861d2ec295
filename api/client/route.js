// What the page shows, as its URL's fragment: it survives a reload, and no server ever sees it.
// #ask=QUESTION (or search=WORDS, like=TEXT, many=) &since=2019&until=2020-03&source=NAME&source=NAME
// &article=ID&quote=START-END (or &passage=START-END), offsets in code points.

/** The ways to look into the archive, the first one where the fragment names none. */
export const MODES = ["ask", "search", "like", "many"];

const spanOf = (value) => {
  const [, start, end] = /^(\d{1,9})-(\d{1,9})$/.exec(value ?? "") ?? [];
  return end === undefined ? null : { start: Number(start), end: Number(end) };
};

/** {mode, text, filters: {since, until, source}, article, quote, passage}; what is absent or malformed is null or empty. */
export const readRoute = (hash) => {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  const mode = MODES.find((name) => params.has(name)) ?? MODES[0];
  return {
    mode,
    text: params.get(mode)?.trim() ?? "",
    filters: {
      since: params.get("since") || null,
      until: params.get("until") || null,
      source: [...new Set(params.getAll("source").filter(Boolean))],
    },
    article: params.get("article"),
    quote: spanOf(params.get("quote")),
    passage: spanOf(params.get("passage")),
  };
};

/** The fragment of a route, "#" for the empty one; what is left out is as `readRoute` gives it. */
export const hrefOf = ({ mode = MODES[0], text, filters, article, quote, passage }) => {
  const params = new URLSearchParams();
  if (text || mode !== MODES[0]) params.set(mode, text ?? "");
  if (filters?.since) params.set("since", filters.since);
  if (filters?.until) params.set("until", filters.until);
  for (const name of filters?.source ?? []) params.append("source", name);
  if (article) params.set("article", article);
  if (article && quote) params.set("quote", `${quote.start}-${quote.end}`);
  if (article && passage) params.set("passage", `${passage.start}-${passage.end}`);
  return `#${params}`;
};

/** A route without the article that lies open over it. */
export const under = ({ mode, text, filters }) => ({ mode, text, filters });
