// Where words come from: the line under a quotation.

import { el, webUrl } from "./dom.js";
import { words } from "./words.js";

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: "UTC" });

/** "6 February 2022" of an RFC 3339 time or bare date; what is no date is shown as it is; null stays null. */
export const day = (published) => {
  const time = Date.parse(published ?? "");
  return Number.isNaN(time) ? published : DAY.format(time);
};

const timeNode = (published) => {
  // Only a full time has a T: a bare date would claim midnight.
  const clock = published.includes("T") ? `, ${TIME.format(Date.parse(published))} UTC` : "";
  return el("time", { dateTime: published }, `${day(published)}${clock}`);
};

/** An article's title, or words for its absence. */
export const titleOf = (head) => head.title ?? words.untitled(head.id);

/** Source, date and author as one line; `parts` are more nodes for its end. */
export const sourceLine = (head, ...parts) =>
  el(
    "p",
    { className: "source" },
    [
      head.source && el("span", { className: "publisher" }, head.source),
      head.published_at ? timeNode(head.published_at) : el("span", {}, words.undated),
      head.author && el("span", { className: "author" }, words.by(head.author)),
      ...parts,
    ]
      .filter(Boolean)
      .map((part) => el("span", { className: "part" }, part)),
  );

/** A link to where the article was published (at the quotation, where its browser can), or null. */
export const originLink = (url) => {
  const href = webUrl(url);
  if (!href) return null;
  return el("a", { className: "origin", href, target: "_blank", rel: "noopener noreferrer" }, words.source);
};
