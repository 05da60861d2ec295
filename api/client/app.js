// The page at /: its URL's fragment says what is shown (route.js), and everything that changes it goes through there.

import { connect, Failure } from "./archive.js";
import { formOf } from "./form.js";
import { listen } from "./keys.js";
import { askMany, MOST_QUESTIONS } from "./many.js";
import { abstentionOf, failureNotice, hintOf } from "./notices.js";
import { articlesOf } from "./passages.js";
import { questionsIn, textOf } from "./questions.js";
import { hitNodes, replyNodes } from "./results.js";
import { hrefOf, readRoute, under } from "./route.js";
import { sheetOf } from "./sheet.js";
import { day } from "./source.js";
import { words } from "./words.js";

const SLOW_MS = 4000;
const FRONT_ARTICLES = 9;
const MOST_BYTES = 5_000_000; // of a file of questions
const LONGEST_URL = 60_000; // browsers cut or refuse longer ones

const byId = (id) => document.getElementById(id);
const [main, question, status, reply] = ["main", "question", "status", "reply"].map(byId);
const api = connect();

// An article is fetched once a question: to check its quotation, and to be read.
const articles = new Map();
let answers = []; // of the reply that is shown
const archive = {
  ...api,
  article: (id) => {
    if (!articles.has(id)) articles.set(id, api.article(id));
    articles.get(id).catch(() => articles.delete(id));
    return articles.get(id);
  },
  citation: ({ article, quote }) =>
    answers
      .flatMap(({ citation, support }) => [citation, ...support.others.map((other) => other.citation)])
      .find(({ article_id: id, range }) => id === article && range.start === quote?.start && range.end === quote.end) ?? null,
};

const route = () => readRoute(location.hash);
const go = (next) => {
  location.hash = hrefOf(next);
};

const sheet = sheetOf(byId("sheet"), archive, () => {
  if (route().article) go(under(route()));
});

let shown = ""; // what is being asked or was answered, as a fragment
let asking = new AbortController();
let running = null; // many questions

const say = (state, text) => {
  main.dataset.state = state;
  status.replaceChildren(text);
};

const colophon = ({ models, view, timings_ms: timings }) => {
  const parts = [models && words.madeBy(models), words.size(view), timings?.total && words.took(timings.total)];
  byId("colophon").replaceChildren(parts.filter(Boolean).join(" · "));
};

const showReply = (found, at) => {
  answers = found.answers;
  reply.replaceChildren(...replyNodes(found, at, archive));
  colophon(found);
  say(found.answered ? "answered" : "abstained", found.answered ? words.found(found.answers.length) : words.abstained);
};

const showHits = (found, at, earlier = []) => {
  const all = { ...found, items: [...earlier, ...found.items] };
  const next = (signal) => archive.search(at.text, at.filters, signal, found.next);
  const more = found.next && (() => work(at, next, (page) => showHits(page, at, all.items)));
  const place = scrollY;
  reply.replaceChildren(...hitNodes(all, at, more));
  colophon(found);
  const tell = at.mode === "like" ? words.foundArticles : words.foundPassages;
  say(all.items.length ? "answered" : "abstained", all.items.length ? tell(all.items.length) : words.nothing);
  if (earlier.length === 0 || found.items.length === 0) return;
  scrollTo(0, place);
  const [first] = found.items;
  const href = hrefOf({ ...at, article: first.article.id, passage: first.range });
  [...reply.querySelectorAll(".passage")].find((link) => link.getAttribute("href") === href)?.focus();
};

// Does one request, and shows what comes of it, unless another one was begun meanwhile.
const work = async (at, request, show) => {
  asking.abort(); // a slow old reply must not overwrite a newer one
  asking = new AbortController();
  const { signal } = asking;
  say("asking", words.asking);
  const slow = setTimeout(() => say("asking", words.slow), SLOW_MS);
  try {
    const found = await request(signal);
    if (!signal.aborted) show(found);
  } catch (failure) {
    if (signal.aborted) return;
    if (!(failure instanceof Failure)) throw failure;
    const again = () => {
      if (!byId("edition").firstChild) showEdition();
      work(at, request, show);
    };
    reply.replaceChildren(failureNotice(failure, again));
    say("failed", words.failed);
  } finally {
    clearTimeout(slow);
  }
};

