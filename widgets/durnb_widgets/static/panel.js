// Makes the panels that a notebook shows live. The kernel sends HTML in which every text is escaped (durnb_widgets/markup.py); what is
// typed or sent as plain text is put in by textContent alone. A panel is found by its class, so that the notebook itself holds plain HTML.

const LONG = 12; // steps: from here on there is something to search
const MANY = 60; // steps: from here on those that say little and stand side by side are one row, which opens
const WORTH = 8; // such steps in a row at least
const LATELY = 8; // steps that stay to be seen when they have finished
const MORE = 100; // of them that are shown at a click; and matches of a search
const DETAIL_EVERY = 2000; // milliseconds between two looks at a step that is open, at least
const SILENT = 25000; // milliseconds: while a step runs, the kernel tells of it every 10 seconds at least
const FINE = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const PATIENT = 500; // milliseconds between two greetings by the comm, until another way is tried
const ENDS = ["restarting", "autorestarting", "terminating", "dead"]; // the states of a kernel in which what it held is gone
const HOMELESS = 4000; // milliseconds until a question is shown over the page, where the notebook holds no place for it

export default {
  initialize({ model }) {
    const panels = (window.durnbPanels ??= new Map()); // the kernel opens a panel's comm again and again: each time this is another module
    const key = model.get("key");
    const known = panels.get(key);
    if (known) known.rebind(model);
    else panels.set(key, new Panel(model));
    const panel = panels.get(key);
    if (!known) panel.begin();
    return () => {
      if (panel.model !== model) return;
      panels.delete(key);
      panel.end();
    };
  },
};

class Panel {
  constructor(model) {
    this.model = model;
    this.key = model.get("key");
    this.host = null; // the live element; it is put where the notebook shows its saved form
    this.page = null;
    this.open = new Map(); // step -> HTML of its detail
    this.unfolded = new Set(); // steps that were asked for
    this.recent = []; // steps that changed last
    this.asked = new Map(); // step -> when its detail was asked for last
    this.said = { text: "", ok: true };
    this.filter = { words: "", standing: "" };
    this.focused = null;
    this.clock = null;
    this.greeting = null; // the timer of the next one
  }

  begin() {
    this.listen();
    this.places = document.getElementsByClassName(`durnb-panel-${this.key}`);
    this.observer = new MutationObserver(() => this.adopt());
    this.observer.observe(document.body, { childList: true, subtree: true });
    this.follow();
  }

  follow() {
    this.clock ??= setInterval(() => this.tick(), 1000);
    if (!this.page && this.greeting === null) this.greet(200);
  }

  listen() {
    this.onMessage = (message) => this.take(message);
    this.model.on("msg:custom", this.onMessage);
    this.onLive = () => { if (this.model.comm_live !== true) this.gone(); }; // what anywidget gives for a model hides the flag
    this.model.on("comm_live_update", this.onLive);
    this.kernel = this.model.widget_manager?.kernel;
    this.onStatus = (_, status) => { if (ENDS.includes(status)) this.gone(); }; // of a kernel that died a model is not told
    this.kernel?.statusChanged?.connect(this.onStatus);
  }

  deafen() {
    this.model.off("msg:custom", this.onMessage);
    this.model.off("comm_live_update", this.onLive);
    this.kernel?.statusChanged?.disconnect(this.onStatus);
  }

  rebind(model) {
    this.deafen();
    this.model = model;
    this.listen();
    this.follow();
  }

  // Again until it is answered: what is sent by the comm before the front end knows the kernel's subshell waits for the cell that runs. A page that
  // was loaded while one runs never comes to know it, so then the control channel is tried in turn; it is the second choice, for each message on
  // it makes the front end believe that the kernel is idle, and Voila lets none of ours pass.
  greet(pause) {
    this.greeting = null;
    if (this.page) return;
    this.way = pause > PATIENT && this.way === "comm" ? "control" : "comm";
    if (this.send({ op: "hello", way: this.way })) this.greeting = setTimeout(() => this.greet(Math.min(2 * pause, 10000)), pause);
  }

  end() {
    if (this.small()) this.host.remove();
    this.observer.disconnect();
    for (const timer of this.asked.values()) clearTimeout(timer);
    clearTimeout(this.homeless);
    this.deafen();
    this.gone();
  }

  gone() {
    clearInterval(this.clock);
    clearTimeout(this.greeting);
    this.clock = this.greeting = null;
    if (!this.host || this.host.classList.contains("durnb-gone")) return;
    this.host.classList.add("durnb-gone");
    this.said = { text: "The kernel that this panel followed is gone. Run this cell again to go on.", ok: false };
    this.showSaid();
  }

