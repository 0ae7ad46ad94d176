// Where one writes: messages, slash commands with suggestions, mentions.

import { el } from "./dom.js";

/** `shop`: { commands(), people(), send(text, broadcast) -> promise of whether it was sent } */
export class Composer {
  constructor({ label, placeholder, broadcast, name }, shop) {
    this.shop = shop;
    this.found = [];
    this.chosen = 0;
    this.list = el("ul", { class: "suggestions", id: `${name}-suggestions`, role: "listbox", "aria-label": "Suggestions", hidden: true });
    this.field = el("textarea", {
      rows: "2", "aria-label": label, placeholder, autocomplete: "off", role: "combobox", "aria-autocomplete": "list",
      "aria-expanded": "false", "aria-controls": `${name}-suggestions`, data: { focus: name },
      oninput: () => this.suggest(), onkeydown: (event) => this.key(event), onblur: () => setTimeout(() => this.hide(), 150),
    });
    this.box = broadcast ? el("input", { type: "checkbox", id: `${name}-broadcast` }) : null;
    this.node = el("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); this.send(); } },
      this.list, this.field,
      el("div", { class: "row" },
        broadcast ? el("span", { class: "also" }, this.box, el("label", { for: `${name}-broadcast` }, broadcast)) : el("span", { class: "hint" }, "Enter sends, Shift+Enter breaks the line, / lists commands"),
        el("button", { type: "submit", class: "primary" }, "Send")));
  }

  /** Words that can come at the cursor. */
  suggest() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    const command = /^(\/\S*)$/.exec(before);
    const mention = /(?:^|\s)@(\S*)$/.exec(before);
    if (command) {
      this.found = this.shop.commands().filter((one) => one.command.startsWith(command[1]))
        .map((one) => ({ words: `${one.command} ${one.usage_hint || ""}`.trim(), hint: one.description, text: `${one.command} `, from: 0 }));
    } else if (mention) {
      const typed = mention[1].toLowerCase();
      this.found = this.shop.people().filter((one) => one.handle.includes(typed) || one.name.toLowerCase().includes(typed)).slice(0, 8)
        .map((one) => ({ words: one.name, hint: `@${one.handle}`, text: `@${one.handle} `, from: before.length - mention[1].length - 1 }));
    } else this.found = [];
    this.chosen = 0;
    this.show();
  }

  show() {
    this.list.hidden = this.found.length === 0;
    this.field.setAttribute("aria-expanded", String(this.found.length > 0));
    this.list.replaceChildren(...this.found.map((one, index) => el("li", {
      role: "option", id: `${this.list.id}-${index}`, "aria-selected": String(index === this.chosen),
      onmousedown: (event) => { event.preventDefault(); this.take(index); },
    }, el("b", {}, one.words), " ", el("span", { class: "hint" }, one.hint))));
    if (this.found.length) this.field.setAttribute("aria-activedescendant", `${this.list.id}-${this.chosen}`);
    else this.field.removeAttribute("aria-activedescendant");
  }

  hide() {
    this.found = [];
    this.show();
  }

  take(index) {
    const one = this.found[index];
    const after = this.field.value.slice(this.field.selectionStart);
    this.field.value = this.field.value.slice(0, one.from) + one.text + after;
    const at = one.from + one.text.length;
    this.field.setSelectionRange(at, at);
    this.field.focus();
    this.hide();
  }

  key(event) {
    if (this.found.length && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      this.chosen = (this.chosen + (event.key === "ArrowDown" ? 1 : -1) + this.found.length) % this.found.length;
      this.show();
    } else if (this.found.length && (event.key === "Tab" || (event.key === "Enter" && !this.complete()))) {
      event.preventDefault();
      this.take(this.chosen);
    } else if (event.key === "Escape" && this.found.length) {
      event.preventDefault();
      this.hide();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    }
  }

  // Whether what stands there is a whole command already, so that Enter sends it.
  complete() {
    return this.shop.commands().some((one) => one.command === this.field.value.trim());
  }

  async send() {
    const text = this.field.value;
    if (!text.trim()) return;
    this.hide();
    if (await this.shop.send(text, Boolean(this.box && this.box.checked))) {
      if (this.field.value === text) this.field.value = "";
      if (this.box) this.box.checked = false;
    }
  }
}
