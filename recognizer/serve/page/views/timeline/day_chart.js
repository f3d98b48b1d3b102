// The hours of a day from left to right, a row for each person; a bar is a time in which they were seen.
import {html} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {duration, places, time} from "../../lib/format.js";

export function DayChart({day, items, onOpen}) {
  const begin = day.getTime();
  const ends = items.map((item) => Date.parse(item.ended_at));
  const begins = items.map((item) => Date.parse(item.began_at));
  const first = Math.max(0, Math.floor((Math.min(...begins) - begin) / 36e5));
  const last = Math.min(24, Math.max(first + 1, Math.ceil((Math.max(...ends) - begin) / 36e5)));
  const [from, to] = widened(first, last);
  const at = (moment) => `${Math.max(0, Math.min(1, ((moment - begin) / 36e5 - from) / (to - from))) * 100}%`;
  const span = to - from;
  const every = span > 12 ? 4 : span > 6 ? 2 : 1;
  const hours = Array.from({length: Math.floor(span / every) + 1}, (_, n) => from + n * every);
  const rows = new Map();
  for (const item of items) {
    const key = item.person ?? "";
    rows.set(key, [...(rows.get(key) ?? []), item]);
  }
  const named = [...rows].sort(([a], [b]) => (a === "") - (b === "") || a.localeCompare(b));
  return html`<section class="panel chart" aria-label=${t("timeline.chart")}>
    <div class="chart-row chart-hours" aria-hidden="true"><span></span><div class="chart-line">
      ${hours.map((hour) => html`<span key=${hour} class="chart-hour" style=${{left: `${(hour - from) / span * 100}%`}}>${String(hour % 24).padStart(2, "0")}:00</span>`)}</div></div>
    <ul>${named.map(([person, found]) => html`<li key=${person} class="chart-row">
      <span class="clip" title=${person}>${person || t("status.unknown")}</span>
      <div class="chart-line">
        ${hours.map((hour) => html`<i key=${hour} class="chart-grid" style=${{left: `${(hour - from) / span * 100}%`}}></i>`)}
        ${found.map((item) => html`<button key=${`${item.began_at} ${item.track_id}`} class="chart-bar ${person ? "" : "unknown"}"
          style=${{left: at(Date.parse(item.began_at)), right: `calc(100% - ${at(Date.parse(item.ended_at))})`}}
          aria-label=${label(item)} title=${label(item)} onClick=${() => item.track_id !== null && onOpen(item)}></button>`)}
      </div></li>`)}</ul>
  </section>`;
}

function label(item) {
  return t("timeline.bar", {person: item.person ?? t("status.unknown"), source: places(item.sources), from: time(item.began_at), to: time(item.ended_at), long: duration(item.duration_s)});
}

/** At least six hours around those that are needed, within the day. */
function widened(first, last) {
  const missing = Math.max(0, 6 - (last - first));
  const from = Math.max(0, first - Math.ceil(missing / 2));
  return [from, Math.min(24, Math.max(last, from + 6))];
}