  // By the comm, or by the kernel's control channel, which is served while a cell keeps the kernel busy; false where the kernel is gone.
  send(message) {
    const kernel = this.model.widget_manager?.kernel;
    if (this.way !== "control" || !kernel?.sendControlMessage) {
      try {
        this.model.send(message);
      } catch (error) { // a comm that was disposed of
        console.warn(error);
        this.gone();
        return false;
      }
      return true;
    }
    const header = {
      msg_id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, msg_type: "durnb_request", version: "5.3",
      username: kernel.username, session: kernel.clientId, date: new Date().toISOString(),
    };
    const content = { op: "panel", key: this.key, message };
    const future = kernel.sendControlMessage({ header, content, parent_header: {}, metadata: {}, buffers: [], channel: "control" }, true, true);
    future.done.catch(() => {}); // the kernel is gone: that is shown
    return true;
  }

  small() {
    return this.host?.classList.contains("durnb-small-panel");
  }

  take(message) {
    this.heard = Date.now();
    if (this.said.silence) {
      this.said = { text: "", ok: true };
      this.showSaid();
    }
    if (message.kind === "page") {
      if (this.page) return; // the answer to a greeting that was sent again
      this.page = message;
      this.way = message.way;
      this.build();
    } else if (message.kind === "patch" && this.page) {
      this.patch(message);
    } else if (message.kind === "detail") {
      this.open.set(message.step, message.html);
      this.showDetail(message.step);
    } else if (message.kind === "said") {
      this.said = message;
      this.showSaid();
    }
  }

  // ---- where it stands

  adopt() {
    if (!this.host || (this.host.isConnected && !this.afloat)) return;
    const place = [...this.places].find((one) => one !== this.host);
    if (!place) return;
    const kept = stands(this.host);
    place.replaceWith(this.host);
    kept();
    this.placed = true;
    this.afloat = false;
    this.host.classList.remove("durnb-afloat");
    const busy = document.activeElement?.closest("input, textarea, .cm-editor");
    if (this.focused?.isConnected && !busy) this.focused.focus({ preventScroll: true }); // it was taken away with the old place
  }

  // A page that was loaded anew holds no output that was not saved before.
  float() {
    if (this.placed || this.host.isConnected) return;
    this.afloat = true;
    this.host.classList.add("durnb-afloat");
    document.body.append(this.host);
  }

  build() {
    const host = fragment(this.page.shell);
    host.querySelector(".durnb-tools").before(element("div", "durnb-said", { role: "status", "aria-live": "polite" }));
    host.addEventListener("click", (event) => this.click(event));
    host.addEventListener("pointerdown", (event) => { this.pressed = event.button === 0 ? event.target.closest("button[data-op]") : null; });
    host.addEventListener("pointerup", (event) => this.released(event));
    host.addEventListener("submit", (event) => this.submit(event));
    host.addEventListener("focusin", (event) => { this.focused = event.target; });
    host.addEventListener("focusout", (event) => { if (event.relatedTarget) this.focused = null; });
    host.addEventListener("keydown", (event) => this.keydown(event));
    const old = this.host;
    this.host = host;
    this.tools();
    this.local(host);
    this.showSaid();
    this.arrange();
    for (const step of this.open.keys()) this.askDetail(step);
    if (old?.isConnected) old.replaceWith(host);
    else this.adopt();
    if (this.small()) this.homeless = setTimeout(() => this.float(), HOMELESS);
  }

  patch(message) {
    const turned = Object.keys(message.rows).filter((step) => this.page.rows[step] && standing(this.page.rows[step]) !== standing(message.rows[step]));
    this.recent = [...this.recent.filter((step) => !turned.includes(step)), ...turned].slice(-LATELY);
    Object.assign(this.page.rows, message.rows);
    for (const name of ["head", "chart", "foot"]) {
      if (message[name] === undefined) continue;
      const at = this.host.querySelector({ head: ".durnb-head", chart: ".durnb-timeline", foot: ".durnb-foot" }[name]);
      at.replaceChildren(...parts(message[name]));
      this.local(at);
    }
    if (message.order) this.page.order = message.order;
    for (const step of Object.keys(message.rows)) if (this.at(step)) this.renew(step);
    this.tools();
    if (message.order || Object.keys(message.rows).length) this.arrange();
  }

  // ---- which rows are there

