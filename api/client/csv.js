// CSV, read and written (RFC 4180).

// Spreadsheets run a cell that begins like this, or like this after white space, as a formula.
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/;

const cellOf = (value) => {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/**
 * Rows (objects) as CSV with a header of `columns`. A text that a spreadsheet would run as a formula gets an apostrophe
 * before it, as one types it there to say "this is text"; numbers stay as they are.
 */
export const toCsv = (columns, rows) =>
  [columns, ...rows.map((row) => columns.map((column) => row[column]))]
    .map((cells) => `${cells.map(cellOf).join(",")}\r\n`)
    .join("");

const FIELD = /^\s*"((?:[^"]+|"")*)"\s*$/;

/** A cell without its quotation marks, if it has some. */
export const unquoted = (cell) => FIELD.exec(cell)?.[1].replaceAll('""', '"') ?? cell.trim();

// The records of `text` as raw cells; a separator or a line's end between quotation marks is part of its cell.
const split = (text, separator) => {
  const records = [[]];
  let start = 0;
  let quoted = false;
  const cut = (at) => records.at(-1).push(text.slice(start, at));
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"' && (quoted || text.slice(start, at).trim() === "")) quoted = !quoted;
    else if (char === '"' && text[at - 1] === '"') quoted = true; // a doubled one, inside
    else if (!quoted && (char === separator || char === "\n")) {
      cut(at);
      start = at + 1;
      if (char === "\n") records.push([]);
    }
  }
  cut(text.length);
  return records.filter((cells) => cells.some((cell) => cell.trim()));
};

// The separator is the one that the header has most of; null where it has none: then a comma is part of a question.
const separatorOf = (text) => {
  const header = text.slice(0, `${text}\n`.indexOf("\n"));
  const count = (char) => header.split(char).length;
  const most = [",", ";", "\t"].reduce((best, char) => (count(char) > count(best) ? char : best));
  return header.includes(most) ? most : null;
};

/** The cells of CSV text, record by record; comma, semicolon or tab, told by the first line. */
export const fromCsv = (text) => split(text, separatorOf(text)).map((cells) => cells.map(unquoted));
