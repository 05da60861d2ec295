// The form at the top: one box for all ways to look into the archive, and what surrounds it in each.

import { el, prose } from "./dom.js";
import { filtersOf } from "./filters.js";
import { hrefOf, MODES } from "./route.js";
import { words } from "./words.js";

const byId = (id) => document.getElementById(id);
const ONE_LINE = ["ask", "search"]; // Enter sends them; in the others it begins a line

const hintOf = (mode) => [
  `${words.modes[mode].hint} `,
  el("span", { className: "keys" }, prose(words.keys).map((part) => (part.tagName ? el("kbd", {}, part.textContent) : part))),
];

const label = (id, text) => document.querySelector(`label[for="${id}"]`).replaceChildren(text);

const setWords = () => {
  byId("modes").ariaLabel = words.modesLabel;
  document.querySelector("#filters summary").replaceChildren(words.filters);
  label("since", words.since);
  label("until", words.until);
  label("source", words.sourceLabel);
  label("csv", words.chooseFile);
  byId("since").placeholder = byId("until").placeholder = words.dateShape;
  byId("source").placeholder = words.anySource;
};

// The other ways, with the same words and filters.
const showModes = ({ mode, text, filters }) =>
  byId("modes").replaceChildren(
    ...MODES.map((other) => {
      const kept = mode === "many" || other === "many" ? "" : text;
      const href = hrefOf({ mode: other, text: kept, filters });
      return el("a", { href, "aria-current": other === mode ? "page" : null }, words.modes[other].name);
    }),
  );

/**
 * Takes over the form. `onSubmit({mode, text, filters})` runs when it is sent, `onFilters` (likewise) when they change,
 * `onFile(file)` when one is chosen. Gives {show(route), offer(sources), write(text)}.
 */
export const formOf = ({ onSubmit, onFilters, onFile }) => {
  const [form, question, csv] = ["ask", "question", "csv"].map(byId);
  let shown = ""; // the mode
  let questions = ""; // what was written in the mode "many", which no URL holds
  const text = () => (ONE_LINE.includes(shown) ? question.value.replace(/\s+/g, " ").trim() : question.value.trim());
  const onChange = (chosen) => onFilters({ mode: shown, text: shown === "many" ? "" : text(), filters: chosen });
  const filters = filtersOf(form, byId("chips"), byId("sources"), onChange);

  const show = (route) => {
    const say = words.modes[route.mode];
    if (shown === "many") questions = question.value;
    shown = route.mode;
    byId("main").dataset.mode = route.mode;
    label("question", say.label);
    question.placeholder = say.placeholder;
    question.rows = ONE_LINE.includes(route.mode) ? 1 : 5;
    question.value = route.mode === "many" ? questions : route.text;
    byId("submit").replaceChildren(say.submit);
    byId("hint").replaceChildren(...hintOf(route.mode));
    byId("file").hidden = route.mode !== "many";
    showModes(route);
    filters.show(route.filters);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (text() && filters.check()) onSubmit({ mode: shown, text: text(), filters: filters.current() });
  });
  question.addEventListener("keydown", (event) => {
    const sends = ONE_LINE.includes(shown) ? !event.shiftKey : event.ctrlKey || event.metaKey;
    if (event.key !== "Enter" || event.isComposing || !sends) return;
    event.preventDefault();
    form.requestSubmit();
  });
  csv.addEventListener("change", () => csv.files[0] && onFile(csv.files[0]));

  // The box grows with the question: by style.css where the browser can, else here.
  const grow = () => {
    question.style.height = "auto";
    question.style.height = `${question.scrollHeight}px`;
  };
  if (!CSS.supports("field-sizing: content")) question.addEventListener("input", grow);

  const write = (text) => {
    question.value = text;
    csv.value = "";
  };
  setWords();
  return { show, offer: filters.offer, write };
};
