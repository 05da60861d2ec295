// <pull-quote>: an archive inside a page of someone else's. One module, a shadow root, no dependency; see docs/widget.md.
// A string becomes a text node, so nothing is ever parsed as HTML.

const words = {
  ask: { label: "Ask the archive", placeholder: "Who said what, where, when?", button: "Ask" },
  search: { label: "Search the archive", placeholder: "Names, words, a subject", button: "Search" },
  similar: { heading: "Related articles" },
  reading: "Reading the archive…",
  slow: "Still reading…",
  low_confidence: "The archive does not answer this surely enough to quote.",
  no_match: "Nothing in the archive matches this.",
  empty_archive: "The archive is empty.",
  instead: "Read these instead:",
  others: "Other answers",
  untitled: "Untitled article",
  again: "Try again",
  offline: "No connection to the archive",
  offlineHow: "It did not reply, or it does not let this site's pages ask.",
  refused: (status) => `The archive answered with status ${status}`,
  refusedHow: "Ask again in a moment.",
  badEndpoint: "The attribute “endpoint” is not an http or https address.",
};

const CSS = `
:host {
  display: block !important; visibility: visible !important; opacity: 1 !important; filter: none !important;
  float: none; transform: none !important; clip-path: none !important;
}
:host([hidden]) { display: none !important; }
.root {
  all: initial; display: block; box-sizing: border-box; color-scheme: inherit; direction: ltr;
  --ink: var(--pq-ink, light-dark(#16130f, #ece8e1)); --soft: var(--pq-soft, light-dark(#5c5852, #a8a299));
  --rule: var(--pq-rule, light-dark(#d9d6d0, #3a3733)); --sans: var(--pq-font, "Helvetica Neue", Helvetica, Arial, sans-serif);
  --serif: var(--pq-quote-font, "Iowan Old Style", Charter, Georgia, "Times New Roman", serif);
  font: var(--pq-size, 16px)/1.45 var(--sans); color: var(--ink); background: var(--pq-paper, transparent);
  text-align: start; overflow-wrap: anywhere;
}
.root * { box-sizing: border-box; }
form { display: flex; align-items: stretch; gap: .5em; border-bottom: 2px solid var(--ink); }
form:focus-within { box-shadow: 0 2px 0 var(--ink); }
input, button { margin: 0; border: 0; border-radius: var(--pq-radius, 2px); font: inherit; color: inherit; background: none; }
input { flex: 1; min-width: 0; padding: .5em 0; outline: 0; font: 1.125em/1.3 var(--serif); }
input::placeholder { color: var(--soft); opacity: 1; }
button { padding: .35em 1em; cursor: pointer; border: 1px solid var(--rule); }
form button { align-self: center; border: 0; font-weight: 700; background: var(--pq-accent, var(--ink)); color: var(--pq-accent-ink, light-dark(#fff, #131211)); }
:focus-visible { outline: 2px solid currentcolor; outline-offset: 2px; }
input:focus-visible { outline: 0; }
a { color: inherit; text-decoration-color: var(--rule); text-underline-offset: .16em; }
a:hover { text-decoration-color: currentcolor; }
p, ol, blockquote, h2 { margin: 0; padding: 0; }
ol { list-style: none; }
.say { min-height: 0; margin-top: .6em; color: var(--soft); font-size: .875em; }
.say:empty { margin: 0; }
figure { margin: 1em 0 0; padding-top: .9em; border-top: 4px solid var(--ink); }
blockquote { font: 1.75em/1.15 var(--serif); }
blockquote::before { content: "“"; } blockquote::after { content: "”"; }
.small { padding-top: .7em; border-top: 1px solid var(--rule); } .small blockquote { font-size: 1.2em; }
.context, .passage { margin-top: .6em; font-family: var(--serif); }
.passage { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden; margin-top: .25em; }
mark { background: var(--pq-marker, #ffe36e); color: var(--pq-marker-ink, #16130f); }
mark.term { background: none; color: inherit; text-decoration: underline 2px var(--pq-marker, #ffe36e); }
.passage + .passage { margin-top: .6em; }
figcaption, .meta { margin-top: .5em; font-size: .875em; }
.meta, .meta-line { color: var(--soft); } .meta-line { display: block; } .meta { margin-top: .1em; }
.title { font-weight: 700; }
li { margin-top: .9em; } .list { margin-top: .8em; }
h2 { font-size: .875em; margin-top: 1.1em; padding-top: .6em; border-top: 1px solid var(--ink); }
.notice { margin-top: 1em; font: 1.25em/1.25 var(--serif); } .notice + p { margin: .4em 0 .8em; font-size: .875em; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media print { form, button { display: none; } }
`;

