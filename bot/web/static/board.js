// The board, kept as it is: what changes comes as server-sent events, drawn by the server.

const $ = (id) => document.getElementById(id);
const board = $("board");
const list = $("questions");
const items = new Map([...list.children].map((item) => [item.dataset.key, item]));
const controls = $("controls");
const parser = new DOMParser();
const SAID_EVERY = 4000;

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
  const address = new URL(location.href);
  address.searchParams.set("by", chosen("by"));
  history.replaceState(null, "", address);
}

function filter() {
  list.dataset.show = chosen("show") || "all";
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
  if (known) known.remove();
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
  $("state").textContent = told.open ? "The session is open." : "The session is over.";
  $("empty").hidden = items.size > 0;
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
  if (added.length === 1) say(`New question by ${added[0].querySelector("bdi").textContent}. ${told.counts}.`);
  else say(`${added.length ? `${added.length} new questions. ` : ""}${told.counts}.`);
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
  $("state").textContent = "This board was taken down.";
  $("news").textContent = "This board was taken down.";
}

// --- times in the reader's own zone ----------------------------------------------------------

const clock = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

function localise(item) {
  for (const time of item.querySelectorAll("time")) time.textContent = clock.format(new Date(time.dateTime));
}

// --- beginning -------------------------------------------------------------------------------

$("sort").hidden = true;
$("filter").hidden = false;
controls.addEventListener("change", (event) => (event.target.name === "by" ? sort() : filter()));
controls.addEventListener("submit", (event) => event.preventDefault());
filter();
const waiting = [...list.children];
const some = () => {
  waiting.splice(0, 200).forEach(localise);
  if (waiting.length) setTimeout(some, 0);
};
some();

const source = new EventSource(`${location.pathname}/events?v=${encodeURIComponent(board.dataset.version)}`);
source.addEventListener("open", () => live("live", true));
source.addEventListener("error", () => live(source.readyState === EventSource.CLOSED ? "not live: reload the page" : "connection lost, trying again", false));
source.addEventListener("change", (event) => change(JSON.parse(event.data)));
source.addEventListener("whole", (event) => whole(JSON.parse(event.data)));
source.addEventListener("gone", over);
