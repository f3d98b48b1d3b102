// Reports of a day or a week, to read and to download.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {date, duration, isoDay, places, startOfDay, time} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {loadReport, reportUrl} from "../../lib/api.js";
import {Empty, Field, Loaded, Segments} from "../../parts/basics.js";
import {Icon} from "../../parts/icon.js";
import {Table} from "../../parts/table.js";

const FORMATS = ["csv", "xlsx", "html"];
const COLUMNS = ["person", "day", "source", "first", "last", "present", "sightings"];
const NUMBERS = ["first", "last", "present", "sightings"];

export function Reports() {
  const [span, setSpan] = useState("day");
  const [day, setDay] = useState(isoDay());
  const {since, until} = range(span, day);
  const load = useLoad((signal) => loadReport({since, until}, signal), [since, until]);
  return html`<div class="filters">
      <div class="field"><span class="label-text">${t("report.span")}</span><${Segments} label=${t("report.span")} value=${span} onChange=${setSpan}
        choices=${[["day", t("report.day")], ["week", t("report.week")]]} /></div>
      <${Field} label=${t(span === "day" ? "timeline.day" : "report.week_of")}>${(id) => html`<input id=${id} class="input" type="date" value=${day} max=${isoDay()}
        onChange=${(event) => event.target.value && setDay(event.target.value)} />`}<//>
      <div class="field"><span class="label-text">${t("report.download")}</span><div class="row tight">${FORMATS.map((format) => html`<a key=${format} class="button" download
        href=${reportUrl({since, until}, format)}><${Icon} name="download" />${format.toUpperCase()}</a>`)}</div></div>
    </div>
    <${Loaded} load=${load}>${(rows) => rows.length === 0
      ? html`<div class="card"><${Empty} icon="timeline" title=${t("report.none_title")} text=${t("report.none_text")} /></div>`
      : html`<section class="panel"><h2>${t("report.title")}</h2><${Table} label=${t("report.title")} columns=${COLUMNS.map((name) => [name, t(`report.col_${name}`), {right: NUMBERS.includes(name)}])}
          rows=${rows.map((row) => ({
            id: `${row.first} ${row.person}`, day: date(row.first), person: row.person, source: places(row.sources), first: time(row.first), last: time(row.last),
            present: duration(row.duration_s), sightings: row.sightings,
          }))} /></section>`}<//>`;
}

/** Beginning and end of a day, or of the week (from Monday) that it is in. */
function range(span, day) {
  const since = startOfDay(`${day}T00:00`);
  if (span === "week") since.setDate(since.getDate() - (since.getDay() + 6) % 7);
  const until = new Date(since);
  until.setDate(until.getDate() + (span === "week" ? 7 : 1));
  return {since: since.toISOString(), until: until.toISOString()};
}
