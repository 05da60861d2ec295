// Where texts meet offsets. The archive counts code points, JavaScript counts UTF-16 units: a Range has both.

import { el } from "./dom.js";

// The UTF-16 offset of code point `point`, NaN past the end.
const unitAt = (text, point) => {
  let unit = 0;
  for (let left = point; left > 0; left -= 1) unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
  return unit <= text.length ? unit : NaN;
};

/** The Range of code points [start, end) in `text`, or null where the text has no such piece. */
export const rangeOf = (text, start, end) => {
  const utf16 = { start: unitAt(text, start), end: unitAt(text, end) };
  return utf16.start < utf16.end ? { start, end, utf16 } : null;
};

/** The piece of `text` at `range`; `base` is the UTF-16 offset in the article at which `text` begins. */
export const slice = (text, range, base = 0) => text.slice(range.utf16.start - base, range.utf16.end - base);

// The spans that touch `text`, clipped to it, in order and without overlap: an earlier one in the list wins.
const placed = (spans, base, length) => {
  const kept = [];
  for (const { range, kind } of spans) {
    const start = Math.max(range.utf16.start - base, 0);
    const end = Math.min(range.utf16.end - base, length);
    if (start < end && kept.every((other) => end <= other.start || other.end <= start)) kept.push({ start, end, kind });
  }
  return kept.sort((a, b) => a.start - b.start);
};

/** Nodes that spell `text` with each `{range, kind}` of `spans` in `<mark class=kind>`; `base` as in `slice`. */
export const marked = (text, base, spans) => {
  const nodes = [];
  let done = 0;
  for (const { start, end, kind } of placed(spans, base, text.length)) {
    nodes.push(text.slice(done, start), el("mark", { className: kind }, text.slice(start, end)));
    done = end;
  }
  return [...nodes, text.slice(done)];
};
