// Lists as tables: what a file of each kind of list holds.

const head = ({ id, title, source, author, published_at, url }) => ({
  article_id: id,
  title,
  source,
  author,
  published_at,
  url,
});
const place = ({ start, end, utf16 }) => ({ start, end, utf16_start: utf16.start, utf16_end: utf16.end });

const HEAD = ["article_id", "title", "source", "author", "published_at", "url"];
const PLACE = ["start", "end", "utf16_start", "utf16_end"];
const ANSWER = ["answer", ...HEAD, ...PLACE, "confidence", "score", "sha256", "link", "context"];

const answerRow = (answer) => ({
  answer: answer.answer,
  ...head(answer.article),
  ...place(answer.range),
  confidence: answer.confidence,
  score: answer.score,
  sha256: answer.citation.sha256,
  link: answer.citation.link,
  context: answer.context.text,
});

/** Answers as {name, columns, rows, json}: what `saveButtons` saves. */
export const answersTable = (answers) => ({
  name: "answers",
  columns: ANSWER,
  rows: answers.map(answerRow),
  json: answers,
});

/** Hits, likewise. */
export const hitsTable = (hits) => ({
  name: "passages",
  columns: ["text", ...HEAD, ...PLACE, "score"],
  rows: hits.map((hit) => ({ text: hit.text, ...head(hit.article), ...place(hit.range), score: hit.score })),
  json: hits,
});

/** Heads of articles, likewise. */
export const articlesTable = (heads) => ({ name: "articles", columns: HEAD, rows: heads.map(head), json: heads });

/** What became of many questions, [{id, question, reply} or {id, question, error}], likewise: the best answer of each. */
export const manyTable = (items) => ({
  name: "many-answers",
  columns: ["id", "question", "outcome", ...ANSWER],
  rows: items.map(({ id, question, reply, error }) => ({
    id,
    question,
    outcome: error ? error.detail : (reply.reason ?? "answered"),
    ...(reply?.answers.length ? answerRow(reply.answers[0]) : {}),
  })),
  json: items,
});
