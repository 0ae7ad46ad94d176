/* Searching the archive from every page, without a server, and showing some of a book's questions.
   Without this script both forms stay hidden. The index is MiniSearch's, made here of the scripts
   in search/ when somebody begins to search, latest year first. */
(function () {
  "use strict";

  const form = document.getElementById("search");
  if (!form || !self.MiniSearch) return;
  const field = document.getElementById("words");
  const status = document.getElementById("found");
  const results = document.getElementById("results");
  const list = document.getElementById("list");
  const page = document.getElementById("page");
  const narrow = document.getElementById("narrow");
  const texts = JSON.parse(form.dataset.texts);
  const root = form.dataset.root;
  const shards = form.dataset.shards.split(" ").filter(Boolean);
  const MOST = 50;

  /* A text of the page with its places filled in. */
  function say(name, values) {
    return texts[name].replace(/\{(\w+)\}/g, (place, key) => (key in values ? values[key] : place));
  }

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
    const about = { title: row.title, authors: row.authors, href: root + row.href };
    row.authors.forEach(offer);
    const made = row.threads.map(([place, number, name, question, replies, file]) => ({
      about,
      href: file ? about.href.replace(/\.html$/, "/q/") + file : about.href + "#q" + place,
      number,
      waits: number > 0 && !replies.some((reply) => reply[2]),
      said: [[name, question]].concat(replies),
      fields: {
        book: row.title + " " + row.authors.join(", "),
        names: [name].concat(replies.map((reply) => reply[0])).join(" "),
        question,
        replies: replies.map((reply) => reply[1]).join("\n"),
      },
    }));
    made.push({
      about,
      href: about.href,
      number: 0,
      waits: false,
      said: [["", row.about]],
      fields: { book: row.title + " " + row.authors.join(", "), names: "", question: row.about, replies: "" },
    });
    return made.map((each) => {
      const id = documents.push(each) - 1;
      const fields = Object.assign({ id }, each.fields);
      delete each.fields;
      return fields;
    });
  }

  /* Puts an author among those whose books alone can be searched, by name. */
  function offer(name) {
    const select = narrow.elements.author;
    const others = [...select.options].slice(1);
    if (others.some((option) => option.value === name)) return;
    const next = others.find((option) => option.value.localeCompare(name) > 0);
    select.insertBefore(new Option(name, name), next || null);
  }

  function load() {
    if (begun) return;
    begun = true;
    next();
  }

  function next() {
    if (loaded === shards.length) return;
    const script = document.createElement("script");
    script.src = root + shards[loaded];
    script.addEventListener("load", async () => {
      await index.addAllAsync((self.marginalia || []).splice(0).flatMap(add), { chunkSize: 40 });
      loaded += 1;
      show();
      next();
    });
    script.addEventListener("error", () => {
      status.textContent = say("failed", { file: shards[loaded] });
    });
    document.head.append(script);
  }

  function find(words) {
    const author = narrow.elements.author.value;
    const waiting = narrow.elements.unanswered.checked;
    const options = {
      filter: ({ id }) => (!waiting || documents[id].waits) && (!author || documents[id].about.authors.includes(author)),
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
    if (each.number) link.append(" ", element("span", "where", say("question", { number: each.number })));
    item.append(link);
    const text = element("p");
    if (said[0]) text.append(element("bdi", "who", said[0]), said[2] ? " (" + texts.author + "): " : ": ");
    text.append(snippet(said[1], terms));
    item.append(text);
    return item;
  }

  function show() {
    const words = field.value.trim();
    const searching = words !== "";
    results.hidden = !searching;
    page.hidden = searching;
    remember(words);
    if (!searching) {
      list.replaceChildren();
      status.textContent = "";
      return;
    }
    load();
    const found = find(words);
    /* Nobody who has gone on to the results loses the place there. */
    if (!list.contains(document.activeElement)) list.replaceChildren(...found.slice(0, MOST).map(result));
    let text = found.length === 0 ? texts.nothing : found.length === 1 ? texts.one : say("many", { count: found.length });
    if (found.length > MOST) text = say("first", { results: text, count: MOST });
    if (loaded < shards.length) text = say("reading", { results: text, loaded, all: shards.length });
    status.textContent = text;
  }

  /* The address says what is searched for, so that it can be kept and sent. */
  function remember(words) {
    const url = words ? "?q=" + encodeURIComponent(words) : location.pathname + location.hash;
    if (!words && !location.search) return;
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

  narrow.addEventListener("change", show);
  narrow.addEventListener("submit", (event) => event.preventDefault());
  results.addEventListener("click", (event) => {
    /* A result on the page that is searched from: there is nothing to load. */
    const link = event.target.closest("a");
    if (!link || link.pathname !== location.pathname) return;
    field.value = "";
    show();
  });

  /* Some of a book's questions: all, those without an answer, those that an author answered. */
  const filter = document.getElementById("filter");
  if (filter) {
    const threads = [...document.querySelectorAll(".thread")];
    const questions = threads.filter((thread) => thread.dataset.answered);
    const chosen = (thread, wanted) => {
      const by = JSON.parse(thread.dataset.answered);
      return wanted === "unanswered" ? by.length === 0 : by.includes(wanted);
    };
    filter.addEventListener("change", () => {
      const wanted = filter.elements.show.value;
      for (const thread of threads) {
        thread.hidden = wanted !== "" && !(thread.dataset.answered && chosen(thread, wanted));
      }
      const count = questions.filter((thread) => !thread.hidden).length;
      document.getElementById("filtered").textContent = wanted
        ? say("shown", { count, all: questions.length }) : "";
    });
    filter.addEventListener("submit", (event) => event.preventDefault());
    /* A link to a question that is not shown shows all of them. */
    addEventListener("hashchange", () => {
      const target = document.getElementById(location.hash.slice(1));
      if (!target || !target.closest("[hidden]")) return;
      filter.elements.show.value = "";
      filter.dispatchEvent(new Event("change"));
      target.scrollIntoView();
    });
    filter.hidden = false;
  }

  form.hidden = false;
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) {
    field.value = asked;
    show();
  }
})();
