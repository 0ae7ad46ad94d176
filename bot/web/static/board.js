// The board, kept as it is: what changes comes as server-sent events, drawn by the server.

const $ = (id) => document.getElementById(id);
const board = $("board");
const list = $("questions");
const items = new Map([...list.children].map((item) => [item.dataset.key, item]));
const controls = $("controls");
const parser = new DOMParser();
const texts = JSON.parse(board.dataset.texts);
const SAID_EVERY = 4000;

// A text of the page with its places filled in.
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (place, key) => values[key] ?? place);

// --- order -----------------------------------------------------------------------------------

const chosen = (name) => new FormData(controls).get(name);

function before(one, other) {
  if (chosen("by") === "time") return Number(one.dataset.at) > Number(other.dataset.at);
  const more = Number(one.dataset.votes) - Number(other.dataset.votes);
  return more > 0 || (more === 0 && Number(one.dataset.at) < Number(other.dataset.at));
}

function place(item) {
  let next = null;
  for (let each = list.lastElementChild; each && before(item, each); each = each.previousElementSibling) next = each;
  list.insertBefore(item, next);
}

function sort() {
  const ordered = [...list.children].sort((one, other) => (before(one, other) ? -1 : before(other, one) ? 1 : 0));
  list.append(...ordered);
  remember("by", chosen("by"));
  present();
}

function remember(name, value) {
  const address = new URL(location.href);
  if (value) address.searchParams.set(name, value);
  else address.searchParams.delete(name);
  history.replaceState(null, "", address);
}

function filter() {
  list.dataset.show = chosen("show") || "all";
  present();
}

// --- one question large, for those who present ------------------------------------------------

let current = null;

const presented = () => [...list.children].filter((item) => {
  const show = list.dataset.show;
  return show === "all" || item.classList.contains("answered") === (show === "answered");
});

function present() {
  const on = board.classList.contains("presents");
  $("presenting").hidden = !on;
  if (!on) return;
  const all = presented();
  const at = Math.max(0, all.findIndex((item) => item.dataset.key === current));
  for (const item of list.children) item.classList.toggle("current", item === all[at]);
  current = all[at] ? all[at].dataset.key : null;
  $("at").textContent = fill(texts.place, { number: all.length && at + 1, all: all.length });
  $("previous").disabled = at <= 0;
  $("next").disabled = at >= all.length - 1;
}

function step(by) {
  const all = presented();
  const next = all[all.findIndex((item) => item.dataset.key === current) + by];
  if (!next) return;
  current = next.dataset.key;
  present();
  window.scrollTo(0, 0);
}

function presentation(on) {
  board.classList.toggle("presents", on);
  for (const item of list.children) item.classList.remove("current");
  remember("present", on ? "yes" : "");
  present();
  const focused = on ? ($("next").disabled ? $("leave") : $("next")) : $("present");
  focused.focus({ preventScroll: true });
}

const KEYS = {
  ArrowRight: () => step(1), PageDown: () => step(1), n: () => step(1),
  ArrowLeft: () => step(-1), PageUp: () => step(-1), p: () => step(-1),
  Escape: () => presentation(false),
  a: () => {
    const answers = list.querySelector(".current details");
    if (answers) answers.open = !answers.open;
  },
};

function pressed(event) {
  if (!board.classList.contains("presents") || event.ctrlKey || event.altKey || event.metaKey) return;
  const act = KEYS[event.key] || KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
}

// --- what changes ----------------------------------------------------------------------------

function read(html) {
  const item = document.adoptNode(parser.parseFromString(html, "text/html").body.firstElementChild);
  localise(item);
  return item;
}

function put(html, fresh) {
  const item = read(html);
  const known = items.get(item.dataset.key);
  if (known) {
    const before = known.querySelector("details");
    const after = item.querySelector("details");
    if (before && after) after.open = before.open;
    known.remove();
  }
  if (fresh) item.classList.add("fresh");
  items.set(item.dataset.key, item);
  place(item);
  return known ? null : item;
}

function remove(key) {
  const known = items.get(key);
  if (known) known.remove();
  items.delete(key);
}

function head(told) {
  $("counts").textContent = told.counts;
  $("state").textContent = told.state;
  board.dataset.open = told.open ? "yes" : "no";
  $("empty").hidden = items.size > 0;
  present();
}

function change(told) {
  const focused = document.activeElement && document.activeElement.closest("li.entry");
  told.gone.forEach(remove);
  const added = told.put.map((html) => put(html, true)).filter(Boolean);
  head(told);
  if (focused && !focused.isConnected) {
    const again = items.get(focused.dataset.key);
    const link = again && again.querySelector("a");
    if (link) link.focus({ preventScroll: true });
  }
  let news = "";
  if (added.length === 1) news = `${fill(texts.one, { name: added[0].querySelector("bdi").textContent })} `;
  else if (added.length) news = `${fill(texts.many, { count: added.length })} `;
  say(`${news}${told.counts}.`);
}

function whole(told) {
  items.clear();
  list.replaceChildren(...told.all.map(read));
  for (const item of list.children) items.set(item.dataset.key, item);
  sort();
  head(told);
}

let saying = null;
let words = "";

// A screen reader hears what is new, but not more often than it can say it.
function say(news) {
  words = news;
  if (saying) return;
  saying = setTimeout(() => { saying = null; $("news").textContent = words; }, $("news").textContent ? SAID_EVERY : 50);
}

function live(text, on) {
  $("live").hidden = false;
  $("live").textContent = text;
  $("live").classList.toggle("on", on);
}

function over() {
  source.close();
  items.clear();
  list.replaceChildren();
  controls.hidden = true;
  for (const part of board.querySelectorAll(".code, .into")) part.remove();
  $("empty").hidden = true;
  if (board.classList.contains("presents")) presentation(false);
  $("state").textContent = texts.down;
  $("news").textContent = texts.down;
}

// --- times in the reader's own zone ----------------------------------------------------------

const clock = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

function localise(item) {
  for (const time of item.querySelectorAll("time")) time.textContent = clock.format(new Date(time.dateTime));
}

// --- beginning -------------------------------------------------------------------------------

$("sort").hidden = true;
$("filter").hidden = false;
$("present").hidden = false;
controls.addEventListener("change", (event) => (event.target.name === "by" ? sort() : filter()));
controls.addEventListener("submit", (event) => event.preventDefault());
$("present").addEventListener("click", () => presentation(true));
$("leave").addEventListener("click", () => presentation(false));
$("next").addEventListener("click", () => step(1));
$("previous").addEventListener("click", () => step(-1));
document.addEventListener("keydown", pressed);
filter();
if (new URLSearchParams(location.search).has("present")) presentation(true);
const waiting = [...list.children];
const some = () => {
  waiting.splice(0, 200).forEach(localise);
  if (waiting.length) setTimeout(some, 0);
};
some();

const source = new EventSource(`${location.pathname}/events?v=${encodeURIComponent(board.dataset.version)}`);
source.addEventListener("open", () => live(texts.live, true));
source.addEventListener("error", () => live(source.readyState === EventSource.CLOSED ? texts.lost : texts.trying, false));
source.addEventListener("change", (event) => change(JSON.parse(event.data)));
source.addEventListener("whole", (event) => whole(JSON.parse(event.data)));
source.addEventListener("gone", over);
