// The emoji people use most; others are shown by name.

export const EMOJI = {
  "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", arrow_up: "⬆️", arrow_down: "⬇️",
  heart: "❤️", eyes: "👀", tada: "🎉", raised_hands: "🙌", clap: "👏", pray: "🙏", fire: "🔥",
  rocket: "🚀", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", "100": "💯",
  thinking_face: "🤔", bulb: "💡", books: "📚", book: "📖", open_book: "📖", bookmark: "🔖",
  smile: "😄", joy: "😂", slightly_smiling_face: "🙂", blush: "😊", grinning: "😀", laughing: "😆",
  sob: "😭", cry: "😢", wink: "😉", sweat_smile: "😅", upside_down_face: "🙃", wave: "👋",
  ok_hand: "👌", muscle: "💪", point_up: "☝️", question: "❓", exclamation: "❗", star: "⭐",
  sparkles: "✨", zap: "⚡", warning: "⚠️", no_entry: "⛔", speech_balloon: "💬", pushpin: "📌",
  memo: "📝", bug: "🐛", lock: "🔒", bell: "🔔", hourglass: "⌛", trophy: "🏆", heavy_plus_sign: "➕",
  point_right: "👉", point_left: "👈", point_down: "👇", information_source: "ℹ️", calendar: "📅",
  gift: "🎁", crown: "👑", rotating_light: "🚨", mag: "🔍", pencil2: "✏️", wastebasket: "🗑️",
  see_no_evil: "🙈", mailbox: "📫", inbox_tray: "📥", outbox_tray: "📤", alarm_clock: "⏰",
  large_green_circle: "🟢", red_circle: "🔴", white_circle: "⚪", "woman-shrugging": "🤷‍♀️", shrug: "🤷",
};

const TONE = /^skin-tone-([2-6])$/;

/** The character of a name without colons; null where it is not known here. */
export function emoji(name) {
  const [base, tone] = name.split("::");
  const found = Object.hasOwn(EMOJI, base) ? EMOJI[base] : null;
  if (!found) return null;
  const number = tone && TONE.exec(tone);
  return number ? found.replace("️", "") + String.fromCodePoint(0x1f3f9 + Number(number[1])) : found;
}
