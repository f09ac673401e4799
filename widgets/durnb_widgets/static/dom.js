// The document: what elements are made of, become and keep, and how times and lengths are told. Nothing here knows of steps.

const FINE = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

// Times in the reader's zone and language.
function localTimes(root) {
  const today = new Date().toDateString();
  for (const one of root.querySelectorAll("time[datetime]")) {
    const at = new Date(one.dateTime);
    one.title = FINE.format(at);
    one.textContent = at.toDateString() === today ? TIME.format(at) : DAY.format(at);
  }
}

function filled(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.dataset.kind === "text") return field.value;
  if (field.type === "number") return Number(field.value);
  return JSON.parse(field.value); // typed as JSON, or a choice, whose value is JSON
}

function length(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} m`;
}

// Makes an element what another is, and leaves in place what is the same: what is pressed, typed, asked or focused stays.
function morph(old, fresh) {
  const other = old.nodeName !== fresh.nodeName || old.dataset?.op !== fresh.dataset?.op || old.dataset?.signal !== fresh.dataset?.signal;
  if (other) { old.replaceWith(fresh); return; }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.classList.contains("durnb-asking")) {
    const asked = old.querySelector(".durnb-yes").dataset.op;
    if (fresh.querySelector(`[data-op="${asked}"]`)) return; // it can still be answered
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const there = [...old.childNodes];
  const wanted = [...fresh.childNodes];
  wanted.forEach((child, at) => { if (at < there.length) morph(there[at], child); else old.append(child); });
  for (const child of there.slice(wanted.length)) child.remove();
}

function mark(target) {
  return target?.dataset?.op ? { op: target.dataset.op, step: target.dataset.step ?? "" } : null;
}

// Remembers how far the parts of an element are scrolled, and which are open; what it gives puts that back.
function stands(root) {
  const scrolled = [...root.querySelectorAll(".durnb-code, .durnb-timeline")].map((one) => [one.scrollLeft, one.scrollTop]);
  const open = [...root.querySelectorAll("details")].map((one) => one.open);
  return () => {
    root.querySelectorAll(".durnb-code, .durnb-timeline").forEach((one, at) => { [one.scrollLeft, one.scrollTop] = scrolled[at] ?? [0, 0]; });
    root.querySelectorAll("details").forEach((one, at) => { one.open = open[at] ?? false; });
  };
}

function fragment(html) {
  return parts(html)[0];
}

function parts(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // escaped by the kernel
  return [...template.content.childNodes];
}

function element(name, css, attributes = {}, text = "") {
  const made = document.createElement(name);
  if (css) made.className = css;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}