const SLOW_MS = 4000;
const MOST_TRIES = 5;
const MOST_TEXT = 20_000; // UTF-16 units of a page, to find articles like it

const el = (tag, props, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
};

const webUrl = (url) => {
  if (!url || !URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  return protocol === "https:" || protocol === "http:" ? href : null;
};

const withoutHash = (url) => url?.split("#")[0].replace(/\/$/, "");

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });

const metaOf = ({ source, published_at: published }) => {
  const time = Date.parse(published ?? "");
  return [source, Number.isNaN(time) ? published : DAY.format(time)].filter(Boolean).join(" · ");
};

// `text` begins at UTF-16 offset `base` of the article; the ranges are in order of importance.
const marked = (text, base, ranges, className) => {
  const kept = [];
  for (const { utf16 } of ranges) {
    const [start, end] = [Math.max(utf16.start - base, 0), Math.min(utf16.end - base, text.length)];
    if (start < end && kept.every((other) => end <= other.start || other.end <= start)) kept.push({ start, end });
  }
  kept.sort((a, b) => a.start - b.start);
  const ends = [0, ...kept.map(({ end }) => end)];
  const nodes = kept.flatMap(({ start, end }, index) => [text.slice(ends[index], start), el("mark", { className }, text.slice(start, end))]);
  return [...nodes, text.slice(ends.at(-1))];
};

class Failure extends Error {
  constructor(title, detail, status = 0, type = null) {
    super(detail);
    Object.assign(this, { title, status, type });
  }
}

const failureOf = async (response) => {
  const { title, detail, type } = await response.json().catch(() => ({}));
  return new Failure(title ?? words.refused(response.status), detail ?? words.refusedHow, response.status, type ?? null);
};

const post = async (url, key, body, signal, tries = MOST_TRIES) => {
  const headers = { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) };
  let response;
  try {
    response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal, credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(words.offline, words.offlineHow);
  }
  const wait = Number(response.headers.get("Retry-After"));
  if ([429, 503].includes(response.status) && tries > 1 && wait > 0 && wait <= 5) {
    await new Promise((done) => setTimeout(done, wait * 1000));
    signal.throwIfAborted();
    return post(url, key, body, signal, tries - 1);
  }
  if (!response.ok) throw await failureOf(response);
  return response.json().catch(() => {
    throw new Failure(words.refused(response.status), words.refusedHow, response.status);
  });
};

/** "source=The Daily&since=2019" as the filters of a request. */
const filtersOf = (attribute) => {
  const params = new URLSearchParams(attribute ?? "");
  const lists = ["source", "author", "ids"].filter((name) => params.has(name)).map((name) => [name, params.getAll(name)]);
  const dates = ["since", "until"].filter((name) => params.get(name)).map((name) => [name, params.get(name)]);
  return Object.fromEntries([...lists, ...dates]);
};

// Once the page is parsed and its own scripts have heard so: whoever listens from then on misses nothing.
const whenParsed = (act) => {
  const [navigation] = performance.getEntriesByType("navigation");
  const parsed = document.readyState === "complete" || navigation?.domContentLoadedEventEnd > 0;
  if (parsed) queueMicrotask(act);
  else document.addEventListener("DOMContentLoaded", () => setTimeout(act), { once: true });
};

let sheet;
const styles = () => {
  if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(CSS); // made by script: no Content-Security-Policy forbids it
  return sheet;
};

class PullQuote extends HTMLElement {
  static observedAttributes = ["endpoint", "key", "mode", "filters", "placeholder", "article", "for", "top"];

