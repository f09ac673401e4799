// How a panel and its kernel reach each other: by the comm of the widget, or by the kernel's control channel; and whether the kernel is still there.

const PATIENT = 500; // milliseconds between two greetings by the comm, until another way is tried
const ENDS = ["restarting", "autorestarting", "terminating", "dead"]; // the states of a kernel in which what it held is gone

class Link {
  constructor(model, take, gone) {
    this.key = model.get("key");
    this.way = "comm";
    this.heard = false; // whether a greeting was answered
    this.greeting = null; // the timer of the next one
    this.lost = () => { this.rest(); gone(); };
    this.onMessage = take;
    this.onLive = () => { if (this.model.comm_live !== true) this.lost(); }; // what anywidget gives for a model hides the flag
    this.onStatus = (_, status) => { if (ENDS.includes(status)) this.lost(); }; // of a kernel that died a model is not told
    this.listen(model);
  }

  listen(model) {
    this.model = model;
    this.model.on("msg:custom", this.onMessage);
    this.model.on("comm_live_update", this.onLive);
    this.kernel = this.model.widget_manager?.kernel;
    this.kernel?.statusChanged?.connect(this.onStatus);
  }

  deafen() {
    this.model.off("msg:custom", this.onMessage);
    this.model.off("comm_live_update", this.onLive);
    this.kernel?.statusChanged?.disconnect(this.onStatus);
  }

  rebind(model) {
    this.deafen();
    this.listen(model);
    this.begin();
  }

  begin() {
    if (!this.heard && this.greeting === null) this.greet(200);
  }

  // Again until it is answered: what is sent by the comm before the front end knows the kernel's subshell waits for the cell that runs. A page that
  // was loaded while one runs never comes to know it, so then the control channel is tried in turn; it is the second choice, for each message on
  // it makes the front end believe that the kernel is idle, and Voila lets none of ours pass.
  greet(pause) {
    this.greeting = null;
    if (this.heard) return;
    this.way = pause > PATIENT && this.way === "comm" ? "control" : "comm";
    if (this.send({ op: "hello", way: this.way })) this.greeting = setTimeout(() => this.greet(Math.min(2 * pause, 10000)), pause);
  }

  answered(way) {
    this.heard = true;
    this.way = way;
  }

  rest() {
    clearTimeout(this.greeting);
    this.greeting = null;
  }

  end() {
    this.rest();
    this.deafen();
  }

  // Whether it could be sent: false where the kernel is gone. The control channel is served while a cell keeps the kernel busy.
  send(message) {
    const kernel = this.model.widget_manager?.kernel;
    if (this.way !== "control" || !kernel?.sendControlMessage) {
      try {
        this.model.send(message);
      } catch (error) { // a comm that was disposed of
        console.warn(error);
        this.lost();
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
}
