// A face that was clicked: name it, reject its name, or see its history.
import {html, useState} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {score} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {getTrack, nameTrack, rejectTrack} from "../../lib/api.js";
import {done} from "../../lib/actions.js";
import {Dialog} from "../../parts/dialog.js";
import {Face, Failure, Loaded, Note} from "../../parts/basics.js";
import {NameInput} from "../../parts/name_input.js";
import {TrackFacts} from "../timeline/track_facts.js";

export function FaceDialog({face, people, onClose}) {
  const [name, setName] = useState("");
  const [error, setError] = useState(null);
  const track = useLoad((signal) => getTrack(face.history_id ?? face.track_id, signal), [face.track_id]);
  const run = async (action) => {
    setError(null);
    try {
      done(await action());
      onClose();
    } catch (problem) {
      setError(problem);
    }
  };
  const shown = face.name ?? track.data?.name ?? null;
  return html`<${Dialog} title=${shown ?? t("status.unknown")} onClose=${onClose}>
    ${error && html`<${Failure} error=${error} />`}
    <${Loaded} load=${track}>${(found) => html`
      <div class="face-head"><${Face} src=${found.crops[0]} alt=${shown ?? t("status.unknown")} big />
        <div class="stack tight grow"><${TrackFacts} track=${found} /></div></div>
      ${shown && html`<div class="stack tight">
        <${Note}>${t("face.reject_text", {name: shown})}<//>
        <div><button class="button danger" onClick=${() => run(() => rejectTrack(found.id))}>${t("face.reject", {name: shown})}</button></div>
      </div>`}
      <form class="stack" onSubmit=${(event) => { event.preventDefault(); if (name.trim()) run(() => nameTrack(found, name.trim())); }}>
        <${NameInput} people=${people} value=${name} onInput=${setName} label=${t(shown ? "face.other_name" : "face.name")} />
        <p class="small muted">${t("face.name_text")}</p>
        <div class="row"><button class="button primary" type="submit" disabled=${!name.trim()}>${t("do.name")}</button>
          <a class="button" href=${shown ? link("timeline", {person: shown}) : link("timeline", {track: String(found.id)})}>${t("face.history")}</a></div>
      </form>`}<//>
    ${track.error?.code === "not_found" && html`<p class="small muted">${t("face.not_yet")}</p>`}
    ${face.similarity !== null && !track.data && html`<p class="small muted">${t("live.similarity", {value: score(face.similarity)})}</p>`}
  <//>`;
}
