// Block Kit: <https://docs.slack.dev/reference/block-kit>. Drawn as a reader sees it, with what can
// be touched in it; `surface` says what touching does.

import { el, link, menu, place, undrawn } from "./dom.js";
import { plain, richText, textObject } from "./text.js";

/** `surface`: { id, names, people, channels, state, errors, touch(block, element, value), suggest(block, element, typed) } */
export function drawBlocks(blocks, surface) {
  return blocks.map((block) => {
    try {
      return draw(block, surface);
    } catch (error) {
      return undrawn(`A block of type “${block.type}” (${error.message})`, block);
    }
  });
}

function draw(block, surface) {
  const { names } = surface;
  switch (block.type) {
    case "section":
      return el("div", { class: "block section" },
        el("div", { class: "words" },
          block.text && el("div", { class: "text" }, ...textObject(block.text, names)),
          block.fields && el("div", { class: "fields" }, ...block.fields.map((field) => el("div", {}, ...textObject(field, names))))),
        block.accessory && element(block, block.accessory, surface));
    case "header":
      return el("div", { class: "block header", role: "heading", "aria-level": String(block.level || 3) }, ...plain(block.text.text));
    case "divider":
      return el("hr");
    case "context":
      return el("div", { class: "block context" }, ...block.elements.map((part) =>
        part.type === "image" ? image(part, "icon") : el("span", {}, ...textObject(part, names))));
    case "actions":
      return el("div", { class: "block actions" }, ...block.elements.map((part) => element(block, part, surface)));
    case "image":
      return el("figure", { class: "block" },
        block.title && el("figcaption", {}, ...plain(block.title.text)), image(block, "large"));
    case "rich_text":
      return el("div", { class: "block rich" }, ...richText(block, names));
    case "table":
      return table(block, names);
    case "markdown":
      return el("div", { class: "block markdown" }, el("div", { class: "raw" }, block.text));
    case "input":
      return input(block, surface);
    default:
      return undrawn(`A block of type “${block.type}”`, block);
  }
}

// The first row is the head.
function table(block, names) {
  const cell = (part, tag, index) => {
    const { align = "left" } = (block.column_settings || [])[index] || {};
    const inner = part.type === "rich_text" ? richText(part, names) : [el("span", { class: "raw" }, part.text)];
    return el(tag, { class: align }, ...inner);
  };
  return el("div", { class: "block table" }, el("table", {}, ...block.rows.map((row, number) =>
    el("tr", {}, ...row.map((part, index) => cell(part, number ? "td" : "th", index))))));
}

// Pictures are others' files: the page asks nobody for them, and says what would be there.
function image(part, size) {
  const words = part.alt_text || "a picture";
  const address = part.image_url || (part.slack_file && (part.slack_file.url || part.slack_file.id)) || "";
  return el("span", { class: `picture ${size}`, title: address }, "🖼 ", address ? link(address, words) : words);
}

function input(block, surface) {
  const part = block.element;
  const id = `${surface.id}-${block.block_id}`;
  const error = surface.errors && surface.errors[block.block_id];
  const group = part.type === "checkboxes" || part.type === "radio_buttons";
  const label = [...plain(block.label.text), block.optional ? el("span", { class: "optional" }, " (optional)") : null];
  const described = [block.hint ? `${id}-hint` : "", error ? `${id}-error` : ""].join(" ").trim();
  const control = element(block, part, { ...surface, labelled: { id, described, required: !block.optional } });
  return el(group ? "fieldset" : "div", { class: error ? "block input wrong" : "block input" },
    group ? el("legend", {}, ...label) : el("label", { for: id }, ...label),
    control,
    block.hint && el("div", { class: "hint", id: `${id}-hint` }, ...plain(block.hint.text)),
    error && el("div", { class: "error", id: `${id}-error`, role: "alert" }, error));
}

const LISTS = { users: "users", channels: "channels", conversations: "channels" };

function element(block, part, surface) {
  switch (part.type) {
    case "button": return button(block, part, surface);
    case "overflow": return overflow(block, part, surface);
    case "image": return image(part, "small");
    case "static_select":
    case "multi_static_select":
    case "users_select":
    case "multi_users_select":
    case "channels_select":
    case "multi_channels_select":
    case "conversations_select":
    case "multi_conversations_select": return select(block, part, surface);
    case "external_select":
    case "multi_external_select": return external(block, part, surface);
    case "checkboxes":
    case "radio_buttons": return choices(block, part, surface);
    case "datepicker": return field(block, part, surface, "date", "selected_date");
    case "timepicker": return field(block, part, surface, "time", "selected_time");
    case "datetimepicker": return moment(block, part, surface);
    case "plain_text_input": return field(block, part, surface, "text", "value");
    case "email_text_input": return field(block, part, surface, "email", "value");
    case "url_text_input": return field(block, part, surface, "url", "value");
    case "number_input": return field(block, part, surface, "text", "value");
    case "rich_text_input": return field(block, part, surface, "rich", "rich_text_value");
    default: return undrawn(`An element of type “${part.type}”`, part);
  }
}

const known = (block, part, surface) => ((surface.state || {})[block.block_id] || {})[part.action_id] || beginning(part);