  // The rows that are to be seen, in order: steps, and folds {fold: first step, steps}.
  wanted() {
    const { words, standing } = this.filter;
    const text = words.toLowerCase();
    const fits = (step) => (!text || step.toLowerCase().includes(text)) && (!standing || this.standing(step) === standing);
    const found = text || standing ? this.page.order.filter(fits) : this.page.order;
    this.found = found.length;
    if (found.length <= MANY) return found;
    const quiet = new Set(this.page.quiet);
    const all = text || standing;
    const kept = new Set([...this.unfolded, ...this.open.keys(), ...this.recent]);
    const foldable = (step, at) => !kept.has(step) && (all ? at >= MORE : quiet.has(this.standing(step)));
    const may = found.map(foldable);
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

  standing(step) {
    return standing(this.page.rows[step]);
  }

  // Puts the rows in place; those that are there already stay what they are.
  arrange() {
    const body = this.host.querySelector(".durnb-rows");
    const there = new Map([...body.children].map((row) => [row.dataset.row ?? row.dataset.fold ?? `\n${row.dataset.of}`, row]));
    const rows = this.wanted().flatMap((one) => {
      if (typeof one !== "string") return [this.fold(one, there.get(one.fold))];
      const row = there.get(one)?.dataset.row ? there.get(one) : this.fresh(one);
      const detail = there.get(`\n${one}`);
      return detail && this.open.has(one) ? [row, detail] : [row];
    });
    const staying = new Set(rows);
    for (const row of [...body.children]) if (!staying.has(row)) row.remove();
    rows.forEach((row, at) => { if (body.children[at] !== row) body.insertBefore(row, body.children[at] ?? null); });
    for (const [step, html] of this.open) if (html && this.at(step) && !this.detail(step)) this.showDetail(step);
    this.count();
    const said = this.host.querySelector(".durnb-count");
    const text = this.filter.words || this.filter.standing ? `${this.found} of ${this.page.order.length}` : "";
    if (said && said.textContent !== text) said.textContent = text;
  }

  fresh(step) {
    const row = this.row(step);
    this.local(row);
    if (this.open.has(step)) this.opened(row, true);
    return row;
  }

  fold({ fold, steps }, old) {
    const counts = new Map();
    for (const step of steps) counts.set(this.standing(step), (counts.get(this.standing(step)) ?? 0) + 1);
    const told = [...counts].map(([standing, count]) => `${count} ${standing}`).join(", ");
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

  unfold(row) {
    const next = row.steps.slice(0, MORE);
    for (const step of next) this.unfolded.add(step);
    this.arrange();
    this.at(next[0])?.querySelector("button")?.focus({ preventScroll: true });
  }

  row(step) {
    const template = document.createElement("template");
    template.innerHTML = this.page.rows[step]; // escaped by the kernel
    return template.content.firstElementChild;
  }

  at(step) {
    return this.host.querySelector(`tr[data-row="${CSS.escape(step)}"]`);
  }

  renew(step) {
    const row = this.at(step);
    const focused = row.contains(document.activeElement) ? mark(document.activeElement) : null;
    morph(row, this.fresh(step));
    this.count();
    if (this.open.has(step)) this.askDetail(step);
    if (focused && !row.contains(document.activeElement)) (this.find(focused) ?? row.querySelector("button"))?.focus({ preventScroll: true });
  }

  find(what) {
    const among = [...this.host.querySelectorAll(`[data-op="${what.op}"]`)];
    return among.find((one) => (one.dataset.step ?? "") === what.step);
  }

  // ---- what a person does

  // A press is no click to the browser where the notebook put the panel anew meanwhile.
  released(event) {
    const button = event.target.closest("button[data-op]");
    const pressed = this.pressed;
    if (button && button === pressed) setTimeout(() => { if (this.pressed === pressed) this.click({ target: button }); });
  }

  click(event) {
    const button = event.target.closest("button[data-op]");
    this.pressed = null;
    if (!button) return;
    const { op, step, asks } = button.dataset;
    if (op === "detail") this.toggle(step);
    else if (op === "unfold") this.unfold(button.closest("tr"));
    else if (op === "no") this.unask(button);
    else if (op === "signal") this.answer(step, button.dataset.signal, button.dataset.value);
    else if (asks) this.ask(button);
    else {
      this.send({ op, step });
      if (button.closest(".durnb-asking")) this.unask(button);
    }
  }

  keydown(event) {
    if (event.key === "Escape") {
      const no = event.target.closest(".durnb-asking")?.querySelector('[data-op="no"]');
      if (no) { this.unask(no); event.stopPropagation(); }
    }
    // Lab's command mode would take single letters; whatever is typed here is ours
    if (event.target.closest("input, select, button")) event.stopPropagation();
  }

  answer(step, signal, value) {
    this.send({ op: "signal", step, signal, value });
  }

  submit(event) {
    event.preventDefault();
    const form = event.target;
    const fields = [...form.querySelectorAll("[data-kind]")];
    try {
      const values = fields.filter((one) => one.required || one.type === "checkbox" || one.value !== "").map((one) => [one.name, filled(one)]);
      const whole = fields.length === 1 && !fields[0].name;
      this.answer(form.dataset.step, form.dataset.signal, JSON.stringify(whole ? values[0]?.[1] ?? null : Object.fromEntries(values)));
    } catch (error) {
      this.said = { text: `This is not JSON: ${error.message}`, ok: false };
      this.showSaid();
    }
  }

  ask(button) {
    const box = button.parentElement;
    const { op, step, asks } = button.dataset;
    box.classList.add("durnb-asking");
    const yes = element("button", "durnb-button durnb-yes", { type: "button", "data-op": op, "data-step": step ?? "" }, button.textContent);
    const no = element("button", "durnb-button", { type: "button", "data-op": "no", "data-step": step ?? "" }, "Leave it");
    box.replaceChildren(element("span", "durnb-question", { role: "alert" }, asks), yes, no);
    no.focus();
  }

  unask(no) {
    const step = no.dataset.step;
    if (!step) { this.tools(true); return; }
    no.closest(".durnb-asking").classList.remove("durnb-asking");
    this.renew(step);
    this.at(step)?.querySelector("button")?.focus();
  }

  toggle(step) {
    if (this.open.has(step)) {
      this.open.delete(step);
      this.opened(this.at(step), false);
      this.detail(step)?.remove();
    } else {
      this.open.set(step, "");
      this.opened(this.at(step), true);
      this.send({ op: "detail", step });
    }
  }

  // A step that changes many times a second is not told in full each time.
  askDetail(step) {
    if (this.asked.has(step)) return;
    this.asked.set(step, setTimeout(() => {
      this.asked.delete(step);
      if (this.open.has(step)) this.send({ op: "detail", step });
    }, this.lately(step) ? DETAIL_EVERY : 0));
  }

  lately(step) {
    return Date.now() - Number(this.detail(step)?.dataset.at ?? 0) < DETAIL_EVERY;
  }

  detail(step) {
    const row = this.at(step)?.nextElementSibling;
    return row?.classList.contains("durnb-detail-row") ? row : null;
  }

  opened(row, is) {
    row.classList.toggle("durnb-open", is);
    row.querySelector("button.durnb-step")?.setAttribute("aria-expanded", String(is));
  }

  showDetail(step) {
    const row = this.at(step);
    const html = this.open.get(step);
    if (!row || !html) return;
    let holder = this.detail(step);
    if (!holder) {
      holder = element("tr", "durnb-detail-row", { "data-of": step });
      holder.append(element("td", "durnb-detail", { colspan: "7" }));
      row.after(holder);
    }
    holder.dataset.at = String(Date.now());
    if (holder.told === html) return;
    holder.told = html;
    const kept = stands(holder);
    holder.firstChild.replaceChildren(...parts(html));
    this.local(holder);
    kept();
  }

  showSaid() {
    const at = this.host?.querySelector(".durnb-said");
    if (!at) return;
    at.textContent = this.said.text;
    at.classList.toggle("durnb-refused", !this.said.ok);
  }

  // ---- search

  tools(anew = false) {
    const at = this.host.querySelector(".durnb-tools");
    const long = this.page.order.length >= LONG;
    if (!anew && at.childElementCount && at.dataset.long === String(long)) return;
    at.dataset.long = String(long);
    const box = element("span", "durnb-actions");
    box.append(
      element("button", "durnb-button", { type: "button", "data-op": "restore", "data-asks": this.page.restore }, "Restore all"),
    );
    at.replaceChildren(box);
    if (!long) return;
    const words = element("input", "", { type: "search", placeholder: "find a step", "aria-label": "find a step" });
    words.value = this.filter.words;
    words.addEventListener("input", () => { this.filter.words = words.value; this.arrange(); });
    const standing = element("select", "", { "aria-label": "steps that are" });
    for (const one of ["", ...this.page.standings]) standing.append(element("option", "", { value: one }, one || "all steps"));
    standing.value = this.filter.standing;
    standing.addEventListener("change", () => { this.filter.standing = standing.value; this.arrange(); });
    at.prepend(words, standing, element("span", "durnb-count durnb-facts", { "aria-live": "polite" }));
  }

  // ---- time

  tick() {
    if (!this.host?.isConnected) return;
    const lasting = this.host.querySelector("[data-since]");
    if (lasting && Date.now() - this.heard > SILENT) {
      this.said = { text: `Nothing has been heard of the kernel since ${TIME.format(this.heard)}.`, ok: false, silence: true };
      this.showSaid();
      return;
    }
    this.count();
  }

  count() {
    for (const one of this.host.querySelectorAll("[data-since]")) one.textContent = length((Date.now() - Date.parse(one.dataset.since)) / 1000);
  }

  local(root) {
    const today = new Date().toDateString();
    for (const one of root.querySelectorAll("time[datetime]")) {
      const at = new Date(one.dateTime);
      one.title = FINE.format(at);
      one.textContent = at.toDateString() === today ? TIME.format(at) : DAY.format(at);
    }
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

// How the step of a row stands, from its HTML.
function standing(row) {
  return /durnb-row-([a-z-]+)/.exec(row)[1].replaceAll("-", " ");
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
