// One day: a row for each person, a bar for each sighting, and the sightings as a list.
import {html, useState} from "../../lib/ui.js";
import {go, link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {date, duration, isoDay, places, startOfDay, time} from "../../lib/format.js";
import {useEvents, useLoad} from "../../lib/use.js";
import {listPeople, listSightings, listSources} from "../../lib/api.js";
import {Empty, Field, Loaded} from "../../parts/basics.js";
import {Icon} from "../../parts/icon.js";
import {Table} from "../../parts/table.js";
import {DayChart} from "./day_chart.js";
import {FaceDialog} from "../live/face_dialog.js";

export function Days({route}) {
  const day = route.query.get("day") ?? isoDay();
  const person = route.query.get("person") ?? "";
  const source = route.query.get("source") ?? "";
  const [shown, setShown] = useState(route.query.get("track"));
  const from = startOfDay(`${day}T00:00`);
  const to = new Date(from);
  to.setDate(to.getDate() + 1);
  const load = useLoad((signal) => listSightings({since: from.toISOString(), until: to.toISOString(), person, source}, signal), [day, person, source]);
  useEvents((event) => event.kind === "history_changed" && load.reload());
  const people = useLoad((signal) => listPeople(signal), []);
  const sources = useLoad((signal) => listSources(signal), []);
  const set = (change) => go("timeline", "days", {day, person, source, ...change});
  const shift = (days) => {
    const next = new Date(from);
    next.setDate(next.getDate() + days);
    set({day: isoDay(next)});
  };
  const choices = (found, chosen) => [...new Set([...(found ?? []).map(({name}) => name), ...(chosen ? [chosen] : [])])].sort();
  return html`<div class="filters">
      <div class="field"><span class="label-text">${t("timeline.day")}</span><div class="row still tight">
        <button class="button only-icon" aria-label=${t("timeline.day_before")} onClick=${() => shift(-1)}><${Icon} name="back" /></button>
        <input class="input" type="date" aria-label=${t("timeline.day")} value=${day} max=${isoDay()} onChange=${(event) => event.target.value && set({day: event.target.value})} />
        <button class="button only-icon" aria-label=${t("timeline.day_after")} disabled=${day >= isoDay()} onClick=${() => shift(1)}><${Icon} name="next" /></button></div></div>
      <${Select} label=${t("timeline.person")} all=${t("timeline.everybody")} value=${person} choices=${choices(people.data, person)} onChange=${(value) => set({person: value})} />
      <${Select} label=${t("timeline.source")} all=${t("timeline.everywhere")} value=${source} choices=${choices(sources.data, source)} onChange=${(value) => set({source: value})} />
    </div>
    <${Loaded} load=${load}>${(items) => items.length === 0
      ? html`<div class="card"><${Empty} icon="timeline" title=${t("timeline.none_title", {day: date(from)})} text=${t(person || source ? "timeline.none_filtered" : "timeline.none_text")}>
          ${person || source ? html`<button class="button" onClick=${() => set({person: "", source: ""})}>${t("timeline.clear")}</button>`
            : html`<button class="button" onClick=${() => shift(-1)}>${t("timeline.day_before")}</button>`}<//></div>`
      : html`<${DayChart} day=${from} items=${items} onOpen=${(item) => setShown(item.track_id)} />
        <section class="panel"><h2>${t("timeline.list")}</h2><${SightingTable} items=${items} onOpen=${setShown} /></section>`}<//>
    ${shown && html`<${FaceDialog} id=${shown} people=${people.data ?? []} onClose=${() => setShown(null)} />`}`;
}

function SightingTable({items, onOpen}) {
  const columns = [
    ["person", t("timeline.person")], ["source", t("timeline.source")], ["from", t("timeline.from"), {right: true}], ["to", t("timeline.to"), {right: true}],
    ["long", t("timeline.how_long"), {right: true}], ["open", t("timeline.open"), {right: true, bare: true}],
  ];
  return html`<${Table} label=${t("timeline.list")} columns=${columns} rows=${items.map((item) => ({
    id: `${item.person} ${item.began_at}`, source: places(item.sources), from: time(item.began_at), to: time(item.ended_at), long: duration(item.duration_s),
    person: item.person ? html`<a href=${link("timeline", "days", {person: item.person, day: isoDay(item.began_at)})}>${item.person}</a>` : t("status.unknown"),
    open: item.track_id !== null && html`<button class="button small quiet" onClick=${() => onOpen(item.track_id)}>${t("timeline.open")}</button>`,
  }))} />`;
}

function Select({label, all, value, choices, onChange}) {
  return html`<${Field} label=${label}>${(id) => html`<select id=${id} class="input" value=${value} onChange=${(event) => onChange(event.target.value)}>
    <option value="">${all}</option>${choices.map((choice) => html`<option key=${choice} value=${choice} selected=${choice === value}>${choice}</option>`)}</select>`}<//>`;
}
