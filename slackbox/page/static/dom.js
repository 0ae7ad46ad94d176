// Building the page: elements from data, never from HTML. Whatever a workspace says is text.

const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);

/** An element. `attributes`: `on…` are listeners, `data` a dataset, true and false switch. */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(made.dataset, value);
    else if (key === "value" || key === "checked" || key === "selected") made[key] = value;
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A link that leads where links may lead; elsewhere only its words. */
export function link(url, ...children) {
  let safe = null;
  try {
    const parsed = new URL(url);
    if (SCHEMES.has(parsed.protocol)) safe = parsed.href;
  } catch { /* no address: only its words */ }
  const words = children.length ? children : [url];
  if (safe === null) return el("span", { class: "nolink", title: url }, ...words);
  return el("a", { href: safe, target: "_blank", rel: "noopener noreferrer" }, ...words);
}

/** A button that opens `panel` above everything else: nothing covers it and nothing cuts it off. */
export function menu(button, panel) {
  panel.popover = "auto";
  button.popoverTargetElement = panel;
  panel.addEventListener("toggle", (event) => {
    button.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "open") place(panel, button);
  });
  return [button, panel];
}

/** Puts an open panel below its anchor, or above it where there is more room. */
export function place(panel, anchor) {
  const at = anchor.getBoundingClientRect();
  const below = window.innerHeight - at.bottom - 8;
  const above = at.top - 8;
  panel.style.maxHeight = "";
  const up = panel.offsetHeight > below && above > below;
  panel.style.maxHeight = `${Math.max(80, up ? above : below)}px`;
  panel.style.top = `${up ? at.top - Math.min(panel.offsetHeight, above) : at.bottom}px`;
  panel.style.left = `${Math.max(8, Math.min(at.right - panel.offsetWidth, window.innerWidth - panel.offsetWidth - 8))}px`;
}

// A panel stays where it was opened: what scrolls away below it closes it.
document.addEventListener("scroll", (event) => {
  for (const panel of document.querySelectorAll(":popover-open")) {
    if (!panel.contains(event.target)) panel.hidePopover();
  }
}, true);

/** What is not drawn here, as JSON under a notice: never silently nothing. */
export function undrawn(what, json) {
  return el("details", { class: "undrawn" },
    el("summary", {}, `${what} is not drawn here; this is its JSON.`),
    el("pre", { tabindex: "0" }, JSON.stringify(json, null, 2)));
}

/** Puts `wanted` (elements with data-key) into `parent`, keeping those whose signature is the same. */
export function reconcile(parent, wanted) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let here = parent.firstElementChild;
  for (const { key, signature, make } of wanted) {
    let child = before.get(key);
    before.delete(key);
    if (!child || child.dataset.signature !== signature) {
      const made = make();
      made.dataset.key = key;
      made.dataset.signature = signature;
      if (child) {
        if (child === here) here = child.nextElementSibling;
        child.replaceWith(made);
      }
      child = made;
    }
    if (child === here) here = here.nextElementSibling;
    else parent.insertBefore(child, here);
  }
  for (const gone of before.values()) gone.remove();
}

/** A short number for a text, to see that it changed. */
export function hash(value) {
  const text = JSON.stringify(value);
  let sum = 5381;
  for (let i = 0; i < text.length; i += 1) sum = ((sum * 33) ^ text.charCodeAt(i)) >>> 0;
  return `${text.length}.${sum}`;
}

/** Focus goes where it was, after what had it was drawn anew. */
export function keepingFocus(draw) {
  const before = document.activeElement;
  const mark = before && before.dataset ? before.dataset.focus : undefined;
  const [from, to] = before && "selectionStart" in before ? [before.selectionStart, before.selectionEnd] : [null, null];
  draw();
  if (!mark || document.contains(before)) return;
  const again = document.querySelector(`[data-focus="${CSS.escape(mark)}"]`);
  if (!again) return;
  again.focus({ preventScroll: true });
  if (from !== null && typeof again.setSelectionRange === "function") {
    try { again.setSelectionRange(from, to); } catch { /* a kind of field that has no selection */ }
  }
}
