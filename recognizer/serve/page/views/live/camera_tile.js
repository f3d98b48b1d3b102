// One camera of the grid: its newest picture once a second, its state, and who is there.
import {html, useEffect, useRef} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {duration, when} from "../../lib/format.js";
import {snapshot} from "../../lib/api.js";
import {Icon} from "../../parts/icon.js";

const EVERY_MS = 1000;
const OLD_S = 3; // a person at a door has passed by then

export function CameraTile({source}) {
  return html`<article class="tile card">
    <a class="tile-picture" href=${link("live", source.id)} aria-label=${t("live.open", {name: source.name})}>
      <${Snapshot} source=${source} />
    </a>
    <div class="tile-foot">
      <div class="row still apart"><h2 class="clip">${source.name}</h2><${State} source=${source} /></div>
      ${source.hasPicture ? html`<${PeopleNow} people=${source.people} />` : html`<${SourceProblem} source=${source} />`}
    </div>
  </article>`;
}

/** "Live", "No picture" ..., as a chip with the age of the newest frame. */
export function State({source}) {
  const isOld = source.state === "live" && source.age_s >= OLD_S;
  const kind = isOld ? "warn" : {live: "good", reading: "good", lost: "bad", away: "bad", stalled: "warn", starting: "warn"}[source.state] ?? "";
  const age = source.state === "live" && source.age_s !== null && source.age_s >= 1 ? ` · ${duration(source.age_s)}` : "";
  return html`<span class="chip ${kind}"><span class="dot ${kind}"></span>${t(`state.${source.state}`)}${age}</span>`;
}

/** Since when and why there is no picture. */
export function SourceProblem({source}) {
  const since = source.since ? t("live.since", {when: when(source.since)}) : "";
  return html`<p class="small muted wrap">${[since, source.reason].filter(Boolean).join(" · ") || t(`state_help.${source.state}`)}</p>`;
}

export function PeopleNow({people}) {
  if (people.length === 0) return html`<p class="small muted">${t("live.nobody_here")}</p>`;
  return html`<ul class="row tight" aria-label=${t("live.people_now")}>
    ${people.map((person) => html`<li key=${person.track_id} class="chip clip ${person.name ? "accent" : ""}">
      ${person.name ?? t(`status.${person.status ?? "unknown"}`)}</li>`)}
  </ul>`;
}

/** The newest picture, drawn over the one before: nothing flickers, and a late picture leaves the old one. */
function Snapshot({source}) {
  const canvas = useRef(null);
  useEffect(() => {
    if (!source.hasPicture) return undefined;
    const control = new AbortController();
    let timer = null;
    const next = async () => {
      if (document.visibilityState === "visible") await draw(canvas.current, source.id, control.signal);
      if (!control.signal.aborted) timer = setTimeout(next, EVERY_MS);
    };
    next();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [source.id, source.hasPicture]);
  if (!source.hasPicture) return html`<span class="no-picture"><${Icon} name="off" big /></span>`;
  return html`<canvas ref=${canvas} width="640" height="360" role="img" aria-label=${t("live.picture_of", {name: source.name})}></canvas>`;
}

async function draw(canvas, id, signal) {
  try {
    const picture = await snapshot(id, signal);
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
  } catch { /* the tile's state says why; the next second tries again */ }
}
