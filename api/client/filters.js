// Which articles may answer: dates and sources, set in the form, shown as chips that take them away again.

import { el } from "./dom.js";
import { words } from "./words.js";

const DATE = /^\d{4}(-\d\d(-\d\d)?)?$/;

const chip = (label, remove) =>
  el(
    "li",
    {},
    el("button", { type: "button", className: "chip", ariaLabel: words.removeFilter(label), onclick: remove }, label),
  );

/**
 * The fields of `form` named since, until and source, and the list of chips.
 * `onChange(filters)` runs when one is changed. Gives {show(filters), offer(sources), current(), check()}.
 */
export const filtersOf = (form, chips, datalist, onChange) => {
  const { since, until, source } = form.elements;
  let chosen = [];

  const current = () => ({
    since: since.value.trim() || null,
    until: until.value.trim() || null,
    source: [...new Set([...chosen, source.value.trim()].filter(Boolean))],
  });
  const check = () => {
    const dates = [since, until];
    for (const field of dates) {
      field.setCustomValidity(field.value.trim() === "" || DATE.test(field.value.trim()) ? "" : words.badDate);
    }
    return dates.every((field) => field.reportValidity());
  };
  const changed = () => check() && onChange(current());

  const chipsOf = (filters) => [
    filters.since && chip(words.from(filters.since), () => onChange({ ...filters, since: null })),
    filters.until && chip(words.to(filters.until), () => onChange({ ...filters, until: null })),
    ...filters.source.map((name) =>
      chip(name, () => onChange({ ...filters, source: filters.source.filter((other) => other !== name) })),
    ),
  ];
  const show = (filters) => {
    since.value = filters.since ?? "";
    until.value = filters.until ?? "";
    source.value = "";
    for (const field of [since, until]) field.setCustomValidity(""); // a date that was wrong has gone with its page
    chosen = filters.source;
    chips.replaceChildren(...chipsOf(filters).filter(Boolean));
    chips.hidden = !chips.firstChild;
  };

  for (const field of [since, until, source]) field.addEventListener("change", changed);
  for (const field of [since, until]) field.addEventListener("input", () => field.setCustomValidity(""));
  // What keeps a question from being sent must be in sight.
  for (const field of [since, until]) field.addEventListener("invalid", () => (field.closest("details").open = true));
  const offer = (names) => datalist.replaceChildren(...names.map((value) => el("option", { value })));
  return { show, offer, current, check };
};
