// The page at /: its URL's fragment says what is shown (route.js), and everything that changes it goes through there.

import { answersOf } from "./answers.js";
import { connect, Failure } from "./archive.js";
import { listen } from "./keys.js";
import { abstentionOf, failureNotice } from "./notices.js";
import { articlesOf, passagesOf } from "./passages.js";
import { hrefOf, readRoute } from "./route.js";
import { sheetOf } from "./sheet.js";
import { day } from "./source.js";
import { words } from "./words.js";

const SLOW_MS = 4000;
const FRONT_ARTICLES = 9;

const byId = (id) => document.getElementById(id);
const [main, form, question, status, reply] = ["main", "ask", "question", "status", "reply"].map(byId);
const api = connect();

// An article is fetched once a question: to check its quotation, and to be read.
const articles = new Map();
const archive = {
  ...api,
  article: (id) => {
    if (!articles.has(id)) articles.set(id, api.article(id));
    articles.get(id).catch(() => articles.delete(id));
    return articles.get(id);
  },
};

const route = () => readRoute(location.hash);
const go = (next) => {
  location.hash = hrefOf(next);
};

const sheet = sheetOf(byId("sheet"), archive, () => {
  if (route().article) go({ question: route().question });
});

let asked = ""; // the question that is being asked or was answered
let asking = new AbortController();
let front = []; // what is shown before a question: a look into the archive

const say = (state, text) => {
  main.dataset.state = state;
  status.replaceChildren(text);
};

const colophon = ({ models, view, timings_ms: timings }) => {
  const parts = [words.madeBy(models), words.size(view), timings.total && words.took(timings.total)];
  byId("colophon").replaceChildren(parts.filter(Boolean).join(" · "));
};

const showReply = (found) => {
  const heading = found.answered ? words.passages : words.readInstead;
  reply.replaceChildren(
    ...(found.answered ? answersOf(found, archive) : [abstentionOf(found.reason)]),
    ...(found.passages.length ? [passagesOf(heading, found.passages, found.question, found.answers)] : []),
  );
  colophon(found);
  say(found.answered ? "answered" : "abstained", found.answered ? words.found(found.answers.length) : words.abstained);
};

const ask = async (text) => {
  asking.abort(); // a slow old reply must not overwrite a newer one
  asking = new AbortController();
  const { signal } = asking;
  asked = text;
  articles.clear();
  reply.replaceChildren();
  byId("colophon").replaceChildren();
  say("asking", words.asking);
  const slow = setTimeout(() => say("asking", words.slow), SLOW_MS);
  try {
    const found = await archive.ask(text, signal);
    if (!signal.aborted) showReply(found);
  } catch (failure) {
    if (signal.aborted) return;
    if (!(failure instanceof Failure)) throw failure;
    reply.replaceChildren(failureNotice(failure, () => ask(text)));
    say("failed", words.failed);
  } finally {
    clearTimeout(slow);
  }
};

const clear = () => {
  asking.abort();
  asked = "";
  reply.replaceChildren(...front);
  say("idle", "");
};

const render = () => {
  const shown = route();
  document.title = shown.question ? `${shown.question} · ${words.site}` : words.site;
  if (shown.question !== asked) {
    question.value = shown.question;
    if (shown.question) ask(shown.question);
    else clear();
  }
  if (shown.article) sheet.open(shown);
  else sheet.close();
};

const showFront = async () => {
  const { view, oldest, newest } = await archive.info();
  const dates = oldest && newest ? words.dates(day(oldest), day(newest)) : null;
  byId("edition").replaceChildren([words.articles(view.articles), dates].filter(Boolean).join(" · "));
  const { items } = await archive.articles(FRONT_ARTICLES);
  front = [items.length ? articlesOf(words.front, items) : abstentionOf("empty_archive")];
  if (!asked) reply.replaceChildren(...front);
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = question.value.replace(/\s+/g, " ").trim();
  if (!text) return;
  if (text === route().question) ask(text);
  else go({ question: text });
});

// The box grows with the question: by style.css where the browser can, else here.
const grow = () => {
  question.style.height = "auto";
  question.style.height = `${question.scrollHeight}px`;
};
if (!CSS.supports("field-sizing: content")) question.addEventListener("input", grow);

listen({
  form,
  question,
  root: main,
  toQuestion: () => {
    sheet.close();
    question.focus();
    question.select();
  },
});

addEventListener("hashchange", render);
render();
// The page works without its front: what is wrong shows when something is asked.
showFront().catch((failure) => {
  if (!(failure instanceof Failure)) throw failure;
});
