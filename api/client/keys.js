// The page by keyboard: "/" asks, arrows walk through the findings. Escape is the dialog's own.

const stops = (root) => [...root.querySelectorAll("[data-stop]")];

const isTyping = (node) => node.matches("input, textarea, select, [contenteditable]");

// The neighbour of `from` in the direction of `step`; above the first finding is the question itself.
const neighbour = (from, step, question, root) => {
  const all = stops(root);
  const index = all.indexOf(from) + step;
  return index < 0 ? question : all[index];
};

const walk = (event, question, root) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const { target } = event;
  // In the question, arrows move the caret until it stands at the end.
  const leaves = target === question && step === 1 && question.selectionStart === question.value.length;
  if (!step || !(leaves || target.matches("[data-stop]"))) return;
  const next = neighbour(target, step, question, target.closest("dialog") ?? root);
  if (!next) return;
  event.preventDefault();
  next.focus();
};

/** Listens to `document`. `toQuestion` brings the question box into reach and focuses it. */
export const listen = ({ question, root, toQuestion }) => {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "/" && !isTyping(event.target)) {
      event.preventDefault();
      toQuestion();
    } else {
      walk(event, question, root);
    }
  });
};
