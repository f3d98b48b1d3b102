// One camera of the grid: its newest picture once a second, its state, and who is there.
import {html} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {duration, when} from "../../lib/format.js";
import {Snapshot} from "./snapshot.js";

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
  const names = [...new Set(people.map(({name}) => name).filter(Boolean))];
  const undecided = people.filter(({name, status}) => !name && status === "undecided").length;
  const unknown = people.filter(({name}) => !name).length - undecided;
  return html`<ul class="row tight" aria-label=${t("live.people_now")}>
    ${names.map((name) => html`<li key=${name} class="chip clip accent">${name}</li>`)}
    ${unknown > 0 && html`<li class="chip">${t("live.unknown", {count: unknown})}</li>`}
    ${undecided > 0 && html`<li class="chip">${t("live.undecided", {count: undecided})}</li>`}
  </ul>`;
}
