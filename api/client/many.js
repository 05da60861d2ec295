// Many questions at once: asked two at a time, shown as they are answered, saved as a file.

import { Failure } from "./archive.js";
import { el } from "./dom.js";
import { hrefOf } from "./route.js";
import { saveButtons } from "./save.js";
import { day, titleOf } from "./source.js";
import { manyTable } from "./tables.js";
import { words } from "./words.js";

/** The most questions that are asked in one go. */
export const MOST_QUESTIONS = 5000;
const AT_ONCE = 2; // the server reads one at a time a core; more would only wait there

const outcome = ({ reply, error }, at) => {
  if (error) return [el("span", { className: "bad" }, error.title), ` ${error.detail}`];
  if (!reply.answered) return [el("span", { className: "none" }, words.noAnswer(reply.reason))];
  const [{ answer, article, range }] = reply.answers;
  const href = hrefOf({ ...at, article: article.id, quote: range });
  return [el("a", { href, dir: "auto", "data-stop": "" }, answer)];
};

const source = ({ reply }) => {
  if (!reply?.answered) return [];
  const { article } = reply.answers[0];
  return [el("span", { dir: "auto" }, titleOf(article)), " ", el("span", { className: "date" }, day(article.published_at) ?? words.undated)];
};

const rowOf = (item, at) =>
  el(
    "tr",
    {},
    el("th", { scope: "row", dir: "auto" }, item.question),
    el("td", {}, outcome(item, at)),
    el("td", { className: "where" }, source(item)),
  );

const askOne = async (archive, filters, signal, { id, question }) => {
  try {
    return { id, question, reply: await archive.askInTurn(question, filters, signal) };
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    const { title, message: detail, status } = failure;
    return { id, question, error: { title, detail, status } };
  }
};

const waitingRow = ({ question }) =>
  el("tr", { className: "waiting" }, el("th", { scope: "row", dir: "auto" }, question), el("td", {}, "…"), el("td", {}));

const tableOf = (rows) => {
  const heads = [words.question, words.answer, words.article].map((name) => el("th", { scope: "col" }, name));
  const table = el(
    "table",
    {},
    el("caption", {}, words.manyCaption),
    el("thead", {}, el("tr", {}, heads)),
    el("tbody", {}, rows),
  );
  return el("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: words.manyCaption }, table);
};

// What is known so far, as a node: how many are asked, a row for each. `buttons` stand beside the count.
const boardOf = (questions, at, buttons) => {
  const items = new Array(questions.length);
  const rows = questions.map(waitingRow);
  const bar = el("progress", { max: questions.length, value: 0, ariaLabel: words.progressLabel });
  const count = el("p", { className: "count", role: "status" });
  const known = () => items.filter(Boolean);
  const tell = () => {
    const answered = known().filter(({ reply }) => reply?.answered).length;
    const failed = known().filter(({ error }) => error).length;
    bar.value = known().length;
    count.replaceChildren(words.progress(known().length, questions.length, answered, failed));
  };
  const put = (index, item) => {
    items[index] = item;
    const row = rowOf(item, at);
    rows[index].replaceWith(row);
    rows[index] = row;
    tell();
  };
  const head = el("div", { className: "head" }, count, buttons, saveButtons(() => manyTable(known())));
  const node = el("section", { className: "many" }, head, bar, tableOf(rows));
  tell();
  return { node, put, hasFailed: (index) => Boolean(items[index]?.error) };
};

/**
 * Asks `questions` ([{id, question}]) of the archive, with the filters of the route `at`, over which articles open.
 * Gives {node, stop(), isBusy()}: the node shows how far it is, then the whole.
 */
export const askMany = (archive, questions, at) => {
  const stopping = new AbortController();
  const { signal } = stopping;
  let busy = false;
  const stop = el("button", { type: "button", onclick: () => stopping.abort() }, words.stop);
  const again = el("button", { type: "button", onclick: () => run(failed()) }, words.askFailed);
  const board = boardOf(questions, at, [stop, again]);
  const failed = () => [...questions.keys()].filter(board.hasFailed);

  const show = (isBusy) => {
    busy = isBusy;
    stop.hidden = !busy;
    again.hidden = busy || signal.aborted || failed().length === 0;
  };
  const work = async (left) => {
    while (left.length && !signal.aborted) {
      const index = left.shift();
      board.put(index, await askOne(archive, at.filters, signal, questions[index]));
    }
  };
  const run = async (left) => {
    show(true);
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, () => work(left)));
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    } finally {
      show(false);
    }
  };

  run([...questions.keys()]);
  return { node: board.node, stop: () => stopping.abort(), isBusy: () => busy };
};
