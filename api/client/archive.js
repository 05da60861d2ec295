// The archive's HTTP API. Questions are sent by POST, so that they stay out of proxies' logs.

import { words } from "./words.js";

/** A request that gave no result. `title` and `message` are sentences to show. */
export class Failure extends Error {
  constructor(title, detail, requestId = null) {
    super(detail);
    this.title = title;
    this.requestId = requestId;
  }
}

const failureOf = async (response) => {
  // A proxy in between may answer with a page instead of problem JSON.
  const problem = await response.json().catch(() => ({}));
  return new Failure(
    problem.title ?? words.refused(response.status),
    problem.detail ?? words.noReason,
    problem.request_id ?? null,
  );
};

const MOST_TRIES = 15;
const LONGEST_WAIT = 5; // seconds

// A server that starts or is busy says 503 and when to come back.
const fetchPatiently = async (url, options, tries = MOST_TRIES) => {
  const response = await fetch(url, options);
  const wait = Number(response.headers.get("Retry-After"));
  if (response.status !== 503 || tries === 1 || !(wait > 0 && wait <= LONGEST_WAIT)) return response;
  await new Promise((done) => setTimeout(done, wait * 1000));
  options?.signal?.throwIfAborted();
  return fetchPatiently(url, options, tries - 1);
};

const call = async (url, options) => {
  let response;
  try {
    response = await fetchPatiently(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(words.offline, navigator.onLine ? words.noServer : words.noNetwork);
  }
  if (!response.ok) throw await failureOf(response);
  return response.json().catch(() => {
    throw new Failure(words.refused(response.status), words.noReason);
  });
};

/** The API below `endpoint`. Every method resolves to the JSON of design §7, or rejects with a Failure. */
export const connect = (endpoint = "") => {
  const article = (id) => `${endpoint}/v1/articles/${encodeURIComponent(id)}`;
  return {
    ask: (question, signal) =>
      call(`${endpoint}/v1/ask`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ question }),
        signal,
      }),
    article: (id) => call(article(id)),
    similar: (id) => call(`${article(id)}/similar?top_k=4`),
    articles: (limit) => call(`${endpoint}/v1/articles?limit=${limit}`),
    info: () => call(`${endpoint}/v1/info`),
  };
};
