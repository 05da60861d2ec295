// What a question, a search or an example found, as nodes.

import { answersOf } from "./answers.js";
import { el } from "./dom.js";
import { abstentionOf } from "./notices.js";
import { passagesOf } from "./passages.js";
import { words } from "./words.js";

const leftOut = ({ unknown_date: n }) => (n ? [el("p", { className: "aside" }, words.undatedLeftOut(n))] : []);

/** A Reply; its articles open over the route `at`. */
export const replyNodes = (found, at, archive) => {
  const heading = found.answered ? words.passages : words.readInstead;
  return [
    ...(found.answered ? answersOf(found, at, archive) : [abstentionOf(found.reason)]),
    ...(found.passages.length ? [passagesOf(heading, found.passages, at, { answers: found.answers, narrow: true })] : []),
    ...leftOut(found.excluded),
  ];
};

const emptyReason = ({ view }) => (view.articles === 0 ? "empty_archive" : "no_match");

/** A list of hits; `more`, if any, is called to get those that follow. */
export const hitNodes = (found, at, more = null) => {
  if (found.items.length === 0) return [abstentionOf(emptyReason(found)), ...leftOut(found.excluded)];
  const heading = at.mode === "like" ? words.alike : words.foundHere;
  const button = more && el("button", { type: "button", className: "again", onclick: more }, words.more);
  return [passagesOf(heading, found.items, at, { narrow: true }), ...leftOut(found.excluded), ...(button ? [button] : [])];
};