// What an element begins with, where nobody chose anything yet.
function beginning(part) {
  const found = {};
  for (const [key, value] of Object.entries(part)) {
    if (!key.startsWith("initial_")) continue;
    if (key !== "initial_value") found[key.replace("initial_", "selected_")] = value;
    else found[part.type === "rich_text_input" ? "rich_text_value" : "value"] = value;
  }
  return found;
}
const labels = (surface, part) => surface.labelled
  ? { id: surface.labelled.id, "aria-describedby": surface.labelled.described || null, "aria-required": surface.labelled.required ? "true" : null }
  : { "aria-label": (part.placeholder && part.placeholder.text) || part.action_id };
const mark = (block, part, surface) => ({ focus: `${surface.id}/${block.block_id}/${part.action_id}`, block: block.block_id, action: part.action_id });

async function sure(part, names) {
  const ask = part.confirm;
  if (!ask) return true;
  return new Promise((resolve) => {
    const done = (answer) => { dialog.close(); dialog.remove(); resolve(answer); };
    const dialog = el("dialog", { class: "confirm", "aria-label": ask.title.text, oncancel: () => done(false) },
      el("h2", {}, ...plain(ask.title.text)),
      el("p", {}, ...textObject(ask.text, names)),
      el("div", { class: "row" },
        el("button", { type: "button", onclick: () => done(false) }, ...plain(ask.deny.text)),
        el("button", { type: "button", class: ask.style === "danger" ? "danger" : "primary", onclick: () => done(true) }, ...plain(ask.confirm.text))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

async function touch(block, part, surface, value) {
  if (await sure(part, surface.names)) await surface.touch(block, part, value);
  else surface.again();
}

function button(block, part, surface) {
  const press = () => {
    if (part.url) window.open(safe(part.url), "_blank", "noopener");
    return touch(block, part, surface);
  };
  return el("button", {
    type: "button", class: part.style || null, "aria-label": part.accessibility_label || null,
    data: mark(block, part, surface), onclick: press,
  }, ...plain(part.text.text));
}

function safe(url) {
  try {
    return ["http:", "https:"].includes(new URL(url).protocol) ? url : "about:blank";
  } catch {
    return "about:blank";
  }
}

function overflow(block, part, surface) {
  const choices = el("div", { class: "choices" }, ...part.options.map((option) => el("button", {
    type: "button",
    onclick: () => { choices.hidePopover(); return touch(block, part, surface, option.value || option.text.text); },
  }, ...plain(option.text.text))));
  const button = el("button", { type: "button", "aria-label": "More", data: mark(block, part, surface) }, "⋮");
  return el("span", { class: "menu" }, ...menu(button, choices));
}

function optionsOf(part, surface) {
  const kind = part.type.replace("multi_", "").replace("_select", "");
  if (kind === "users") return surface.people.map(({ id, name }) => ({ value: id, label: name }));
  if (LISTS[kind]) return surface.channels.map(({ id, name }) => ({ value: id, label: `#${name}` }));
  const flat = (options) => options.map((option) => ({
    value: option.value, label: [option.text, option.description].filter(Boolean).map((one) => one.text).join(" – "),
  }));
  if (part.option_groups) return part.option_groups.map((group) => ({ group: group.label.text, options: flat(group.options) }));
  return flat(part.options || []);
}

function chosenOf(stored) {
  for (const [key, value] of Object.entries(stored)) {
    if (!key.startsWith("selected_") || value === null || value === undefined) continue;
    const list = Array.isArray(value) ? value : [value];
    return list.map((item) => (item && typeof item === "object" ? item.value : String(item)));
  }
  return [];
}

function select(block, part, surface) {
  const many = part.type.startsWith("multi_");
  const chosen = new Set(chosenOf(known(block, part, surface)));
  const option = ({ value, label }) => el("option", { value, selected: chosen.has(value) }, label);
  const read = () => (many ? [...made.selectedOptions].map((o) => o.value) : made.value || null);
  const made = el("select", {
    multiple: many, title: many ? "Ctrl or ⌘ and a click choose several" : null, data: mark(block, part, surface), ...labels(surface, part),
    onchange: () => touch(block, part, surface, read()),
  },
    many ? null : el("option", { value: "" }, (part.placeholder && part.placeholder.text) || "Choose an option"),
    ...optionsOf(part, surface).map((entry) => (entry.group !== undefined
      ? el("optgroup", { label: entry.group }, ...entry.options.map(option)) : option(entry))));
  made.read = read;
  return made;
}

function external(block, part, surface) {
  const many = part.type.startsWith("multi_");
  const stored = known(block, part, surface);
  const begin = [stored.selected_option, ...(stored.selected_options || [])].filter(Boolean);
  const chosen = new Map(begin.map((option) => [option.value, option.text.text]));
  const shown = el("span", { class: "chosen" });
  const found = el("div", { class: "choices suggested", popover: "manual" });
  const hide = () => { if (found.matches(":popover-open")) found.hidePopover(); };
  const read = () => (many ? [...chosen.keys()] : [...chosen.keys()][0] || null);
  const tell = () => {
    shown.replaceChildren(...[...chosen].map(([value, label]) => el("button", {
      type: "button", class: "chip", "aria-label": `Remove ${label}`,
      onclick: () => { chosen.delete(value); tell(); touch(block, part, surface, read()); },
    }, `${label} ×`)));
  };
  let asked = 0;
  const ask = async () => {
    const number = asked += 1;
    const options = await surface.suggest(block, part, typed.value);
    if (number !== asked || !box.contains(document.activeElement)) return;
    found.replaceChildren(...(options.length ? options.map((option) => el("button", {
      type: "button",
      onclick: () => {
        if (!many) chosen.clear();
        chosen.set(option.value, option.text.text);
        hide();
        typed.value = "";
        tell();
        touch(block, part, surface, read());
      },
    }, ...plain(option.text.text))) : [el("span", { class: "hint" }, "Nothing found")]));
    found.style.width = `${typed.offsetWidth}px`;
    if (!found.matches(":popover-open")) found.showPopover();
    place(found, typed);
  };
  const typed = el("input", {
    type: "text", autocomplete: "off", placeholder: (part.placeholder && part.placeholder.text) || "Type to search",
    data: mark(block, part, surface), ...labels(surface, part),
    oninput: () => { if (typed.value.length >= (part.min_query_length ?? 3)) ask(); },
    onfocus: () => { if (!part.min_query_length) ask(); },
    onkeydown: (event) => {
      if (event.key !== "Escape" || !found.matches(":popover-open")) return;
      event.preventDefault();
      event.stopPropagation();
      hide();
    },
  });
  typed.read = read;
  tell();
  const box = el("div", {
    class: "external", onfocusout: (event) => { if (!box.contains(event.relatedTarget)) hide(); },
  }, shown, typed, found);
  return box;
}

function choices(block, part, surface) {
  const many = part.type === "checkboxes";
  const chosen = new Set(chosenOf(known(block, part, surface)));
  const boxes = part.options.map((option, index) => el("input", {
    type: many ? "checkbox" : "radio", name: `${surface.id}-${block.block_id}-${part.action_id}`, value: option.value,
    checked: chosen.has(option.value), id: `${surface.id}-${block.block_id}-${part.action_id}-${index}`,
    data: { focus: `${surface.id}/${block.block_id}/${part.action_id}/${index}` },
    onchange: () => touch(block, part, surface, read()),
  }));
  const read = () => {
    const values = boxes.filter((box) => box.checked).map((box) => box.value);
    return many ? values : values[0] || null;
  };
  const made = el("div", { class: "boxes", data: { block: block.block_id, action: part.action_id } },
    ...part.options.map((option, index) => el("div", { class: "box" }, boxes[index],
      el("label", { for: boxes[index].id }, ...textObject(option.text, surface.names),
        option.description && el("span", { class: "hint" }, " ", ...textObject(option.description, surface.names))))));
  made.read = read;
  return made;
}

function field(block, part, surface, type, key) {
  const stored = known(block, part, surface);
  const multi = type === "rich" || part.multiline;
  const begin = type === "rich" ? written(stored[key]) : stored[key];
  const made = el(multi ? "textarea" : "input", {
    type: multi || type === "rich" ? null : type, rows: multi ? "5" : null, value: begin ?? "",
    placeholder: (part.placeholder && part.placeholder.text) || null,
    maxlength: part.max_length ?? null, minlength: part.min_length ?? null,
    inputmode: part.type === "number_input" ? "decimal" : null, autocomplete: "off",
    autofocus: part.focus_on_load === true,
    data: mark(block, part, surface), ...labels(surface, part),
  });
  made.read = () => made.value || null;
  const on = (part.dispatch_action_config && part.dispatch_action_config.trigger_actions_on) || ["on_enter_pressed"];
  const dispatches = block.type !== "input" || block.dispatch_action;
  if (type === "date" || type === "time") made.addEventListener("change", () => touch(block, part, surface, made.read()));
  else if (dispatches) {
    let waiting;
    if (on.includes("on_character_entered")) {
      made.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => touch(block, part, surface, made.read()), 300);
      });
    }
    if (on.includes("on_enter_pressed")) {
      made.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); touch(block, part, surface, made.read()); }
      });
    }
  }
  return made;
}

// Rich text that was typed before, as the words of it.
function written(value) {
  if (!value) return "";
  const words = (parts) => parts.map((part) => part.text ?? part.url ?? (part.elements ? words(part.elements) : "")).join("");
  return (value.elements || []).map((part) => words(part.elements || [])).join("\n");
}

function moment(block, part, surface) {
  const stored = known(block, part, surface).selected_date_time;
  const local = stored ? new Date((stored - new Date(stored * 1000).getTimezoneOffset() * 60) * 1000).toISOString().slice(0, 16) : "";
  const read = () => (made.value ? Math.floor(new Date(made.value).getTime() / 1000) : null);
  const made = el("input", {
    type: "datetime-local", value: local, data: mark(block, part, surface), ...labels(surface, part),
    onchange: () => touch(block, part, surface, read()),
  });
  made.read = read;
  return made;
}
