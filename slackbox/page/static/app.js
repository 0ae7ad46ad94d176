// The workspace as one person sees it. The state is the sandbox's; what is kept here is who one
// is, where one looks, and which thread is open: in the address, so that a reload keeps it.

import { act, get, text as readText, Refused } from "./api.js";
import { Composer } from "./composer.js";
import { el, hash, keepingFocus, link } from "./dom.js";
import { loadEmoji, useCustom } from "./emoji.js";
import { drawMessages } from "./messages.js";
import { formatDate, plain } from "./text.js";
import { drawHome, Modal } from "./views.js";
import { Wire } from "./wire.js";

const $ = (id) => document.getElementById(id);
const LIMIT = 300;
const NARROW = window.matchMedia("(max-width: 48rem)");

const here = { me: null, at: null, thread: null, editing: null, sent: null, read: null };
let seen = null;
let desk = null;
let modal = null;
let wire = null;
let noted = 0;

// --- who and where ---------------------------------------------------------------------------

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const key of ["me", "at", "thread"]) here[key] = given.get(key);
}

function writeAddress() {
  const given = new URLSearchParams();
  for (const key of ["me", "at", "thread"]) if (here[key]) given.set(key, here[key]);
  history.replaceState(null, "", `#${given}`);
}

const channelOf = (id) => seen.channels.find((one) => one.id === id);
const userName = (id) => {
  const person = seen.people[id];
  return person ? person.display_name || person.real_name : "";
};
const channelName = (id) => {
  const found = channelOf(id) || seen.other_channels.find((one) => one.id === id);
  return found ? found.name : id;
};

const shop = {
  get me() { return here.me; },
  get bot() { return seen.bot_user; },
  get admin() { return Boolean(seen.people[here.me] && seen.people[here.me].is_admin); },
  get editing() { return here.editing; },
  get shortcuts() { return seen.shortcuts; },
  get names() { return { user: userName, channel: channelName, tz: seen.people[here.me] && seen.people[here.me].tz }; },
  get signature() { return Object.values(seen.people).map((one) => one.display_name || one.real_name).join(); },
  role: (id) => (seen.people[id] && seen.people[id].title) || "",
  inThread: false,
  surface: (id, where) => ({
    id,
    names: shop.names,
    people: Object.entries(seen.people).filter(([, one]) => !one.deleted).map(([key]) => ({ id: key, name: userName(key) })),
    channels: seen.channels.filter((one) => !one.is_im).map(({ id: key, name }) => ({ id: key, name })),
    again: () => shop.again(),
    touch: (block, part, value) => shop.asking(() => act("act", {
      person: here.me, action_id: part.action_id, block_id: block.block_id, value: value ?? null, ...where,
    })),
    suggest: async (block, part, typed) => {
      try {
        return (await act("suggest", { person: here.me, action_id: part.action_id, block_id: block.block_id, typed, ...where })).options;
      } catch (error) {
        tell(error.message);
        return [];
      }
    },
  }),
  /** Does something, and says what refused it. */
  async doing(work) {
    try {
      tell("");
      await work();
      return true;
    } catch (error) {
      tell(error instanceof Refused ? error.message : `${error}`);
      return false;
    } finally {
      refresh();
    }
  },
  /** The same, for what the app has to acknowledge. */
  asking: (work) => shop.doing(async () => {
    const outcome = await work();
    const outcomes = outcome.outcomes || [outcome];
    const failed = outcomes.find((one) => one.acknowledged === false);
    if (failed) throw new Refused(`The app did not answer that (${failed.failure}).${desk.sockets || desk.http ? "" : " No app is connected."}`);
  }),
  /** Says something that is not a problem. */
  note(words) { $("news").textContent = words; $("note").textContent = words; clearTimeout(noted); noted = setTimeout(() => { $("note").textContent = ""; }, 6000); },
  refresh: () => refresh(),
  again: () => refresh(true),
  edit(ts) { here.editing = ts; draw(); },
  openThread(ts, write) {
    here.thread = ts;
    draw();
    if (write) answering.field.focus();
    else $("thread").querySelector("h2").scrollIntoView({ block: "nearest" });
  },
};
const threadShop = Object.create(shop, { inThread: { value: true } });

