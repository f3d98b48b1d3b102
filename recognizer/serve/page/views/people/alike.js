// People who look alike to the model, side by side, with what that costs.
import {html} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {names, score} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {auditPeople} from "../../lib/api.js";
import {Bar, Empty, Face, Loaded} from "../../parts/basics.js";

export function Alike({people}) {
  const load = useLoad((signal) => auditPeople(signal), []);
  const nameOf = (id) => people.find((person) => person.id === id)?.name ?? id;
  return html`<${Loaded} load=${load}>${({pairs, notes, single}) => html`
    ${pairs.length === 0 ? html`<div class="card"><${Empty} icon="good" title=${t("alike.none_title")} text=${t("alike.none_text")} /></div>`
      : html`<div class="stack"><p class="muted">${t("alike.text")}</p><ul class="pairs">
        ${pairs.map((pair) => html`<li key=${`${pair.a.id} ${pair.b.id}`} class="card pair">
          ${[pair.a, pair.b].map((person) => html`<a key=${person.id} href=${link("people", person.id)} class="pair-person">
            <${Face} src=${person.thumb} alt="" /><strong class="clip">${nameOf(person.id)}</strong></a>`)}
          <div class="stack tight pair-text"><span class="small">${t("alike.similarity", {value: score(pair.similarity)})}</span>
            <${Bar} share=${pair.similarity} kind="warn" /></div>
        </li>`)}</ul></div>`}
    ${(notes.length > 0 || single.length > 0) && html`<section class="panel"><h2>${t("alike.notes")}</h2><ul class="lines">
      ${notes.map((note) => html`<li key=${`${note.person_id} ${note.file}`} class="wrap"><a class="strong" href=${link("people", note.person_id)}>${nameOf(note.person_id)}</a>
        <span class="small muted"> ${note.file}: ${note.text}</span></li>`)}
      ${single.length > 0 && html`<li class="wrap"><strong>${t("alike.single", {count: single.length})}</strong> <span class="small muted">${names(single)}</span></li>`}
    </ul></section>`}`}<//>`;
}
