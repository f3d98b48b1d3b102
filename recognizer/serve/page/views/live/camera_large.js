// One camera large, moving; its faces are buttons.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {score} from "../../lib/format.js";
import {ViewHead, Note} from "../../parts/basics.js";
import {Icon} from "../../parts/icon.js";
import {EventList} from "./event_list.js";
import {FaceDialog} from "./face_dialog.js";
import {Moving} from "./moving.js";
import {SourceProblem, State} from "./camera_tile.js";

export function CameraLarge({source, people, onClose}) {
  const [face, setFace] = useState(null);
  return html`<${ViewHead} title=${source.name} lead=${t("live.large_lead")}>
      <${State} source=${source} />
      <button class="button" onClick=${onClose}><${Icon} name="back" />${t("live.all_cameras")}</button>
    <//>
    <div class="live-columns">
      <div class="stack">
        <div class="large">
          <div class="frame" style=${{"--shape": source.width && source.height ? source.width / source.height : 16 / 9}}>
          ${source.hasPicture ? html`<${Moving} source=${source} />` : html`<span class="no-picture"><${Icon} name="off" big /></span>`}
          ${source.hasPicture && source.people.filter(({box}) => box).map((person) => html`<button key=${person.track_id} class="hit"
            style=${place(person.box)} aria-label=${t("live.face_of", {name: person.name ?? t(`status.${person.status ?? "unknown"}`)})}
            onClick=${() => setFace(person)}></button>`)}
          </div>
        </div>
        ${!["live", "reading"].includes(source.state) && html`<${Note} kind="warn"><strong>${t(`state.${source.state}`)}</strong><${SourceProblem} source=${source} /><//>`}
        <${WhoIsHere} source=${source} onFace=${setFace} />
      </div>
      <${EventList} source=${source.id} />
    </div>
    ${face && html`<${FaceDialog} face=${face} source=${source} people=${people} onClose=${() => setFace(null)} />`}`;
}

function WhoIsHere({source, onFace}) {
  return html`<section class="panel" aria-label=${t("live.people_now")}>
    <h2>${t("live.people_now")}</h2>
    ${source.people.length === 0 ? html`<p class="muted">${t("live.nobody_here")}</p>` : html`<ul class="lines">
      ${source.people.map((person) => html`<li key=${person.track_id} class="row still apart">
        <span class="grow clip"><strong>${person.name ?? t(`status.${person.status ?? "unknown"}`)}</strong>
          <span class="muted small"> ${person.similarity !== null && t("live.similarity", {value: score(person.similarity)})}</span></span>
        <button class="button small" onClick=${() => onFace(person)}>${t("live.this_face")}</button></li>`)}
    </ul>`}
  </section>`;
}

/** Place of a box [left, top, right, bottom], shares of the picture. */
function place([left, top, right, bottom]) {
  const percent = (share) => `${share * 100}%`;
  return {left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top)};
}
