// Which rows a panel of many steps has: steps, and folds of steps that say little and stand side by side.

const MANY = 60; // steps: from here on there are folds
const WORTH = 8; // such steps in a row at least
const MORE = 100; // of them that are shown at a click; and matches of a search

// How the step of a row stands, from its HTML.
function standing(row) {
  return /durnb-row-([a-z-]+)/.exec(row)[1].replaceAll("-", " ");
}

// The steps that are looked for, in order.
function matching(page, { words, standing: wanted }) {
  const text = words.toLowerCase();
  if (!text && !wanted) return page.order;
  return page.order.filter((step) => step.toLowerCase().includes(text) && (!wanted || standing(page.rows[step]) === wanted));
}

// The rows for the steps `found`, in order: steps, and folds {fold: first step, steps}. What is in `kept` is in no fold; `all` says that they were
// looked for, so that only their number folds them.
function folded(page, found, kept, all) {
  if (found.length <= MANY) return found;
  const quiet = new Set(page.quiet);
  const may = found.map((step, at) => !kept.has(step) && (all ? at >= MORE : quiet.has(standing(page.rows[step]))));
  const shown = may.map((one, at) => !one || (!all && (at < 3 || at >= may.length - 3 || [1, 2].some((n) => !may[at - n] || !may[at + n]))));
  const rows = [];
  for (let at = 0; at < found.length; ) {
    let end = at;
    while (end < found.length && !shown[end]) end += 1;
    if (end - at < WORTH) rows.push(...found.slice(at, Math.max(end, at + 1)));
    else rows.push({ fold: found[at], steps: found.slice(at, end) });
    at = Math.max(end, at + 1);
  }
  return rows;
}

// The row of a fold; `old` is the one that stands there, if any.
function foldRow(page, { fold, steps }, old) {
  const counts = new Map();
  for (const step of steps) {
    const one = standing(page.rows[step]);
    counts.set(one, (counts.get(one) ?? 0) + 1);
  }
  const told = [...counts].map(([one, count]) => `${count} ${one}`).join(", ");
  const row = old?.dataset.fold ? old : element("tr", "durnb-fold", { "data-fold": fold });
  if (!row.firstChild) {
    const cell = element("td", "", { colspan: "7" });
    cell.append(element("span", "durnb-facts"), element("button", "durnb-button", { type: "button", "data-op": "unfold", "data-step": fold }));
    row.append(cell);
  }
  row.steps = steps;
  const [words, button] = row.firstChild.children;
  words.textContent = `… ${told}: ${steps[0]} to ${steps.at(-1)} `;
  button.textContent = steps.length > MORE ? `Show the next ${MORE}` : `Show all ${steps.length}`;
  return row;
}
