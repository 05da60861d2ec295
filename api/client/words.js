// The page's English, in one place.

const many = (n, one, more) => `${n.toLocaleString("en-GB")} ${n === 1 ? one : more}`;

export const words = {
  site: "Pullquote",
  articles: (n) => many(n, "article", "articles"),
  dates: (oldest, newest) => (oldest === newest ? oldest : `${oldest} to ${newest}`),

  front: "Latest in the archive",

  asking: "Reading the archive…",
  slow: "Still reading. The first question after a start takes the longest.",
  found: (n) => many(n, "quotation found.", "quotations found."),
  abstained: "No quotation found.",
  failed: "No reply.",

  lowConfidence: "The archive does not answer this surely enough to quote.",
  noMatch: "Nothing in the archive matches this question.",
  noMatchHelp: "Try the names and words that an article would use.",
  empty: "The archive is empty.",
  emptyHelp: "Add articles with `pullquote index PATH`, then ask again.",
  readInstead: "Read these instead",
  passages: "Closest passages",
  otherAnswers: "Other answers",

  untitled: (id) => `Untitled article ${id}`,
  undated: "undated",
  by: (author) => `By ${author}`,
  open: "Open article",
  openPassage: (title) => `Passage in: ${title}`,
  source: "At the source",
  copy: "Copy citation",
  copied: "Copied",
  notCopied: "Select and copy:",
  characters: (range) => `characters ${range.start}–${range.end}`,
  hash: (sha256) => `SHA-256 ${sha256.slice(0, 10)}…`,
  confidence: (p) => `${Math.round(p * 100)} % confidence`,
  score: (score) => `score ${score.toFixed(2)}, not calibrated`,
  support: ({ articles, independent, others }) => {
    if (articles === 1) return `Said ${many(others.length, "more time", "more times")} in this article`;
    const apart = independent < articles ? `; ${many(independent, "independent text", "independent texts")} in all` : "";
    return `Also in ${many(articles - 1, "other article", "other articles")}${apart}`;
  },

  checking: "Checking…",
  verified: "Verified",
  verifiedHow: "Checked here: the article's text has this SHA-256, and these characters of it are the quotation.",
  quoteOnly: "Quote verified",
  quoteOnlyHow: "Checked here: these characters of the article are the quotation. Its SHA-256 can be checked over https or on this computer only.",
  mismatch: "Not verified",
  mismatchHow: "The article's text is not the one that was quoted: ask again.",
  unchecked: "Not checked",

  opening: "Fetching the article…",
  close: "Close",
  closeHow: "Close the article (Escape)",
  toMark: "Marked words",
  furniture: (n) => `Show ${many(n, "piece", "pieces")} of page furniture`,
  furnitureShown: "Hide page furniture",
  noSuchPiece: "This article has no such characters: the link may be to an older text.",
  similar: "Similar articles",
  noSimilar: "None in this archive.",

  again: "Try again",
  request: (id) => `Request ${id}`,
  offline: "No connection to the archive",
  noServer: "The server did not reply. Start it with `pullquote serve`, then ask again.",
  noNetwork: "This computer is offline. Connect it, then ask again.",
  refused: (status) => `The server answered with status ${status}`,
  noReason: "It gave no reason that can be shown here. Ask again in a moment.",

  madeBy: ({ embedder, reader }) => `Found by ${embedder}, read by ${reader}`,
  size: ({ articles, passages }) => `${many(articles, "article", "articles")}, ${many(passages, "passage", "passages")}`,
  took: (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`),
};