const find = (at) => {
  articles.clear();
  answers = [];
  reply.replaceChildren();
  byId("colophon").replaceChildren();
  const show = at.mode === "ask" ? showReply : showHits;
  work(at, (signal) => archive[at.mode](at.text, at.filters, signal), (found) => show(found, at));
};

const clear = (...nodes) => {
  asking.abort();
  answers = [];
  byId("colophon").replaceChildren();
  reply.replaceChildren(...nodes);
  say("idle", "");
};

// The page works without this: what is wrong shows when something is asked.
const quietly = async (make) => {
  try {
    await make();
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
  }
};

const showEdition = () =>
  quietly(async () => {
    const { view, oldest, newest, sources } = await archive.info();
    const dates = oldest && newest ? words.dates(day(oldest), day(newest)) : null;
    byId("edition").replaceChildren([words.articles(view.articles), dates].filter(Boolean).join(" · "));
    form.offer(Object.keys(sources));
  });

// What is shown before a question: a look into the archive, through the filters.
const showFront = (at) => {
  clear();
  const { signal } = asking;
  const isOver = () => shown !== hrefOf(under(at)) || signal !== asking.signal;
  return quietly(async () => {
    try {
      const { items, view } = await archive.articles(FRONT_ARTICLES, at.filters);
      if (isOver()) return;
      const reason = view.articles ? "no_match" : "empty_archive";
      reply.replaceChildren(items.length ? articlesOf(words.front, items, under(at)) : abstentionOf(reason));
    } catch (failure) {
      if (failure.status !== 401 || isOver()) throw failure;
      const again = () => {
        showEdition();
        showFront(at);
      };
      reply.replaceChildren(failureNotice(failure, again));
    }
  });
};

const runMany = (at) => {
  const questions = questionsIn(at.text);
  if (questions.length === 0) return reply.replaceChildren(hintOf(words.noQuestions, words.noQuestionsHelp));
  if (questions.length > MOST_QUESTIONS) {
    return reply.replaceChildren(hintOf(words.tooMany(questions.length, MOST_QUESTIONS), words.tooManyHelp));
  }
  running?.stop();
  running = askMany(archive, questions, { ...at, text: "" });
  return reply.replaceChildren(running.node);
};

const takeFile = async (file) => {
  if (file.size > MOST_BYTES) return reply.replaceChildren(hintOf(words.tooLarge, words.tooLargeHelp));
  const text = await textOf(file);
  return form.write(text);
};

const submit = (at) => {
  if (at.mode === "many") runMany(at);
  else if (hrefOf(at).length > LONGEST_URL) clear(hintOf(words.tooLong, words.tooLongHelp));
  else if (hrefOf(at) === shown) find(at);
  else go(at);
};

const form = formOf({
  onSubmit: submit,
  onFilters: go,
  onFile: takeFile,
});

const render = () => {
  const now = route();
  const next = hrefOf(under(now));
  document.title = now.text ? `${now.text.slice(0, 80)} · ${words.site}` : words.site;
  if (next !== shown) {
    shown = next;
    form.show(now);
    if (now.mode === "many") clear(...(running ? [running.node] : []));
    else if (now.text) find(under(now));
    else showFront(now);
  }
  if (now.article) sheet.open(now);
  else sheet.close();
};

listen({
  question,
  root: main,
  toQuestion: () => {
    sheet.close();
    question.focus();
    question.select();
  },
});

addEventListener("beforeunload", (event) => {
  if (running?.isBusy()) event.preventDefault();
});
addEventListener("hashchange", render);
render();
showEdition();
