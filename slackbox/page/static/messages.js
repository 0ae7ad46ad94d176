// Messages and private notes, and what one can do with them.

import { act } from "./api.js";
import { drawBlocks } from "./blocks.js";
import { namesLike } from "./emoji.js";
import { el, hash, link, menu, reconcile, undrawn } from "./dom.js";
import { emojiNode, formatDate, mrkdwn } from "./text.js";

const MOST_FOUND = 18;
const QUICK = ["+1", "arrow_up", "heart", "eyes", "tada", "raised_hands", "pray", "thinking_face", "white_check_mark"];

/** Draws `messages` (and `notes`) in order of time into `parent`; what came after `read` is new. */
export function drawMessages(parent, channel, messages, notes, shop, read = null) {
  const all = [
    ...messages.map((message) => ({ at: message.ts, key: message.ts, what: message, note: false })),
    ...notes.map((note) => ({ at: note.ts, key: `note-${note.ts}`, what: note, note: true })),
  ].sort((a, b) => (a.at < b.at ? -1 : 1));
  let day = "";
  let marked = read === null;
  const wanted = [];
  for (const entry of all) {
    const today = formatDate(Number(entry.at), "{date_long}", shop.names.tz, "");
    if (today !== day) {
      day = today;
      wanted.push({ key: `day-${today}`, signature: "", make: () => el("li", { class: "day" }, el("span", {}, today)) });
    }
    if (!marked && entry.at > read && entry.what.user !== shop.me) {
      marked = true;
      wanted.push({ key: "new", signature: "", make: () => el("li", { class: "new" }, el("span", {}, "New")) });
    }
    wanted.push({
      key: entry.key,
      signature: hash([entry.what, shop.me, shop.editing === entry.at, shop.signature]),
      make: () => (entry.note ? drawNote(channel, entry.what, shop) : drawMessage(channel, entry.what, shop)),
    });
  }
  reconcile(parent, wanted);
}

function drawNote(channel, note, shop) {
  return el("li", { class: "message private", data: { ts: note.ts } },
    el("div", { class: "who" }, el("span", { class: "only" }, "Only visible to you"), " ",
      el("b", {}, shop.names.user(shop.bot)), " ", el("span", { class: "app" }, "app"), " ", clock(note.ts, shop)),
    body(channel, note, shop));
}

function drawMessage(channel, message, shop) {
  if (message.subtype === "tombstone") {
    return el("li", { class: "message gone", data: { ts: message.ts } }, el("i", {}, "This message was deleted."), thread(channel, message, shop));
  }
  const told = ["channel_join", "group_join", "channel_leave", "group_leave", "channel_topic", "group_topic", "channel_name", "group_name",
    "channel_archive", "group_archive", "channel_unarchive", "group_unarchive", "channel_posting_permissions",
    "pinned_item"].includes(message.subtype);
  const who = message.username || shop.names.user(message.user) || (message.bot_profile && message.bot_profile.name) || "somebody";
  const role = shop.role(message.user);
  return el("li", { class: told ? "message told" : "message", data: { ts: message.ts } },
    message.pinned_to && el("div", { class: "pinned" }, "📌 Pinned"),
    message.subtype === "thread_broadcast" && el("div", { class: "pinned" }, "Sent to the channel from a thread"),
    el("div", { class: "who" }, el("b", {}, who), " ",
      message.bot_id ? el("span", { class: "app" }, "app") : role && el("span", { class: "role" }, role), " ", clock(message.ts, shop),
      message.edited && el("span", { class: "edited" }, " (edited)")),
    shop.editing === message.ts ? editor(channel, message, shop) : body(channel, message, shop),
    reactions(channel, message, shop),
    thread(channel, message, shop),
    told ? null : tools(channel, message, shop));
}

const clock = (ts, shop) => el("time", { datetime: new Date(Number(ts) * 1000).toISOString() }, formatDate(Number(ts), "{time}", shop.names.tz, ""));

function body(channel, message, shop) {
  const surface = shop.surface(`m-${message.ts}`, { channel: channel.id, ts: message.ts });
  const drawn = message.blocks && message.blocks.length ? drawBlocks(message.blocks, surface)
    : message.text ? [el("div", { class: "block" }, ...mrkdwn(message.text, shop.names))] : [];
  return el("div", { class: "body" }, ...drawn,
    ...(message.files || []).map((file) => el("div", { class: "file" }, "📎 ", file.mode === "tombstone"
      ? "This file was deleted." : link(file.url_private, file.title || file.name))),
    ...(message.attachments || []).map((one) => attachment(one, surface, shop)));
}