function tell(words) {
  $("told").hidden = !words;
  $("told").textContent = words;
}

// --- what is read ----------------------------------------------------------------------------

// The latest message that somebody has seen, by person and channel; what was there at first is read.
const KEPT = "read";
const reads = JSON.parse(sessionStorage.getItem(KEPT) || "{}");
const readOf = (channel) => (reads[here.me] || {})[channel.id] || reads.begun;
const unread = (channel) => channel.messages.filter((one) => one.ts > readOf(channel) && one.user !== here.me).length;

function markRead(channel) {
  const last = channel.messages.length ? channel.messages[channel.messages.length - 1].ts : "";
  if (last <= readOf(channel)) return;
  reads[here.me] = { ...reads[here.me], [channel.id]: last };
  sessionStorage.setItem(KEPT, JSON.stringify(reads));
}

// Where the line stands above which all is read: it stays while one is there.
function arrive() {
  const channel = here.at === "home" ? null : channelOf(here.at);
  here.read = channel && unread(channel) ? readOf(channel) : null;
}

// --- drawing ---------------------------------------------------------------------------------

function draw() {
  writeAddress();
  useCustom(seen.emoji);
  keepingFocus(() => {
    drawTop();
    drawNav();
    drawPlace();
    drawThread();
  });
  modal.draw(seen.modal);
}

function drawTop() {
  const groups = new Map();
  for (const [id, one] of Object.entries(seen.people)) {
    if (one.is_bot || one.deleted || one.name === "slackbot") continue;
    const role = one.title || "Member";
    groups.set(role, [...(groups.get(role) || []), id]);
  }
  const order = ["Member", "Author", "Organizer"];
  const sorted = [...groups].sort(([a], [b]) => (order.indexOf(a) + 9) % 9 - (order.indexOf(b) + 9) % 9 || a.localeCompare(b));
  const signature = JSON.stringify(sorted) + shop.signature;
  const who = $("who");
  if (who.dataset.signature !== signature) {
    who.dataset.signature = signature;
    who.replaceChildren(...sorted.map(([role, ids]) => el("optgroup", { label: `${role}s` }, ...ids.map((id) => el("option", { value: id }, `${userName(id)} (${role.toLowerCase()})`)))));
  }
  who.value = here.me;
  drawDesk();
}

function drawDesk() {
  const clock = $("clock");
  const words = formatDate(Number(seen.now), NARROW.matches ? "{date_short}, {time}" : "{date_long}, {time}", shop.names.tz, "");
  const signature = JSON.stringify(desk.clock);
  if (clock.dataset.signature !== signature) {
    clock.dataset.signature = signature;
    clock.replaceChildren(el("time", {}),
      ...desk.clock.map((step) => el("button", { type: "button", data: { focus: `clock/${step}` }, onclick: (event) => move(step, event.currentTarget) }, step)));
  }
  const zone = shop.names.tz || "UTC";
  clock.firstElementChild.textContent = NARROW.matches ? words : `${words} (${zone.split("/").pop().replaceAll("_", " ")})`;
  clock.firstElementChild.title = `The time in ${zone}`;
  const papers = JSON.stringify([desk.papers, desk.links]);
  if ($("papers").dataset.signature !== papers) {
    $("papers").dataset.signature = papers;
    $("papers").replaceChildren(...desk.papers.map(({ name, ready }) => el("button", {
      type: "button", class: ready ? "ready" : null, disabled: !ready, data: { focus: `paper/${name}` }, onclick: () => openPaper(name),
    }, ready ? `Read the ${name}` : `No ${name} yet`)),
    ...Object.entries(desk.links).map(([name, address]) => link(address, name)));
    const fresh = desk.papers.filter((one) => one.ready).map((one) => one.name);
    if (fresh.length) $("news").textContent = `There is something to read now: ${fresh.join(", ")}`;
  }
  const tour = $("tour");
  if (desk.tour.length && tour.hidden && !tour.dataset.done) {
    tour.hidden = false;
    tour.open = window.innerWidth > 800;
    tour.dataset.done = "yes";
    tour.querySelector("ol").replaceChildren(...desk.tour.map((line) => el("li", {}, line)));
  }
}

