// People who look alike to the model, side by side, with what that costs.
import {html} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {score} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {auditPeople} from "../../lib/api.js";
import {Bar, Empty, Face, Loaded} from "../../parts/basics.js";

export function Alike() {
  const load = useLoad((signal) => auditPeople(signal), []);
  return html`<${Loaded} load=${load}>${({pairs}) => pairs.length === 0
    ? html`<div class="card"><${Empty} icon="good" title=${t("alike.none_title")} text=${t("alike.none_text")} /></div>`
    : html`<div class="stack"><p class="muted">${t("alike.text")}</p><ul class="pairs">
        ${pairs.map((pair) => html`<li key=${`${pair.a.id} ${pair.b.id}`} class="card pair">
          ${[pair.a, pair.b].map((person) => html`<a key=${person.id} href=${link("people", person.id)} class="pair-person">
            <${Face} src=${person.thumb} alt="" /><strong class="clip">${person.name}</strong></a>`)}
          <div class="stack tight pair-text"><span class="small">${t("alike.similarity", {value: score(pair.similarity), wanted: score(pair.wanted)})}</span>
            <${Bar} share=${pair.similarity} wanted=${pair.wanted} kind=${pair.similarity >= pair.wanted ? "bad" : "warn"} />
            <span class="small muted">${t(pair.similarity >= pair.wanted ? "alike.confused" : "alike.close")}</span></div>
        </li>`)}</ul></div>`}<//>`;
}
