/* Searching the archive: on the list of books, without a server. Without this script the form
   stays hidden and the list is all there is. The index is MiniSearch's, made here of the scripts
   in search/ when somebody begins to search, latest year first. */
(function () {
  "use strict";

  const form = document.getElementById("search");
  if (!form || !self.MiniSearch) return;
  const field = document.getElementById("words");
  const status = document.getElementById("found");
  const results = document.getElementById("results");
  const books = document.getElementById("books");
  const shards = form.dataset.shards.split(" ").filter(Boolean);
  const MOST = 50;

  const LETTERS = { "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ß": "ss", "æ": "ae", "œ": "oe" };
  /* Without accents and case. */
  function fold(word) {
    return word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
      .replace(/[ıłøđðßæœ]/g, (letter) => LETTERS[letter]);
  }
  /* Words; a sign of a script that puts no space between words is one by itself; C++ and C# stay whole. */
  const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])[\p{L}\p{N}\p{M}_])+(?:\+\+|#)?/gu;
  const tokenize = (text) => text.match(WORD) || [];

  const index = new MiniSearch({
    idField: "id",
    fields: ["book", "names", "question", "replies"],
    tokenize,
    processTerm: (term) => fold(term) || null,
  });
  const documents = [];
  let loaded = 0;
  let begun = false;

  function add(row) {
    const about = { title: row.title, authors: row.authors.join(", "), href: row.href };
    const made = row.threads.map(([number, name, question, replies]) => ({
      about,
      href: row.href + "#q" + number,
      who: name,
      number,
      said: [[name, question]].concat(replies),
      fields: {
        book: row.title + " " + about.authors,
        names: [name].concat(replies.map((reply) => reply[0])).join(" "),
        question,
        replies: replies.map((reply) => reply[1]).join("\n"),
      },
    }));
    made.push({
      about,
      href: row.href,
      who: "",
      number: 0,
      said: [["", row.about]],
      fields: { book: row.title + " " + about.authors, names: "", question: row.about, replies: "" },
    });
    return made.map((each) => {
      const id = documents.push(each) - 1;
      const fields = Object.assign({ id }, each.fields);
      delete each.fields;
      return fields;
    });
  }

  function load() {
    if (begun) return;
    begun = true;
    next();
  }

  function next() {
    if (loaded === shards.length) return;
    const script = document.createElement("script");
    script.src = shards[loaded];
    script.addEventListener("load", async () => {
      for (const rows of (self.marginalia || []).splice(0)) {
        await index.addAllAsync(rows.flatMap(add), { chunkSize: 40 });
      }
      loaded += 1;
      show();
      next();
    });
    script.addEventListener("error", () => {
      status.textContent = "The texts of " + shards[loaded] + " could not be loaded; reload the page to try again.";
    });
    document.head.append(script);
  }

  function find(words) {
    const options = {
      prefix: true,
      fuzzy: (term) => (term.length > 4 ? 0.2 : false),
      boost: { question: 2, book: 2 },
      weights: { prefix: 0.6, fuzzy: 0.25 },
    };
    const all = index.search(words, Object.assign({ combineWith: "AND" }, options));
    return all.length ? all : index.search(words, Object.assign({ combineWith: "OR" }, options));
  }

  /* Elements are made of text alone, never of HTML. */
  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /* The part of a text around the first word found, with the words found marked. */
  function snippet(text, terms) {
    const around = 150;
    const spans = [];
    for (const match of text.matchAll(WORD)) {
      if (terms.has(fold(match[0]))) spans.push([match.index, match.index + match[0].length]);
    }
    const first = spans.length ? spans[0][0] : 0;
    let start = first > around ? text.lastIndexOf(" ", first - around / 2) + 1 : 0;
    if (first - start > around) start = first;
    let end = Math.min(text.length, start + 2 * around);
    if (end < text.length) end = Math.max(text.lastIndexOf(" ", end), spans.length ? spans[0][1] : 0) || end;
    const made = element("span");
    made.dir = "auto";
    let at = start;
    if (start) made.append("… ");
    for (const [from, to] of spans) {
      if (from < at || to > end) continue;
      made.append(text.slice(at, from), element("mark", "", text.slice(from, to)));
      at = to;
    }
    made.append(text.slice(at, end));
    if (end < text.length) made.append(" …");
    return made;
  }

  function result(found) {
    const each = documents[found.id];
    const terms = new Set(found.terms);
    const has = (said) => tokenize(said[1]).some((word) => terms.has(fold(word)));
    const said = each.said.find(has) || each.said[0];
    const item = element("li");
    const link = element("a");
    link.href = each.href;
    const title = element("span", "name", each.about.title);
    title.dir = "auto";
    link.append(title);
    if (each.number) link.append(" ", element("span", "where", "question " + each.number));
    item.append(link);
    const text = element("p");
    if (said[0]) text.append(element("bdi", "who", said[0]), said[2] ? " (author): " : ": ");
    text.append(snippet(said[1], terms));
    item.append(text);
    return item;
  }

  function show() {
    const words = field.value.trim();
    const searching = words !== "";
    results.hidden = !searching;
    books.hidden = searching;
    remember(words);
    if (!searching) {
      results.replaceChildren();
      status.textContent = "";
      return;
    }
    load();
    const found = find(words);
    const list = element("ol");
    list.append(...found.slice(0, MOST).map(result));
    /* Nobody who has gone on to the results loses the place there. */
    if (!results.contains(document.activeElement)) results.replaceChildren(...(found.length ? [list] : []));
    let text = found.length === 0 ? "Nothing found" : found.length === 1 ? "1 found" : found.length + " found";
    if (found.length > MOST) text += ", the first " + MOST + " shown";
    status.textContent = loaded < shards.length
      ? text + " so far; reading on, " + loaded + " of " + shards.length + " years" : text;
  }

  /* The address says what is searched for, so that it can be kept and sent. */
  function remember(words) {
    const url = words ? "?q=" + encodeURIComponent(words) : location.pathname;
    try {
      history.replaceState(null, "", url);
    } catch {
      /* A page opened from a disk may not change its address. */
    }
  }

  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 120);
  });
  field.addEventListener("focus", load);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    show();
  });

  form.hidden = false;
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) {
    field.value = asked;
    show();
  }
})();