async function move(step, button) {
  button.disabled = true;
  await shop.doing(async () => {
    const { said } = await act("move_clock", { step });
    if (said) shop.note(said);
  });
  button.disabled = false;
}

async function openPaper(name) {
  await shop.doing(async () => {
    const words = await readText(`/papers/${encodeURIComponent(name)}`);
    const dialog = el("dialog", { class: "paper", "aria-label": name, onclose: () => dialog.remove() },
      el("header", {}, el("h2", {}, name), el("button", { type: "button", class: "plain", "aria-label": "Close", onclick: () => dialog.close() }, "×")),
      el("pre", { tabindex: "0", "aria-label": `The ${name}` }, words));
    document.body.append(dialog);
    dialog.showModal();
  });
}

function drawNav() {
  // Drawn anew only when it changed: a button that goes while it is pressed was never clicked.
  const signature = hash([here.at, here.me, shop.signature, seen.shortcuts, seen.other_channels,
    seen.channels.map((one) => [one.id, one.name, one.is_private, one.is_archived, unread(one)])]);
  if ($("nav").dataset.signature === signature) return;
  $("nav").dataset.signature = signature;
  const badge = (channel) => {
    const count = channel && channel.id !== here.at ? unread(channel) : 0;
    return count ? [" ", el("span", { class: "unread" }, String(count), el("span", { class: "unseen" }, " unread"))] : [];
  };
  const go = (at, words, extra) => el("button", {
    type: "button", class: extra || null, "aria-current": here.at === at ? "page" : null, data: { focus: `nav/${at}` },
    onclick: () => visit(at),
  }, words, ...badge(channelOf(at)));
  const direct = seen.channels.find((one) => one.is_im);
  const nav = [
    el("h2", {}, "Channels"),
    el("ul", {}, ...seen.channels.filter((one) => !one.is_im).map((one) => el("li", {}, go(one.id, `${one.is_private ? "🔒" : "#"} ${one.name}`, one.is_archived ? "archived" : null))),
      ...seen.other_channels.map((one) => el("li", {}, el("button", {
        type: "button", class: "other", title: "Join", data: { focus: `join/${one.id}` },
        onclick: () => shop.doing(async () => { await act("join", { person: here.me, channel: one.id }); here.at = one.id; }),
      }, `# ${one.name} (join)`)))),
    el("h2", {}, "App"),
    el("ul", {}, el("li", {}, go("home", `${userName(seen.bot_user)}: Home`)),
      el("li", {}, direct ? go(direct.id, `${userName(seen.bot_user)}: messages`) : el("button", {
        type: "button", data: { focus: "nav/direct" },
        onclick: () => shop.doing(async () => { here.at = (await act("direct_messages", { person: here.me })).channel; }),
      }, `${userName(seen.bot_user)}: messages`))),
  ];
  const shortcuts = seen.shortcuts.filter((one) => one.type === "global");
  if (shortcuts.length) {
    nav.push(el("h2", {}, "Shortcuts"), el("ul", {}, ...shortcuts.map((one) => el("li", {}, el("button", {
      type: "button", data: { focus: `shortcut/${one.callback_id}` },
      onclick: () => shop.asking(() => act("shortcut", { person: here.me, callback_id: one.callback_id })),
    }, `⚡ ${one.name}`)))));
  }
  $("nav").replaceChildren(...nav);
}

function visit(at) {
  here.at = at;
  here.thread = null;
  here.editing = null;
  tell("");
  if (at === "home") shop.doing(() => act("open_home", { person: here.me, tab: "home" }));
  arrive();
  draw();
  toEnd($("messages"));
}

const toEnd = (list) => { list.scrollTop = list.scrollHeight; };
const atEnd = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < 120;

