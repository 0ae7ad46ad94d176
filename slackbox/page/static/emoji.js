// Emoji by Slack's names: the table is emoji-datasource's, the pictures are Twemoji's, a font that
// this page brings along. What that font cannot draw, and what the workspace made itself, is shown
// by name.

const FONT = "32px Twemoji";
const TONE = /^skin-tone-([2-6])$/;
const characters = new Map();
const drawn = new Map();
const pen = document.createElement("canvas").getContext("2d");
let wide = 0;
let custom = {};

/** Reads the table and the font, once; without them emoji are shown by name. */
export async function loadEmoji() {
  try {
    const [table] = await Promise.all([fetch("/page/emoji.tsv"), document.fonts.load(FONT, "👍")]);
    for (const line of (await table.text()).split("\n")) {
      if (!line || line.startsWith("#")) continue;
      const [names, points, toned] = line.split("\t");
      for (const name of names.split(" ")) characters.set(name, { points, toned });
    }
    wide = width("👍");
  } catch { /* by name, then */ }
}

/** The workspace's own emoji: an address for each, or `alias:NAME`. */
export function useCustom(emoji) {
  custom = emoji;
}

/** The names that have something in common with what somebody types, at most `most`. */
export function namesLike(typed, most) {
  const words = typed.toLowerCase().replace(/[\s:]+/g, "_");
  const found = [...characters.keys()].filter((name) => name.includes(words));
  return found.sort((a, b) => b.startsWith(words) - a.startsWith(words) || a.length - b.length).slice(0, most);
}

/** The character of a name without colons; null where it cannot be drawn. */
export function emoji(name) {
  const [base, tone] = name.split("::");
  const alias = Object.hasOwn(custom, base) && /^alias:(.+)$/.exec(custom[base]);
  if (alias) return emoji(tone ? `${alias[1]}::${tone}` : alias[1]);
  const found = characters.get(base);
  if (!found) return null;
  const number = tone && TONE.exec(tone);
  const points = number && found.toned ? found.toned.replaceAll("*", (0x1f3f9 + Number(number[1])).toString(16)) : found.points;
  return drawable(fromPoints(points));
}

/** `1F44D-1F3FB` as a character, without variation selectors, which the font does not want. */
export const fromPoints = (points) => String.fromCodePoint(...points.split("-").map((code) => parseInt(code, 16)))
  .replaceAll("\ufe0f", "");

// Every picture of the font is as wide as every other; what it lacks comes from elsewhere, or in parts.
function drawable(character) {
  if (!drawn.has(character)) drawn.set(character, Math.abs(width(character) - wide) < 0.5);
  return drawn.get(character) ? character : null;
}

function width(character) {
  pen.font = FONT;
  return pen.measureText(character).width;
}