  #asking = new AbortController();
  #drawn = false;
  #due = false;
  #seen = null;

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [styles()];
  }

  get mode() {
    const mode = this.getAttribute("mode");
    return ["search", "similar"].includes(mode) ? mode : "ask";
  }

  get endpoint() {
    return webUrl(this.getAttribute("endpoint") ?? new URL(import.meta.url).origin)?.replace(/\/+$/, "") ?? null;
  }

  get top() {
    const top = Number(this.getAttribute("top"));
    return Number.isInteger(top) && top >= 1 && top <= 20 ? top : 3;
  }

  connectedCallback() {
    if (!this.#drawn) this.#draw();
  }

  disconnectedCallback() {
    this.#asking.abort();
    this.#seen?.disconnect();
    this.#drawn = false;
  }

  attributeChangedCallback(_, before, after) {
    if (!this.#drawn || this.#due || before === after) return;
    this.#due = true; // several may change at once
    queueMicrotask(() => {
      this.#due = false;
      if (this.isConnected) this.#draw();
    });
  }

  /** Ask (or, in the mode search, look for) a text, as if it had been typed. */
  ask(text) {
    if (!this.#drawn) return undefined;
    if (this.mode === "similar") return this.#find({});
    this.#input.value = text;
    return this.#find(this.mode === "ask" ? { question: text } : { query: text });
  }

  #input;
  #say;
  #reply;

  #draw() {
    this.#drawn = true;
    this.#asking.abort();
    this.#seen?.disconnect();
    this.#say = el("p", { className: "say", role: "status" });
    this.#reply = el("div", { className: "reply" });
    const parts = this.mode === "similar" ? [] : [this.#form()];
    this.shadowRoot.replaceChildren(el("div", { className: "root" }, parts, this.#say, this.#reply));
    whenParsed(() => this.#tell("ready", { mode: this.mode }));
    if (this.mode === "similar") this.#whenSeen(() => this.#find({}));
  }

  #form() {
    const { label, placeholder, button } = words[this.mode];
    this.#input = el("input", {
      type: "search",
      required: true,
      maxLength: 2000,
      autocomplete: "off",
      placeholder: this.getAttribute("placeholder") ?? placeholder,
      ariaLabel: label,
      value: this.#input?.value ?? "", // drawn anew, it still holds what was typed
    });
    const form = el("form", { role: "search", ariaLabel: label }, this.#input, el("button", { type: "submit" }, button));
    this.#input.part = "input";
    form.part = "form";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#input.value.trim();
      if (text) this.ask(text);
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      this.#asking.abort();
      this.#say.replaceChildren();
      this.#reply.replaceChildren();
    });
    return form;
  }

  // Only near the screen, and only when the page is whole: its text is what is compared.
  #whenSeen(act) {
    whenParsed(() => {
      if (!this.isConnected || this.mode !== "similar") return;
      this.#seen?.disconnect();
      this.#seen = new IntersectionObserver(
        (entries) => {
          if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
          this.#seen.disconnect();
          act();
        },
        { rootMargin: "600px" },
      );
      this.#seen.observe(this);
    });
  }

  #pageText() {
    const chosen = this.getAttribute("for");
    const node = (chosen && document.querySelector(chosen)) ?? document.querySelector("article, main") ?? document.body;
    return node.innerText.trim().slice(0, MOST_TEXT).toWellFormed();
  }

  #request(asked) {
    const common = { filters: filtersOf(this.getAttribute("filters")), top_k: this.top };
    if (this.mode !== "similar") return [this.mode, { ...asked, ...common }];
    const article = this.getAttribute("article");
    const like = article ? { article_id: article } : { text: this.#pageText() };
    return ["similar", { ...like, ...common, top_k: this.top + 1 }]; // one of them may be this very page
  }

  async #find(asked) {
    this.#asking.abort(); // a slow old reply must not overwrite a newer one
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const { endpoint } = this;
    if (!endpoint) return this.#fail(new Failure(words.badEndpoint, ""), asked);
    this.#reply.replaceChildren();
    this.#say.replaceChildren(this.mode === "similar" ? "" : words.reading);
    const slow = setTimeout(() => this.mode === "similar" || this.#say.replaceChildren(words.slow), SLOW_MS);
    const [route, body] = this.#request(asked);
    try {
      const found = await post(`${endpoint}/v1/${route}`, this.getAttribute("key"), body, signal);
      if (signal.aborted) return undefined;
      this.#say.replaceChildren();
      this.#reply.replaceChildren(...this.#show(found));
      return this.#tell("answer", found);
    } catch (failure) {
      if (signal.aborted) return undefined;
      if (!(failure instanceof Failure)) throw failure;
      return this.#fail(failure, asked);
    } finally {
      clearTimeout(slow);
    }
  }

  #fail(failure, asked) {
    const { title, message: detail, status, type } = failure;
    this.#say.replaceChildren();
    if (this.mode !== "similar") {
      // A list of related articles that cannot be had is no news to the reader of a page.
      const again = el("button", { type: "button", onclick: () => this.#find(asked) }, words.again);
      const node = el("div", { role: "alert" }, el("p", { className: "notice" }, title), el("p", {}, detail), again);
      this.#reply.replaceChildren(node);
    }
    this.#tell("error", { title, detail, status, type });
  }

  #show(found) {
    if (this.mode === "ask") return found.answered ? this.#answers(found.answers) : this.#instead(found);
    const items = this.mode === "similar" ? this.#related(found.items) : found.items;
    if (items.length === 0) return this.mode === "similar" ? [] : [el("p", { className: "notice" }, words.no_match)];
    const heading = this.mode === "similar" ? [el("h2", {}, words.similar.heading)] : [];
    return [...heading, this.#list(items, this.mode === "search")];
  }

  #answers([best, ...others]) {
    const small = others.length ? [el("h2", {}, words.others), ...others.map((one) => this.#figure(one, "small"))] : [];
    return [this.#figure(best, "best"), ...small];
  }

  #figure(answer, className) {
    const { context, range, article, citation } = answer;
    const around = marked(context.text, context.range.utf16.start, [range], "quote");
    const href = webUrl(citation.link) ?? this.#inArchive({ article: article.id, quote: `${range.start}-${range.end}` });
    const node = el(
      "figure",
      { className },
      el("blockquote", { dir: "auto" }, answer.answer),
      context.text === answer.answer ? null : el("p", { className: "context", dir: "auto" }, around),
      el("figcaption", {}, this.#link(article, range, href), " ", el("span", { className: "meta-line" }, metaOf(article))),
    );
    node.part = "answer";
    return node;
  }

  #instead({ reason, passages }) {
    const notice = el("p", { className: "notice" }, words[reason] ?? words.low_confidence);
    return passages.length ? [notice, el("p", {}, words.instead), this.#list(passages, true)] : [notice];
  }

  #related(items) {
    const here = [location.href, document.querySelector("link[rel=canonical]")?.href].map(withoutHash);
    return items.filter(({ article }) => !here.includes(withoutHash(article.url))).slice(0, this.top);
  }

  #list(hits, withText) {
    const textOf = ({ text, range, highlights }) =>
      el("p", { className: "passage", dir: "auto" }, marked(text, range.utf16.start, highlights, "term"));
    const item = (group) => {
      const [{ article, range }] = group;
      const href = webUrl(article.url) ?? this.#inArchive({ article: article.id, passage: `${range.start}-${range.end}` });
      const meta = el("p", { className: "meta" }, metaOf(article));
      return el("li", {}, this.#link(article, range, href), meta, withText ? group.map(textOf) : null);
    };
    const groups = new Map(); // an article's passages together, where its best one stands
    for (const hit of hits) groups.set(hit.article.id, [...(groups.get(hit.article.id) ?? []), hit]);
    const node = el("ol", { className: "list" }, [...groups.values()].map(item));
    node.part = "list";
    return node;
  }

  #inArchive(route) {
    return `${this.endpoint}/#${new URLSearchParams(route)}`;
  }

  #link(article, range, href) {
    const link = el("a", { href, className: "title", dir: "auto" }, article.title ?? words.untitled);
    link.addEventListener("click", (event) => {
      if (!this.#tell("open", { href, article, range })) event.preventDefault();
    });
    return link;
  }

  #tell(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable: name === "open" }));
  }
}

if (!customElements.get("pull-quote")) customElements.define("pull-quote", PullQuote);
