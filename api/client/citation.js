// A quotation's citation: made of an article where there is none yet, and written in three ways.

import { webUrl } from "./dom.js";
import { slice } from "./ranges.js";
import { day, titleOf } from "./source.js";
import { words } from "./words.js";

const AROUND = 32; // UTF-16 units of text before and after a quotation, to find it by

// Half of a surrogate pair is no character.
const whole = (text) => text.replace(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, "");

/** The citation of `range` in an article, as the archive makes them but for a link into the page. */
export const citationOf = (article, range) => ({
  article_id: article.id,
  sha256: article.sha256,
  source_sha256: article.source_sha256,
  link: article.url,
  range,
  selectors: [
    {
      exact: slice(article.text, range),
      prefix: whole(article.text.slice(Math.max(0, range.utf16.start - AROUND), range.utf16.start)),
      suffix: whole(article.text.slice(range.utf16.end, range.utf16.end + AROUND)),
      type: "TextQuoteSelector",
    },
    { start: range.start, end: range.end, type: "TextPositionSelector" },
  ],
});

const proof = ({ article_id: id, range, sha256 }) => words.proof(id, words.characters(range), sha256);

const byline = (head) => [head.author, head.source, day(head.published_at) ?? words.undated].filter(Boolean).join(", ");

const asText = ({ answer, article, citation }) =>
  [`“${answer}”`, `${titleOf(article)}, ${byline(article)}`, proof(citation), webUrl(citation.link)]
    .filter(Boolean)
    .join("\n");

// What Markdown would read as its own. A line that begins with a number and a full stop would be a list.
const escaped = (text) => text.replace(/[\\`*_{}[\]<>()#+!|~-]/g, "\\$&").replace(/^(\s*\d+)\./gm, "$1\\.");

const asMarkdown = ({ answer, article, citation }) => {
  const quote = escaped(answer)
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .map((line) => `> ${line}`)
    .join("\n");
  const href = webUrl(citation.link)?.replace(/[()<>\s]/g, encodeURIComponent).replaceAll("(", "%28").replaceAll(")", "%29");
  const title = escaped(titleOf(article).replace(/\s+/g, " "));
  return `${quote}\n>\n> — ${href ? `[${title}](${href})` : title}, ${escaped(byline(article))}\n\n${proof(citation)}`;
};

// `pullquote verify` takes it.
const asJson = ({ citation }) => JSON.stringify(citation, null, 2);

/** Name of a format -> {answer, article, citation} as a text of that format: enough to find and to check the quotation. */
export const formats = { [words.text]: asText, [words.markdown]: asMarkdown, [words.json]: asJson };
