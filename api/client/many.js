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

/**
 * Asks `questions` ([{id, question}]) of the archive, with the filters of the route `at`, over which articles open.
 * Gives {node, stop(), isBusy()}: the node shows how far it is, then the whole.
 */
export const askMany = (archive, questions, at) => {
  const stopping = new AbortController();
  const items = new Array(questions.length);
  const rows = questions.map(({ question }) =>
    el("tr", { className: "waiting" }, el("th", { scope: "row", dir: "auto" }, question), el("td", {}, "…"), el("td", {})),
  );
  const done = () => items.filter(Boolean);
  const bar = el("progress", { max: questions.length, value: 0, ariaLabel: words.progressLabel });
  const count = el("p", { className: "count", role: "status" });
  const stopButton = el("button", { type: "button", onclick: () => stopping.abort() }, words.stop);
  const again = el("button", { type: "button", hidden: true, onclick: () => run(isFailed) }, words.askFailed);

  const tell = () => {
    const replies = done();
    bar.value = replies.length;
    const answered = replies.filter(({ reply }) => reply?.answered).length;
    const failed = replies.filter(({ error }) => error).length;
    count.replaceChildren(words.progress(replies.length, questions.length, answered, failed));
  };
  const isFailed = (index) => !items[index] || Boolean(items[index].error);

  const put = (index, item) => {
    items[index] = item;
    const row = rowOf(item, at);
    rows[index].replaceWith(row);
    rows[index] = row;
    tell();
  };
  let busy = false;
  const run = async (wanted) => {
    busy = true;
    stopButton.hidden = false;
    again.hidden = true;
    const left = [...questions.keys()].filter(wanted);
    const work = async () => {
      while (left.length && !stopping.signal.aborted) {
        const index = left.shift();
        put(index, await askOne(archive, at.filters, stopping.signal, questions[index]));
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    } finally {
      stopButton.hidden = true;
      again.hidden = stopping.signal.aborted || !done().some(({ error }) => error);
      busy = false;
    }
  };

  const table = el(
    "table",
    {},
    el("caption", {}, words.manyCaption),
    el("thead", {}, el("tr", {}, [words.question, words.answer, words.article].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, rows),
  );
  const node = el(
    "section",
    { className: "many" },
    el("div", { className: "head" }, count, stopButton, again, saveButtons(() => manyTable(done()))),
    bar,
    el("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: words.manyCaption }, table),
  );
  tell();
  run(() => true);
  return { node, stop: () => stopping.abort(), isBusy: () => busy };
};
