// Questions out of what was pasted or chosen: CSV with a column "question", or one question a line.

import { fromCsv, unquoted } from "./csv.js";

const tidy = (text) => text.replace(/\s+/g, " ").trim();

/** [{id, question}] of a text; ids are those of a column "id", else 1, 2, 3 … Empty questions are left out. */
export const questionsIn = (text) => {
  const clean = text.replace(/^\uFEFF/, "");
  const [header = [], ...records] = fromCsv(clean);
  const names = header.map((name) => name.trim().toLowerCase());
  const [question, id] = [names.indexOf("question"), names.indexOf("id")];
  const found =
    question < 0
      ? clean.split(/\r\n|[\r\n]/).map((line) => ({ question: tidy(unquoted(line)) }))
      : records.map((cells) => ({ id: id < 0 ? "" : tidy(cells[id] ?? ""), question: tidy(cells[question] ?? "") }));
  return found
    .filter((asked) => asked.question)
    .map((asked, index) => ({ id: asked.id || String(index + 1), question: asked.question }));
};

/** The text of a file: UTF-8, UTF-16 where it says so, else what Excel writes on Windows. */
export const textOf = async (file) => {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const mark = bytes[0] * 256 + bytes[1];
  if (mark === 0xfffe || mark === 0xfeff) return new TextDecoder(mark === 0xfffe ? "utf-16le" : "utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
};
