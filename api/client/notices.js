// What is said when there is no quotation: abstention, an empty archive, an error.

import { el, prose } from "./dom.js";
import { words } from "./words.js";

const notice = (title, detail, ...more) =>
  el("div", { className: "notice" }, el("p", { className: "lead" }, title), detail && el("p", {}, prose(detail)), ...more);

/** Why a reply quotes nothing. */
export const abstentionOf = (reason) => {
  if (reason === "empty_archive") return notice(words.empty, words.emptyHelp);
  if (reason === "no_match") return notice(words.noMatch, words.noMatchHelp);
  return notice(words.lowConfidence, null);
};

/** A Failure, with a button that tries again. */
export const failureNotice = (failure, again) => {
  const node = notice(
    failure.title ?? words.failed,
    failure.message,
    failure.requestId && el("p", { className: "request" }, words.request(failure.requestId)),
    el("button", { type: "button", className: "again", onclick: again }, words.again),
  );
  node.setAttribute("role", "alert");
  return node;
};
