// What is said when there is no quotation: abstention, an empty archive, an error.

import { useKey } from "./archive.js";
import { el, prose } from "./dom.js";
import { words } from "./words.js";

// Servers end no sentence with a full stop.
const ended = (sentence) => (/[\p{L}\p{N})`]$/u.test(sentence) ? `${sentence}.` : sentence);

const notice = (title, detail, ...more) =>
  el(
    "div",
    { className: "notice" },
    el("p", { className: "lead" }, title),
    detail ? el("p", {}, prose(ended(detail))) : null,
    ...more,
  );

/** Why a reply quotes nothing. */
export const abstentionOf = (reason) => {
  if (reason === "empty_archive") return notice(words.empty, words.emptyHelp);
  if (reason === "no_match") return notice(words.noMatch, words.noMatchHelp);
  return notice(words.lowConfidence, null);
};

/** A sentence, and what to do about it. */
export const hintOf = (title, detail) => notice(title, detail);

const againButton = (again) => el("button", { type: "button", className: "again", onclick: again }, words.again);

const keyForm = (again) => {
  const inAHeader = "\\s*[!-~]+\\s*"; // what HTTP can carry
  const field = el("input", { type: "password", id: "key", required: true, pattern: inAHeader, autocomplete: "off" });
  const form = el(
    "form",
    { className: "key" },
    el("label", { htmlFor: "key" }, words.key),
    field,
    el("button", { type: "submit" }, words.again),
    el("p", { className: "request" }, words.keyHelp),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    useKey(field.value.trim());
    again();
  });
  return form;
};

/** A Failure, with a button that tries again; where the server wants a key, with a field for it. */
export const failureNotice = (failure, again) => {
  const node = notice(
    failure.title ?? words.failed,
    failure.type === "urn:pullquote:key-missing" ? words.keyWanted : failure.message,
    failure.requestId && failure.status !== 401 ? el("p", { className: "request" }, words.request(failure.requestId)) : null,
    failure.status === 401 ? keyForm(again) : failure.status === 404 ? null : againButton(again),
  );
  node.setAttribute("role", "alert");
  return node;
};
