// The sheet over the page in which one article is read.

import { Failure } from "./archive.js";
import { articleNode } from "./article.js";
import { el } from "./dom.js";
import { failureNotice } from "./notices.js";
import { passagesOf } from "./passages.js";
import { under } from "./route.js";
import { titleOf } from "./source.js";
import { words } from "./words.js";

const markOf = (node) => node.querySelector("mark.quote, mark.excerpt");

const show = (mark) => {
  mark.scrollIntoView({ block: "center" });
  mark.tabIndex = -1; // the reader's keyboard and screen reader go on from here
  mark.focus({ preventScroll: true });
};

const bar = (dialog, title, mark) =>
  el(
    "div",
    { className: "bar" },
    el("p", { className: "running", dir: "auto", ariaHidden: "true" }, title),
    mark && el("button", { type: "button", onclick: () => show(mark) }, words.toMark),
    el("button", { type: "button", className: "close", title: words.closeHow, onclick: () => dialog.close() }, words.close),
  );

const similarSection = async (archive, route) => {
  const { items } = await archive.similar(route.article);
  return items.length ? passagesOf(words.similar, items, under(route)) : null;
};

/**
 * Opens articles in `dialog`. `open(route)` shows route.article; `close()` hides it; `onClose` runs when it hides.
 * `archive.citation(route)` is that of the quotation that is marked, if it is known.
 */
export const sheetOf = (dialog, archive, onClose) => {
  let shown = null;

  const fill = (...nodes) => dialog.replaceChildren(...nodes.filter(Boolean));

  const open = async (route) => {
    shown = route;
    dialog.ariaLabel = words.article;
    fill(bar(dialog, words.opening, null));
    if (!dialog.open) dialog.showModal();
    try {
      const article = await archive.article(route.article);
      if (shown !== route) return; // another article was opened meanwhile
      const node = articleNode(article, route, archive.citation(route));
      fill(bar(dialog, titleOf(article), markOf(node)), node);
      dialog.ariaLabel = titleOf(article);
      dialog.scrollTop = 0;
      if (markOf(node)) show(markOf(node));
      const similar = await similarSection(archive, route);
      if (shown === route && similar) dialog.append(similar);
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      if (shown === route) fill(bar(dialog, "", null), failureNotice(failure, () => open(route)));
    }
  };

  dialog.addEventListener("close", () => {
    if (dialog.open) return; // the event comes late: another article was opened meanwhile
    shown = null;
    onClose();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  });
  return { open, close: () => dialog.close() };
};