function drawPlace() {
  const home = here.at === "home";
  const channel = home ? null : channelOf(here.at);
  $("home").hidden = !home;
  $("messages").hidden = home;
  $("write").hidden = home || !channel || channel.is_archived;
  const title = home ? `${userName(seen.bot_user)}: Home` : channel.is_im ? `${userName(seen.bot_user)}: messages` : `# ${channel.name}`;
  document.title = `${title} · Sandbox`;
  $("place-head").replaceChildren(el("h1", {}, title), channel && channel.topic ? el("p", { class: "topic" }, ...plain(channel.topic)) : "",
    channel && channel.is_archived ? el("p", { class: "topic" }, "This channel is archived.") : "");
  if (home) {
    drawHome($("home"), seen.home, shop);
    return;
  }
  const list = $("messages");
  const follow = list.childElementCount === 0 || list.dataset.at !== here.at || atEnd(list);
  if (list.dataset.at !== here.at) list.replaceChildren();
  list.dataset.at = here.at;
  const notes = channel.notes.filter((note) => !note.thread_ts);
  const told = notes.length ? notes[notes.length - 1].ts : "";
  const news = told && list.dataset.told !== undefined && told > list.dataset.told;
  list.dataset.told = told;
  drawMessages(list, channel, channel.messages, notes, shop, here.read);
  if (follow || news) toEnd(list);
  showSent(list);
  if (atEnd(list)) markRead(channel);
  writing.field.placeholder = `Message ${channel.is_im ? userName(seen.bot_user) : `#${channel.name}`}`;
}

function drawThread() {
  const channel = here.at === "home" ? null : channelOf(here.at);
  const root = channel && here.thread ? channel.messages.find((one) => one.ts === here.thread) : null;
  $("thread").hidden = !root;
  document.body.classList.toggle("with-thread", Boolean(root));
  if (!root) return;
  const list = $("replies");
  const follow = list.dataset.at !== here.thread || atEnd(list);
  if (list.dataset.at !== here.thread) list.replaceChildren();
  list.dataset.at = here.thread;
  drawMessages(list, channel, [root, ...(root.replies || [])], channel.notes.filter((note) => note.thread_ts === here.thread), threadShop);
  if (follow) toEnd(list);
  showSent(list);
}

// What one has just written comes into view, wherever one was reading.
function showSent(list) {
  const mine = here.sent && list.querySelector(`[data-ts="${here.sent}"]`);
  if (!mine) return;
  mine.scrollIntoView({ block: "nearest" });
  here.sent = null;
}

// --- writing ---------------------------------------------------------------------------------

const people = () => Object.entries(seen.people).filter(([, one]) => !one.deleted).map(([id, one]) => ({ id, handle: one.name, name: userName(id) }));

