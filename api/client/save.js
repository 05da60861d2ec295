// Lists, saved as files.

import { toCsv } from "./csv.js";
import { el } from "./dom.js";
import { words } from "./words.js";

const BYTE_ORDER_MARK = "\uFEFF"; // without it Excel takes UTF-8 for something older

const download = (name, type, content) => {
  const href = URL.createObjectURL(new Blob([content], { type }));
  el("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
};

const saveCsv = ({ name, columns, rows }) =>
  download(`pullquote-${name}.csv`, "text/csv;charset=utf-8", BYTE_ORDER_MARK + toCsv(columns, rows));

const saveJson = ({ name, json }) => download(`pullquote-${name}.json`, "application/json", `${JSON.stringify(json, null, 2)}\n`);

/** Two buttons that save a list; `table()` is called when one is pressed (tables.js says what it gives). */
export const saveButtons = (table, what = words.saveList) => {
  const button = (label, save) =>
    el("button", { type: "button", className: "plain", ariaLabel: `${what} ${label}`, onclick: () => save(table()) }, label);
  return el("span", { className: "save", role: "group", ariaLabel: what }, `${what} `, button("CSV", saveCsv), button("JSON", saveJson));
};
