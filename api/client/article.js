// One article, set for reading, with the quoted span or found passage marked.

import { factsOf } from "./badge.js";
import { citationOf } from "./citation.js";
import { copyButtons } from "./copy.js";
import { el } from "./dom.js";
import { marked, rangeOf, slice } from "./ranges.js";
import { originLink, sourceLine, titleOf } from "./source.js";
import { words } from "./words.js";

const TAGS = { headline: "h1", byline: "p", dateline: "p", summary: "p", body: "p", caption: "p", furniture: "p" };

// A block may hold several paragraphs: between them lies a line of white space, or U+2029.
const PARAGRAPH_END = /\s*(?:\r\n|[\n\r\u0085])[^\S\r\n]*(?:\r\n|[\n\r\u0085])\s*|\s*\u2029\s*/g;

const paragraphsOf = (text, { kind, range: { utf16 } }) => {
  const paragraphs = [];
  let start = utf16.start;
  for (const gap of text.slice(start, utf16.end).matchAll(PARAGRAPH_END)) {
    paragraphs.push({ kind, start, end: utf16.start + gap.index });
    start = utf16.start + gap.index + gap[0].length;
  }
  return [...paragraphs, { kind, start, end: utf16.end }];
};

// The words of an article that lie in none of its blocks are shown as body: nothing is lost to the reader.
const piecesOf = ({ text, blocks }) => {
  const pieces = [];
  let done = 0;
  const gap = (end) => {
    if (text.slice(done, end).trim()) pieces.push({ kind: "body", start: done, end });
  };
  for (const block of blocks) {
    gap(block.range.utf16.start);
    pieces.push(...paragraphsOf(text, block));
    done = block.range.utf16.end;
  }
  gap(text.length);
  return pieces;
};

const blockOf = ({ kind, start, end }, article, spans, isHeadline) => {
  const nodes = marked(article.text.slice(start, end), start, spans);
  const hasMark = nodes.length > 1;
  return el(
    kind === "headline" && !isHeadline ? "h2" : TAGS[kind],
    {
      className: kind,
      dir: "auto",
      lang: article.language,
      id: isHeadline ? "headline" : null,
      hidden: kind === "furniture" && !hasMark,
    },
    nodes,
  );
};

const furnitureButton = (furniture) => {
  const hidden = furniture.filter((node) => node.hidden);
  if (hidden.length === 0) return null;
  const button = el("button", { type: "button", className: "more", ariaExpanded: "false" }, words.furniture(hidden.length));
  button.onclick = () => {
    const show = button.ariaExpanded === "false";
    hidden.forEach((node) => (node.hidden = !show));
    button.ariaExpanded = String(show);
    button.replaceChildren(show ? words.furnitureShown : words.furniture(hidden.length));
  };
  return button;
};

const spansOf = (article, { quote, passage }) =>
  [
    { span: quote, kind: "quote" },
    { span: passage, kind: "excerpt" },
  ]
    .filter(({ span }) => span)
    .map(({ span, kind }) => ({ kind, range: rangeOf(article.text, span.start, span.end) }));

// The marked words may be cited, whatever led to them.
const proofOf = (article, { range }, citation) => {
  const answer = slice(article.text, range);
  const cited = citation ?? citationOf(article, range);
  return el(
    "div",
    { className: "proof" },
    factsOf(answer, cited, Promise.resolve(article)),
    el("p", { className: "actions" }, copyButtons({ answer, article, citation: cited })),
  );
};

/**
 * An article as an element; `citation` is that of its quotation, where there is one already. `route` says what is marked
 * in it ({quote, passage}, in code points, each may be null).
 */
export const articleNode = (article, route, citation = null) => {
  const asked = spansOf(article, route);
  const spans = asked.filter(({ range }) => range);
  const pieces = piecesOf(article);
  const headline = pieces.find(({ kind }) => kind === "headline");
  const signed = pieces.some(({ kind }) => kind === "byline");
  const blocks = pieces.map((piece) => blockOf(piece, article, spans, piece === headline));
  const text = el("div", { className: "text" }, blocks);
  if (spans.length > 0) blocks.findLast((node) => node.querySelector("mark")).after(proofOf(article, spans[0], citation));
  return el(
    "article",
    {},
    sourceLine(signed ? { ...article, author: null } : article, originLink(article.url)),
    headline ? null : el("h1", { id: "headline", className: "headline", dir: "auto" }, titleOf(article)),
    spans.length < asked.length ? el("p", { className: "notice" }, words.noSuchPiece) : null,
    text,
    furnitureButton(blocks.filter((node) => node.className === "furniture")),
  );
};
