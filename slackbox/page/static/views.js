// Modals and App Home.

import { act, acts } from "./api.js";
import { drawBlocks } from "./blocks.js";
import { el, hash } from "./dom.js";
import { plain } from "./text.js";

/** What stands in the inputs of a view, as acts that fill it in. */
function filled(node, view, me) {
  const inputs = new Set(view.blocks.filter((block) => block.type === "input").map((block) => block.block_id));
  return [...node.querySelectorAll("[data-block][data-action]")]
    .filter((control) => inputs.has(control.dataset.block) && control.read)
    .map((control) => ({ act: "fill", person: me, action_id: control.dataset.action, block_id: control.dataset.block, value: control.read() }));
}

function refusal(results) {
  const found = results.find((one) => one && one.error);
  return found ? found.message : null;
}

// What somebody typed since a form was drawn: it outlives a new drawing, as in Slack.
function written(node) {
  const controls = [...node.querySelectorAll("input[data-focus], textarea[data-focus]")];
  return new Map(controls.filter((one) => one.type !== "checkbox" && one.type !== "radio" && one.value !== one.begin)
    .map((one) => [one.dataset.focus, one.value]));
}

/** The modal on top, as a dialog of the browser. */
export class Modal {
  constructor(shop) {
    this.shop = shop;
    this.node = el("dialog", { class: "modal", oncancel: (event) => { event.preventDefault(); this.close(false); } });
    this.shown = "";
    document.body.append(this.node);
  }

  draw(stack) {
    const view = stack[stack.length - 1];
    const signature = view ? hash([view.id, view.hash, view.errors, stack.length, this.shop.me]) : "";
    if (signature === this.shown) return;
    this.shown = signature;
    if (!view) {
      if (this.node.open) this.node.close();
      this.node.replaceChildren();
      return;
    }
    const told = el("p", { class: "error", role: "alert" });
    const surface = {
      ...this.shop.surface(`v-${view.id}`, {}),
      state: view.state.values, errors: view.errors,
      touch: async (block, part, value) => {
        if (block.type === "input" && !block.dispatch_action) {
          // Kept in the form until it is sent, also if the app draws the form anew meanwhile.
          await this.shop.doing(() => act("fill", { person: this.shop.me, action_id: part.action_id, block_id: block.block_id, value: value ?? null }));
          return;
        }
        await this.shop.asking(async () => {
          await acts(filled(this.node, view, this.shop.me));
          return act("act", { person: this.shop.me, action_id: part.action_id, block_id: block.block_id, value: value ?? null });
        });
      },
    };
    const submit = async (event) => {
      event.preventDefault();
      told.textContent = "";
      const button = this.node.querySelector("button[type=submit]");
      button.disabled = true;
      try {
        const results = await acts([...filled(this.node, view, this.shop.me), { act: "submit", person: this.shop.me }]);
        const last = results[results.length - 1];
        const refused = refusal(results);
        if (refused) told.textContent = readable(refused, view);
        else if (!last.acknowledged) told.textContent = `We had some trouble connecting. Try again? (${last.failure})`;
      } catch (error) {
        told.textContent = error.message;
      } finally {
        button.disabled = false;
        this.shop.refresh();
      }
    };
    const typed = this.view === view.id ? written(this.node) : new Map();
    this.view = view.id;
    const words = (part, other) => plain(part ? part.text : other);
    this.node.setAttribute("aria-label", view.title.text || "Form");
    this.node.replaceChildren(
      el("form", { method: "dialog", novalidate: true, onsubmit: submit },
        el("header", {}, el("h2", {}, ...plain(view.title.text)),
          el("button", { type: "button", class: "plain", "aria-label": "Close everything", onclick: () => this.close(true) }, "×")),
        el("div", { class: "inside", tabindex: "-1" }, ...drawBlocks(view.blocks, surface)),
        told,
        el("footer", { class: "row" },
          el("button", { type: "button", onclick: () => this.close(false) }, ...words(view.close, stack.length > 1 ? "Back" : "Close")),
          view.submit && el("button", { type: "submit", class: "primary" }, ...words(view.submit)))));
    for (const control of this.node.querySelectorAll("input[data-focus], textarea[data-focus]")) {
      control.begin = control.value;
      if (typed.has(control.dataset.focus)) control.value = typed.get(control.dataset.focus);
    }
    const here = this.node.contains(document.activeElement);
    if (!this.node.open) this.node.showModal();
    const wrong = this.node.querySelector(".wrong [data-focus]");
    const first = wrong || this.node.querySelector("[autofocus]") || this.node.querySelector(".inside [data-focus]");
    if (first && (wrong || !here)) first.focus();
  }

  close(everything) {
    return this.shop.asking(() => act("close", { person: this.shop.me, everything }));
  }
}

// `question: please complete this required field`, with the block's label for its ID.
function readable(text, view) {
  const labels = new Map(view.blocks.filter((block) => block.label).map((block) => [block.block_id, block.label.text]));
  return text.replace(/(^|; )([^:;]+): /g, (whole, before, id) => (labels.has(id) ? `${before}${labels.get(id)}: ` : whole));
}

/** The App Home of the person. */
export function drawHome(parent, view, shop) {
  const signature = hash([view && view.hash, view && view.id, shop.me]);
  if (parent.dataset.signature === signature) return;
  parent.dataset.signature = signature;
  if (!view) {
    parent.replaceChildren(el("p", { class: "empty" }, "The app shows nothing here yet."));
    return;
  }
  const surface = {
    ...shop.surface(`h-${view.id}`, { view: "home" }), state: view.state.values,
    touch: (block, part, value) => shop.asking(() => act("act", {
      person: shop.me, action_id: part.action_id, block_id: block.block_id, view: "home", value: value ?? null,
    })),
  };
  parent.replaceChildren(...drawBlocks(view.blocks, surface));
}
