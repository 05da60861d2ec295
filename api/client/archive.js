// The archive's HTTP API. Questions are sent by POST, so that they stay out of proxies' logs.

import { words } from "./words.js";

/** A request that gave no result. `title` and `message` are sentences to show; status is 0 where there was no reply. */
export class Failure extends Error {
  constructor(title, detail, { requestId = null, status = 0, type = null } = {}) {
    super(detail);
    this.title = title;
    this.requestId = requestId;
    this.status = status;
    this.type = type;
  }
}

const failureOf = async (response) => {
  // A proxy in between may answer with a page instead of problem JSON.
  const problem = await response.json().catch(() => ({}));
  return new Failure(problem.title ?? words.refused(response.status), problem.detail ?? words.noReason, {
    requestId: problem.request_id ?? null,
    status: response.status,
    type: problem.type ?? null,
  });
};

const BUSY = [429, 503];
// How long to go on asking a server that is busy, or that counts questions: [tries, seconds between two].
const PATIENCE = { reader: [15, 5], list: [60, 120] };

const pause = (seconds, signal) =>
  new Promise((done, stop) => {
    const timer = setTimeout(done, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      stop(signal.reason);
    });
  });

// A server that starts or is busy says when to come back.
const fetchPatiently = async (url, options, [tries, longest]) => {
  const response = await fetch(url, options);
  const wait = Number(response.headers.get("Retry-After"));
  if (!BUSY.includes(response.status) || tries === 1 || !(wait > 0 && wait <= longest)) return response;
  await pause(wait, options.signal);
  return fetchPatiently(url, options, [tries - 1, longest]);
};

const call = async (url, options, patience = PATIENCE.reader) => {
  let response;
  try {
    response = await fetchPatiently(url, options, patience);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(words.offline, navigator.onLine ? words.noServer : words.noNetwork);
  }
  if (!response.ok) throw await failureOf(response);
  return response.json().catch(() => {
    throw new Failure(words.refused(response.status), words.noReason);
  });
};

// A server on the open internet wants a key. It is kept for this tab alone.
const KEY = "pullquote key";

/** The key that goes with every request; null: none. */
export const useKey = (key) => sessionStorage.setItem(KEY, key);

const headers = () => {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
};

const given = ({ since, until, source }) => ({
  ...(since && { since }),
  ...(until && { until }),
  ...(source?.length && { source }),
});

const query = (fields) =>
  new URLSearchParams(Object.entries(fields).flatMap(([name, value]) => [value].flat().map((one) => [name, one])));

/** The API below `endpoint`. Every method resolves to the JSON of design §7, or rejects with a Failure. */
export const connect = (endpoint = "") => {
  const get = (path) => call(`${endpoint}/v1/${path}`, { headers: headers() });
  const post = (path, body, signal, patience) => {
    const sent = { ...headers(), "Content-Type": "application/json" };
    return call(`${endpoint}/v1/${path}`, { method: "POST", headers: sent, body: JSON.stringify(body), signal }, patience);
  };
  const article = (id) => `articles/${encodeURIComponent(id)}`;
  return {
    ask: (question, filters, signal) => post("ask", { question, filters: given(filters) }, signal),
    askInTurn: (question, filters, signal) =>
      post("ask", { question, filters: given(filters) }, signal, PATIENCE.list),
    search: (query, filters, signal, cursor = null) =>
      post("search", { query, filters: given(filters), top_k: 20, ...(cursor && { cursor }) }, signal),
    like: (text, filters, signal) => post("similar", { text, filters: given(filters), top_k: 20 }, signal),
    article: (id) => get(article(id)),
    similar: (id) => get(`${article(id)}/similar?top_k=4`),
    articles: (limit, filters) => get(`articles?${query({ limit, ...given(filters) })}`),
    info: () => get("info"),
  };
};
