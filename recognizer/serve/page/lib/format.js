// Times, durations and numbers as people read them.
import {language, t} from "./texts.js";

const clock = new Intl.DateTimeFormat(language, {hour: "2-digit", minute: "2-digit", hourCycle: "h23"});
const seconds = new Intl.DateTimeFormat(language, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(language, {weekday: "short", day: "numeric", month: "short"});
const dayOfYear = new Intl.DateTimeFormat(language, {day: "numeric", month: "short", year: "numeric"});
const list = new Intl.ListFormat(language, {type: "conjunction"});
const number = new Intl.NumberFormat(language);
const rounded = new Intl.NumberFormat(language, {maximumSignificantDigits: 2});

export const time = (at) => clock.format(new Date(at));
export const timeWithSeconds = (at) => seconds.format(new Date(at));
export const count = (value) => number.format(value);
export const figure = (value) => rounded.format(value);
export const names = (values) => list.format(values);

/** A source as people know it: a camera's name, or a file without its folders. */
export const place = (source) => (source.startsWith("/") ? source.slice(source.lastIndexOf("/") + 1) : source);
export const places = (sources) => list.format(sources.map(place));
export const score = (value) => (value === null || value === undefined ? "–" : (Math.abs(value) < 0.005 ? 0 : value).toFixed(2));

/** A share of one as people say it: "0.3 %", "1 in 20,000". */
export function share(part) {
  if (part === null || part === undefined) return "–";
  return part > 0 && part < 0.001 ? t("time.one_in", {n: count(Math.round(1 / part))}) : `${Math.round(part * 1000) / 10}\u00a0%`;
}

/** "Mon, 3 Mar", with the year if it is another. */
export function date(at) {
  const when = new Date(at);
  return (when.getFullYear() === new Date().getFullYear() ? day : dayOfYear).format(when);
}

/** "08:40" today, "yesterday 08:40", else "Mon, 3 Mar 08:40". */
export function when(at) {
  const moment = new Date(at);
  const days = Math.round((startOfDay(new Date()) - startOfDay(moment)) / 864e5);
  if (days === 0) return time(moment);
  if (days === 1) return t("time.yesterday", {time: time(moment)});
  return `${date(moment)}, ${time(moment)}`;
}

/** A duration in its two largest units: "2 h 5 min", "12 s". */
export function duration(s) {
  if (s < 60) return t("time.s", {n: Math.round(s)});
  if (s < 3600) return t("time.min", {n: Math.round(s / 60)});
  const minutes = Math.round(s / 60);
  if (minutes < 1440) return t("time.h_min", {h: Math.floor(minutes / 60), min: minutes % 60});
  return t("time.days", {count: Math.round(minutes / 1440)});
}

/** Bytes as "12 MB". */
export function bytes(size) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; size >= 1000 && at < units.length - 1; at++) size /= 1000;
  return `${size >= 10 || at === 0 ? Math.round(size) : size.toFixed(1)} ${units[at]}`;
}

/** The local calendar day of a time, "2026-03-09", as a date field wants it. */
export function isoDay(at = new Date()) {
  const when = new Date(at);
  return [when.getFullYear(), when.getMonth() + 1, when.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
}

export function startOfDay(at) {
  const when = new Date(at);
  when.setHours(0, 0, 0, 0);
  return when;
}
