// Texts by their key. A language is one file in texts/; see texts/en.js.
import en from "../texts/en.js";

const LANGUAGES = {en};
export const language = LANGUAGES[navigator.language.slice(0, 2)] ? navigator.language.slice(0, 2) : "en";
const plural = new Intl.PluralRules(language);

/**
 * Return the text of a key ("unknown.title") with its {places} filled in.
 * A text that is an object has plural forms, chosen by `values.count`.
 */
export function t(key, values = {}) {
  let text = lookup(LANGUAGES[language], key) ?? lookup(en, key);
  if (text && typeof text === "object") text = text[plural.select(values.count ?? 0)] ?? text.other;
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** True if there is a text of this key. */
export const has = (key) => lookup(en, key) !== undefined;

function lookup(texts, key) {
  return key.split(".").reduce((at, part) => at?.[part], texts);
}
