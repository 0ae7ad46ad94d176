// What went over the wire, both ways.

import { get } from "./api.js";
import { el } from "./dom.js";

const KEPT = 400;
const KINDS = {
  request: ["→", "the app asks"], answer: ["←", "Slack answers"], delivery: ["←", "Slack tells"],
  acknowledgement: ["→", "the app acknowledges"], socket: ["·", "connection"], fault: ["⚡", "planned fault"], lost: ["✕", "lost"],
};

export class Wire {
  constructor(list, label) {
    this.list = list;
    this.label = label;
    this.last = 0;
    this.asking = false;
  }

  /** Asks for what is new. */
  async refresh() {
    if (this.asking) return;
    this.asking = true;
    try {
      const entries = await get(`/wire?after=${this.last}`);
      const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;
      for (const entry of entries.slice(-KEPT)) this.list.append(this.draw(entry));
      if (entries.length) this.last = entries[entries.length - 1].number;
      while (this.list.childElementCount > KEPT) this.list.firstElementChild.remove();
      if (entries.length && atEnd) this.list.scrollTop = this.list.scrollHeight;
    } finally {
      this.asking = false;
    }
  }

  draw(entry) {
    const { number, at, kind, ...rest } = entry;
    const [sign, words] = KINDS[kind] || ["?", kind];
    const node = el("details", { class: `entry ${kind}` },
      el("summary", { title: words }, el("span", { class: "sign", "aria-hidden": "true" }, sign), el("span", { class: "unseen" }, `${words}: `), title(entry)));
    // The JSON is drawn when somebody opens it: most entries nobody ever does.
    node.addEventListener("toggle", () => {
      if (node.open && node.childElementCount === 1) {
        node.append(el("pre", { tabindex: "0", "aria-label": `Entry ${number}` }, JSON.stringify(rest, null, 2)));
      }
    }, { once: true });
    return el("li", {}, node);
  }
}

function title(entry) {
  const { kind } = entry;
  if (kind === "request" || kind === "answer") {
    const ok = entry.body && entry.body.ok === false ? ` ${entry.body.error}` : "";
    return `${entry.method || ""}${ok}${entry.fault ? ` (${entry.fault})` : ""}`;
  }
  if (kind === "delivery" || kind === "fault" || kind === "lost") {
    const payload = (entry.body && (entry.body.payload || entry.body)) || entry.payload || {};
    const event = payload.event || payload;
    const inner = event.command || [event.type, event.subtype].filter(Boolean).join(".") || "";
    return `${inner || entry.type}`;
  }
  if (kind === "socket") return `${entry.state}, ${entry.connections} in all`;
  if (kind === "acknowledgement") return entry.payload && Object.keys(entry.payload).length ? "acknowledged, with an answer" : "acknowledged";
  return kind;
}
