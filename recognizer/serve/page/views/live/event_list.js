// What happened, the newest first, as it comes.
import {html, useState} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {place, timeWithSeconds} from "../../lib/format.js";
import {useEvents, useLoad} from "../../lib/use.js";
import {listEvents} from "../../lib/api.js";
import {Face, Loaded, Segments} from "../../parts/basics.js";

const SHOWN = 40;
const KINDS = ["appeared", "recognised", "changed", "lost", "source_lost", "source_back"];

export function EventList({source}) {
  const [fresh, setFresh] = useState([]);
  const [only, setOnly] = useState("all");
  const past = useLoad((signal) => listEvents({source, limit: SHOWN, status: only === "known" ? only : undefined}, signal), [source, only]);
  const fits = (event) => only === "all" || event.name || event.kind.startsWith("source_");
  useEvents((event) => {
    if (!KINDS.includes(event.kind) || (source && event.source !== source)) return;
    setFresh((old) => [event, ...old.filter((earlier) => !supersedes(event, earlier))].slice(0, 4 * SHOWN)); // more than are shown, for those that are chosen
  });
  return html`<section class="panel events" aria-label=${t("live.events")}>
    <div class="row apart"><h2>${t("live.events")}</h2>
      <${Segments} label=${t("live.events_of")} value=${only} onChange=${setOnly} choices=${["all", "known"].map((each) => [each, t(`live.of_${each}`)])} /></div>
    <${PastOrFresh} load=${past} fresh=${fresh.length > 0}>${(page) => {
      const known = new Set(fresh.map(trackOf));
      const events = [...fresh, ...page.filter((event) => !known.has(trackOf(event)))].filter(fits).slice(0, SHOWN);
      return events.length === 0 ? html`<p class="muted small">${t("live.no_events")}</p>`
        : html`<ol class="lines" tabindex="0" aria-label=${t("live.events")}>${events.map((event) => html`<${Line} key=${keyOf(event)} event=${event} />`)}</ol>`;
    }}<//>
  </section>`;
}

/** What is past, if there is a history; what is fresh is shown without it, too. */
function PastOrFresh({load, fresh, children}) {
  if (load.data === undefined && (fresh || ["history_off", "not_available"].includes(load.error?.code))) return children([]);
  return html`<${Loaded} load=${load}>${children}<//>`;
}

function Line({event}) {
  const who = event.name ?? t("status.unknown");
  const isCamera = event.kind.startsWith("source_");
  return html`<li class="event">
    ${isCamera ? html`<span class="dot ${event.kind === "source_lost" ? "bad" : "good"}"></span>` : html`<${Face} src=${event.crop_url} alt=${who} />`}
    <div class="grow">
      <div class="clip">${isCamera ? html`<strong>${event.source}</strong> ` : event.person_id
        ? html`<a class="strong" href=${link("people", event.person_id)}>${who}</a> ` : html`<strong>${who}</strong> `}
        <span class="muted">${t(`kind.${event.kind}`)}</span></div>
      <div class="small muted wrap" title=${event.reasons?.join("; ")}>${timeWithSeconds(event.time)}${isCamera ? "" : ` · ${place(event.source)}`}${
        event.reasons?.length ? ` · ${event.reasons[0]}` : ""}</div>
    </div>
  </li>`;
}

/** Whether an event says all that an earlier one said: who is recognised had come into the picture. */
const supersedes = (event, earlier) => ["recognised", "changed"].includes(event.kind) && earlier.kind === "appeared" && trackOf(event) === trackOf(earlier);

const keyOf = (event) => `${event.source} ${event.kind} ${event.track_id} ${event.time}`;
const trackOf = (event) => `${event.source} ${event.track_id}`;
