// What the page shows, as its URL's fragment: it survives a reload, and no server ever sees it.
// #ask=QUESTION&article=ID&quote=START-END (or &passage=START-END), offsets in code points.

const spanOf = (value) => {
  const [, start, end] = /^(\d{1,9})-(\d{1,9})$/.exec(value ?? "") ?? [];
  return end === undefined ? null : { start: Number(start), end: Number(end) };
};

/** {question, article, quote, passage} of a fragment; what is absent or malformed is null (question: ""). */
export const readRoute = (hash) => {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  return {
    question: params.get("ask")?.trim() ?? "",
    article: params.get("article"),
    quote: spanOf(params.get("quote")),
    passage: spanOf(params.get("passage")),
  };
};

/** The fragment of a route, "#" for the empty one. */
export const hrefOf = ({ question, article, quote, passage }) => {
  const params = new URLSearchParams();
  if (question) params.set("ask", question);
  if (article) params.set("article", article);
  if (article && quote) params.set("quote", `${quote.start}-${quote.end}`);
  if (article && passage) params.set("passage", `${passage.start}-${passage.end}`);
  return `#${params}`;
};
