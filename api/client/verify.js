// A quotation checked in the reader's own browser, against the article's text as the archive now gives it.

import { rangeOf, slice } from "./ranges.js";

const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

// Counted here, from code points: the server's UTF-16 offsets are not taken on trust.
const stands = (answer, { range }, { text }) => {
  const counted = rangeOf(text, range.start, range.end);
  return counted !== null && slice(text, counted) === answer && slice(text, range) === answer;
};

/**
 * Whether `answer` is what stands in `article` where `citation` says:
 * "verified" (characters and SHA-256), "quoteOnly" (no WebCrypto on plain http away from localhost) or "mismatch".
 */
export const verify = async (answer, citation, article) => {
  if (!stands(answer, citation, article)) return "mismatch";
  if (!globalThis.crypto?.subtle) return "quoteOnly";
  const digest = hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(article.text)));
  return digest === citation.sha256 ? "verified" : "mismatch";
};
