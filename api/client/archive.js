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

const call = async (url, options) => {
  let response;
  try {
    response = await fetch(url, options);
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
