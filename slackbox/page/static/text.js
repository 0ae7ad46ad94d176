// Slack's texts as nodes: mrkdwn, rich text, plain text.

import { el, link, undrawn } from "./dom.js";
import { emoji, fromPoints } from "./emoji.js";

const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** `:name:` as its character where it is known. */
export function emojiNode(name, unicode) {
  const character = emoji(name) || (unicode && fromPoints(unicode));
  if (!character) return el("span", { class: "emoji-name" }, `:${name}:`);
  return el("span", { class: "emoji", title: `:${name}:` }, character);
}

/** A plain_text or mrkdwn object. */
export function textObject(object, names) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text, names, object.verbatim) : plain(object.text);
}

/** Plain text: only emoji and line ends. */
export function plain(text) {
  const out = [];
  let position = 0;
  for (const found of text.matchAll(/:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):|\n/g)) {
    out.push(text.slice(position, found.index));
    out.push(found[0] === "\n" ? el("br") : emojiNode(found[1]));
    position = found.index + found[0].length;
  }
  out.push(text.slice(position));
  return out.filter((part) => part !== "");
}

/** Slack's mrkdwn, as <https://docs.slack.dev/messaging/formatting-message-text> has it. */
export function mrkdwn(text, names) {
  const out = [];
  const parts = text.split(/```\n?([\s\S]*?)\n?```/);
  parts.forEach((part, index) => {
    if (index % 2) out.push(el("pre", {}, ...inside(part, names, false)));
    else out.push(...lines(part, names));
  });
  return out;
}

function lines(text, names) {
  const out = [];
  let quoted = [];
  const flush = () => {
    if (quoted.length) out.push(el("blockquote", {}, ...joined(quoted, names)));
    quoted = [];
  };
  let run = [];
  const flushRun = () => {
    if (run.length) out.push(...joined(run, names));
    run = [];
  };
  for (const line of text.split("\n")) {
    const mark = /^(?:&gt;|>) ?/.exec(line);
    if (mark) {
      flushRun();
      quoted.push(line.slice(mark[0].length));
    } else {
      flush();
      run.push(line);
    }
  }
  flush();
  flushRun();
  return out;
}

function joined(list, names) {
  return list.flatMap((line, index) => (index ? [el("br"), ...inside(line, names)] : inside(line, names)));
}

const MARK = /<([^<>\n]*)>|`([^`\n]+)`|(?<![\p{L}\p{N}])([*_~])(?=\S)([^\n]*?\S)\3(?![\p{L}\p{N}])|:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/u;

function inside(text, names, styled = true) {
  const out = [];
  let rest = text;
  while (rest) {
    const found = MARK.exec(rest);
    if (!found) break;
    out.push(unescape(rest.slice(0, found.index)));
    const [whole, angle, code, mark, body, name] = found;
    if (angle !== undefined) out.push(reference(angle, names));
    else if (!styled) out.push(unescape(whole));
    else if (code !== undefined) out.push(el("code", {}, ...inside(code, names, false)));
    else if (mark) out.push(el({ "*": "strong", _: "em", "~": "s" }[mark], {}, ...inside(body, names)));
    else out.push(emojiNode(name));
    rest = rest.slice(found.index + whole.length);
  }
  out.push(unescape(rest));
  return out.filter((part) => part !== "");
}

function reference(inner, names) {
  const [target, ...labels] = inner.split("|");
  const label = labels.join("|");
  const sign = target[0];
  if (sign === "@") return el("span", { class: "mention" }, `@${names.user(target.slice(1)) || unescape(label)}`);
  if (sign === "#") return el("span", { class: "mention" }, `#${names.channel(target.slice(1)) || unescape(label)}`);
  if (target.startsWith("!date^")) return dateNode(target, label, names);
  if (target.startsWith("!subteam^")) return el("span", { class: "mention" }, unescape(label) || `@${target.slice(9)}`);
  if (sign === "!") return el("span", { class: "mention" }, `@${target.slice(1)}`);
  const address = unescape(target);
  return link(address, unescape(label) || address.replace(/^mailto:/, ""));
}