// `@handle` and `#channel` become mentions, as Slack's client makes them while one types.
function withMentions(text) {
  const handles = new Map(people().map((one) => [one.handle, one.id]));
  const channels = new Map([...seen.channels, ...seen.other_channels].filter((one) => one.name).map((one) => [one.name, one.id]));
  return text.replace(/(?<![\p{L}\p{N}<@#|])([@#])([\p{L}\p{N}._-]+)/gu, (whole, sign, name) => {
    const clean = name.replace(/[.]+$/, "");
    const id = (sign === "@" ? handles : channels).get(clean);
    return id ? `<${sign}${id}>${name.slice(clean.length)}` : whole;
  });
}

function sending(thread) {
  return async (text, broadcast) => {
    const command = /^(\/\S+)\s*([\s\S]*)$/.exec(text.trim());
    if (command && thread) {
      tell(`${command[1]} cannot be used in a thread; write it in the channel.`);
      return false;
    }
    if (command) return shop.asking(() => act("command", { person: here.me, command: command[1], text: command[2], channel: here.at }));
    const given = { person: here.me, channel: here.at, text: withMentions(text) };
    return shop.doing(async () => {
      here.sent = (await act("post", thread ? { ...given, thread_ts: here.thread, broadcast } : given)).ts;
    });
  };
}

const source = { commands: () => seen.commands, people };
const writing = new Composer({ label: "Message", placeholder: "Message", name: "write-field" }, { ...source, send: sending(false) });
const answering = new Composer({ label: "Reply in thread", placeholder: "Reply…", name: "answer-field", broadcast: "Also send to the channel" }, { ...source, commands: () => [], send: sending(true) });

// --- what is new -----------------------------------------------------------------------------

let asked = 0;
let waiting = null;

/** Asks for what one sees, soon; several changes at once are one question. */
function refresh(whole = false) {
  if (whole) modal.shown = "";
  if (waiting) return;
  waiting = setTimeout(async () => {
    waiting = null;
    const number = asked += 1;
    try {
      const [view, table] = await Promise.all([get(`/people/${here.me}?limit=${LIMIT}`), get("/desk")]);
      if (number !== asked) return;
      seen = view;
      desk = table;
      if (here.at !== "home" && !channelOf(here.at)) here.at = begin();
      draw();
    } catch (error) {
      tell(error.message);
    }
    if (!$("wire").hidden) wire.refresh();
  }, 40);
}

function begin() {
  const wanted = desk.channel && seen.channels.find((one) => one.id === desk.channel || one.name === desk.channel);
  const first = wanted || seen.channels.find((one) => !one.is_im && one.name !== "general") || seen.channels.find((one) => !one.is_im);
  return first ? first.id : "home";
}

async function become(id) {
  here.me = id;
  here.editing = null;
  tell("");
  seen = await get(`/people/${id}?limit=${LIMIT}`);
  if (here.at !== "home" && !channelOf(here.at)) { here.at = begin(); here.thread = null; }
  if (here.at === "home") await act("open_home", { person: id, tab: "home" });
  arrive();
  modal.shown = "";
  draw();
}

// A link to a message of this workspace leads there, as in Slack.
function followLink(event) {
  const address = event.target.closest && event.target.closest("a[href*='.slack.com/archives/']");
  const found = address && /\/archives\/(\w+)\/p(\d{10})(\d{6})(?:\?thread_ts=([\d.]+))?/.exec(address.href);
  if (!found || !channelOf(found[1])) return;
  event.preventDefault();
  const [, channel, seconds, fraction, thread] = found;
  visit(channel);
  if (thread) shop.openThread(thread);
  const list = thread ? $("replies") : $("messages");
  const message = list.querySelector(`[data-ts="${seconds}.${fraction}"]`);
  if (!message) return;
  message.scrollIntoView({ block: "center" });
  message.classList.add("found");
}

function toggleWire(open) {
  $("wire").hidden = !open;
  $("show-wire").setAttribute("aria-expanded", String(open));
  document.body.classList.toggle("with-wire", open);
  if (open) wire.refresh();
  toEnd($("messages"));
}

async function main() {
  readAddress();
  [desk] = await Promise.all([get("/desk"), loadEmoji()]);
  reads.begun ||= Number(desk.now).toFixed(6);
  sessionStorage.setItem(KEPT, JSON.stringify(reads));
  modal = new Modal(shop);
  wire = new Wire($("entries"));
  if (!here.me) here.me = desk.me;
  if (here.me) {
    try { seen = await get(`/people/${here.me}?limit=${LIMIT}`); } catch { here.me = null; }
  }
  if (!here.me) {
    const { people: all } = await get("/workspace");
    const person = all.find((one) => !one.is_bot && !one.deleted && one.name !== "slackbot" && !one.profile.title) || all.find((one) => !one.is_bot && one.name !== "slackbot");
    if (!person) { tell("Nobody is in this workspace yet; add people with the control interface."); return; }
    here.me = person.id;
    seen = await get(`/people/${here.me}?limit=${LIMIT}`);
  }
  here.me = seen.me.id;
  if (!here.at || (here.at !== "home" && !channelOf(here.at))) here.at = begin();
  $("write").append(writing.node);
  $("answer").append(answering.node);
  $("who").addEventListener("change", (event) => shop.doing(() => become(event.target.value)));
  $("close-thread").addEventListener("click", () => { here.thread = null; draw(); });
  $("show-wire").addEventListener("click", () => toggleWire($("wire").hidden));
  $("close-wire").addEventListener("click", () => toggleWire(false));
  document.addEventListener("click", followLink);
  window.addEventListener("hashchange", () => { readAddress(); shop.doing(() => become(here.me)); });
  draw();
  toEnd($("messages"));
  const feed = new EventSource("/events");
  feed.addEventListener("message", () => refresh());
  feed.addEventListener("open", () => refresh());
  setInterval(() => { if (!$("wire").hidden) wire.refresh().catch(() => {}); }, 1500);
  setInterval(() => refresh(), 20000);
  document.documentElement.dataset.ready = "yes";
}

main().catch((error) => tell(error.message || `${error}`));