function attachment(one, surface, shop) {
  if (one.blocks) return el("div", { class: "attachment" }, ...drawBlocks(one.blocks, surface));
  if (!one.text && !one.title && !one.fallback) return undrawn("An attachment", one);
  return el("div", { class: "attachment" },
    one.title && el("div", {}, one.title_link ? link(one.title_link, one.title) : el("b", {}, one.title)),
    el("div", {}, ...mrkdwn(one.text || one.fallback || "", shop.names)));
}

function reactions(channel, message, shop) {
  if (!message.reactions || !message.reactions.length) return null;
  return el("div", { class: "reactions" }, ...message.reactions.map(({ name, users, count }) => {
    const mine = users.includes(shop.me);
    return el("button", {
      type: "button", class: "reaction", "aria-pressed": String(mine), title: `${users.map((user) => shop.names.user(user)).join(", ")}: :${name}:`,
      "aria-label": `${name}, ${count}`, data: { focus: `${message.ts}/reaction/${name}` },
      onclick: () => shop.doing(() => act(mine ? "unreact" : "react", { person: shop.me, channel: channel.id, ts: message.ts, name })),
    }, emojiNode(name), ` ${count}`);
  }));
}

function thread(channel, message, shop) {
  const count = message.reply_count || 0;
  if (!count || message.thread_ts !== message.ts || shop.inThread) return null;
  return el("button", { type: "button", class: "open-thread", data: { focus: `${message.ts}/thread` }, onclick: () => shop.openThread(message.ts) },
    count === 1 ? "1 reply" : `${count} replies`);
}

function tools(channel, message, shop) {
  const item = (words, run, kind) => el("button", { type: "button", class: kind || null, onclick: () => { choices.hidePopover(); run(); } }, words);
  const mine = message.user === shop.me;
  const at = { person: shop.me, channel: channel.id, ts: message.ts };
  const items = [
    ...shop.shortcuts.filter((one) => one.type === "message").map((one) =>
      item(`${one.name}`, () => shop.asking(() => act("shortcut", { ...at, callback_id: one.callback_id })), "shortcut")),
    item("Copy link", () => shop.doing(async () => {
      await navigator.clipboard.writeText(message.permalink);
      shop.note("The link is copied.");
    })),
    item(message.pinned_to ? "Unpin" : "Pin to channel", () => shop.doing(() => act(message.pinned_to ? "unpin" : "pin", at))),
    mine && !message.bot_id ? item("Edit message", () => shop.edit(message.ts)) : null,
    mine && message.thread_ts && message.thread_ts !== message.ts && message.subtype !== "thread_broadcast"
      ? item("Also send to channel", () => shop.doing(() => act("broadcast", at))) : null,
    (mine || shop.admin) ? item("Delete message", () => shop.doing(() => act("delete", at)), "danger") : null,
  ];
  const choices = el("div", { class: "choices" }, ...items);
  const more = el("button", { type: "button", "aria-label": "More actions", title: "More actions", data: { focus: `${message.ts}/more` } }, "⋮");
  const answers = shop.inThread || (message.thread_ts && message.thread_ts !== message.ts) ? null
    : el("button", { type: "button", class: "reply", data: { focus: `${message.ts}/reply` }, onclick: () => shop.openThread(message.ts, true) }, "Reply");
  return el("div", { class: "tools" }, picker(message, at, shop), answers, ...menu(more, choices));
}

function picker(message, at, shop) {
  const react = (name) => { panel.hidePopover(); shop.doing(() => act("react", { ...at, name })); };
  const offer = (names) => grid.replaceChildren(...names.map((name) => el("button", {
    type: "button", "aria-label": name, title: `:${name}:`, onclick: () => react(name),
  }, emojiNode(name))));
  const grid = el("div", { class: "grid" });
  const typed = el("input", {
    type: "search", placeholder: "Find an emoji", "aria-label": "Find an emoji", autocomplete: "off",
    oninput: () => offer(typed.value ? namesLike(typed.value, MOST_FOUND) : QUICK),
  });
  offer(QUICK);
  const panel = el("div", { class: "choices picker" }, typed, grid);
  const button = el("button", { type: "button", "aria-label": "Add reaction", title: "Add reaction", data: { focus: `${message.ts}/react` } }, "☺︎");
  return menu(button, panel);
}

function editor(channel, message, shop) {
  const field = el("textarea", { rows: "3", "aria-label": "Edit message", data: { focus: `${message.ts}/edit` }, value: unescaped(message.text) });
  const save = () => shop.doing(async () => {
    await act("edit", { person: shop.me, channel: channel.id, ts: message.ts, text: field.value });
    shop.edit(null);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); save(); }
    if (event.key === "Escape") shop.edit(null);
  });
  return el("div", { class: "editor" }, field, el("div", { class: "row" },
    el("button", { type: "button", onclick: () => shop.edit(null) }, "Cancel"),
    el("button", { type: "button", class: "primary", onclick: save }, "Save")));
}

const unescaped = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