function dateNode(target, label, names) {
  const [, seconds, format, url] = target.split("^");
  const words = formatDate(Number(seconds), format || "{date_short} at {time}", names.tz, unescape(label));
  const node = el("time", { datetime: new Date(Number(seconds) * 1000).toISOString(), title: unescape(label) }, words);
  return url ? link(unescape(url), node) : node;
}

/** Slack's date tokens in a person's zone. */
export function formatDate(seconds, format, tz, fallback) {
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return fallback;
  const say = (options) => {
    try {
      return new Intl.DateTimeFormat("en-GB", { timeZone: tz || undefined, ...options }).format(at);
    } catch {
      return new Intl.DateTimeFormat("en-GB", options).format(at);
    }
  };
  const kinds = {
    date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
    date: { year: "numeric", month: "long", day: "numeric" },
    date_short: { year: "numeric", month: "short", day: "numeric" },
    date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
    time: { hour: "2-digit", minute: "2-digit" },
    time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  };
  return format.replace(/\{(\w+?)(_pretty)?\}/g, (token, kind) => (kinds[kind] ? say(kinds[kind]) : token));
}

/** A rich_text block: <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>. */
export function richText(block, names) {
  const out = [];
  const open = []; // lists by depth, so that an indented one stands in the item before it
  for (const part of block.elements) {
    if (part.type !== "rich_text_list") open.length = 0;
    if (part.type === "rich_text_section") out.push(el("p", {}, ...inline(part.elements, names)));
    else if (part.type === "rich_text_preformatted") out.push(el("pre", {}, ...inline(part.elements, names)));
    else if (part.type === "rich_text_quote") out.push(el("blockquote", {}, ...inline(part.elements, names)));
    else if (part.type === "rich_text_list") list(part, names, open, out);
    else out.push(undrawn(`A part of type “${part.type}”`, part));
  }
  return out;
}

function list(part, names, open, out) {
  const depth = Math.min(part.indent || 0, open.length);
  const made = el(part.style === "ordered" ? "ol" : "ul", { start: part.offset ? part.offset + 1 : null });
  made.append(...part.elements.map((item) => el("li", {}, ...inline(item.elements, names))));
  const outer = depth > 0 ? open[depth - 1].lastElementChild : null;
  if (outer) outer.append(made);
  else out.push(made);
  open.length = depth;
  open.push(made);
}

function inline(elements, names) {
  return elements.flatMap((part) => styled(part, inlineOne(part, names)));
}

function styled(part, nodes) {
  let made = nodes;
  const style = part.style || {};
  for (const [name, tag] of [["code", "code"], ["strike", "s"], ["italic", "em"], ["bold", "strong"], ["underline", "u"]]) {
    if (style[name]) made = [el(tag, {}, ...made)];
  }
  return made;
}

function inlineOne(part, names) {
  switch (part.type) {
    case "text":
      return part.text.split("\n").flatMap((line, index) => (index ? [el("br"), line] : [line]));
    case "link":
      return [link(part.url, part.text || part.url)];
    case "emoji":
      return [emojiNode(part.skin_tone ? `${part.name}::skin-tone-${part.skin_tone}` : part.name, part.unicode)];
    case "user":
      return [el("span", { class: "mention" }, `@${names.user(part.user_id)}`)];
    case "channel":
      return [el("span", { class: "mention" }, `#${names.channel(part.channel_id)}`)];
    case "usergroup":
      return [el("span", { class: "mention" }, `@${part.usergroup_id}`)];
    case "broadcast":
      return [el("span", { class: "mention" }, `@${part.range}`)];
    case "date":
      return [el("time", {}, formatDate(part.timestamp, part.format, names.tz, part.fallback || ""))];
    case "color":
      return [el("code", {}, part.value)];
    default:
      return [undrawn(`A part of type “${part.type}”`, part)];
  }
}
