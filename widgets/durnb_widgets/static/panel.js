// Makes the panels that a notebook shows live. The kernel sends HTML in which every text is escaped (durnb_widgets/markup.py); what is
// typed or sent as plain text is put in by textContent alone. A panel is found by its class, so that the notebook itself holds plain HTML.
// One module is made of this file and link.js, rows.js and dom.js beside it.

const LONG = 12; // steps: from here on there is something to search
const LATELY = 8; // steps that stay to be seen when they have finished
const DETAIL_EVERY = 2000; // milliseconds between two looks at a step that is open, at least
const SILENT = 25000; // milliseconds: while a step runs, the kernel tells of it every 10 seconds at least
const HOMELESS = 4000; // milliseconds until a question is shown over the page, where the notebook holds no place for it

export default {
  initialize({ model }) {
    const panels = (window.durnbPanels ??= new Map()); // the kernel opens a panel's comm again and again: each time this is another module
    const key = model.get("key");
    const known = panels.get(key);
    if (known) known.follow(model);
    else panels.set(key, new Panel(model));
    const panel = panels.get(key);
    if (!known) panel.begin();
    return () => {
      if (panel.link.model !== model) return;
      panels.delete(key);
      panel.end();
    };
  },
};

class Panel {
  constructor(model) {
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
    this.link = new Link(model, (message) => this.take(message), () => this.gone());
  }

  begin() {
    this.places = document.getElementsByClassName(`durnb-panel-${this.link.key}`);
    this.observer = new MutationObserver(() => this.adopt());
    this.observer.observe(document.body, { childList: true, subtree: true });
    this.clock = setInterval(() => this.tick(), 1000);
    this.link.begin();
  }

  follow(model) {
    this.clock ??= setInterval(() => this.tick(), 1000);
    this.link.rebind(model);
  }

  end() {
    if (this.small()) this.host.remove();
    this.observer.disconnect();
    for (const timer of this.asked.values()) clearTimeout(timer);
    clearTimeout(this.homeless);
    this.link.end();
    this.gone();
  }

  gone() {
    clearInterval(this.clock);
    this.clock = null;
    if (!this.host || this.host.classList.contains("durnb-gone")) return;
    this.host.classList.add("durnb-gone");
    this.said = { text: "The kernel that this panel followed is gone. Run this cell again to go on.", ok: false };
    this.showSaid();
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
      this.link.answered(message.way);
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
    localTimes(host);
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
      localTimes(at);
    }
    if (message.order) this.page.order = message.order;
    for (const step of Object.keys(message.rows)) if (this.at(step)) this.renew(step);
    this.tools();
    if (message.order || Object.keys(message.rows).length) this.arrange();
  }

  // ---- which rows are there

  // Puts the rows in place; those that are there already stay what they are.
  arrange() {
    const body = this.host.querySelector(".durnb-rows");
    const there = new Map([...body.children].map((row) => [row.dataset.row ?? row.dataset.fold ?? `\n${row.dataset.of}`, row]));
    const looked = Boolean(this.filter.words || this.filter.standing);
    const found = matching(this.page, this.filter);
    const kept = new Set([...this.unfolded, ...this.open.keys(), ...this.recent]);
    const rows = folded(this.page, found, kept, looked).flatMap((one) => {
      if (typeof one !== "string") return [foldRow(this.page, one, there.get(one.fold))];
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
    const text = looked ? `${found.length} of ${this.page.order.length}` : "";
    if (said && said.textContent !== text) said.textContent = text;
  }

  fresh(step) {
    const row = this.row(step);
    localTimes(row);
    if (this.open.has(step)) this.opened(row, true);
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
      this.link.send({ op, step });
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
    this.link.send({ op: "signal", step, signal, value });
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
      this.link.send({ op: "detail", step });
    }
  }

  // A step that changes many times a second is not told in full each time.
  askDetail(step) {
    if (this.asked.has(step)) return;
    this.asked.set(step, setTimeout(() => {
      this.asked.delete(step);
      if (this.open.has(step)) this.link.send({ op: "detail", step });
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
    localTimes(holder);
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
}
