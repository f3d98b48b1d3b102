// A face that was chosen: what is known of it, name it, reject its name, or see its history.
import {html, useState} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {score} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {getTrack, nameTrack, rejectTrack, savedTrack} from "../../lib/api.js";
import {done, whenSaved} from "../../lib/actions.js";
import {say} from "../../parts/toast.js";
import {Dialog} from "../../parts/dialog.js";
import {Face, Failure, Loaded, Note} from "../../parts/basics.js";
import {NameInput} from "../../parts/name_input.js";
import {TrackFacts} from "../timeline/track_facts.js";

/**
 * @param id of a track of the history; or else
 * @param face who is before a camera now, and `source`, the camera.
 */
export function FaceDialog({id = null, face = null, source = null, people, onClose}) {
  const [name, setName] = useState("");
  const [error, setError] = useState(null);
  const find = async (signal) => id ?? savedTrack(source.id, face.track_id, signal);
  const track = useLoad(async (signal) => {
    const saved = await find(signal);
    return saved === null ? null : getTrack(saved, signal);
  }, [id, face?.track_id], {every: id === null ? 2000 : 0});
  const shown = face?.name ?? track.data?.name ?? null;
  const later = (action, text) => {
    whenSaved(find, action, text);
    say(t("face.later"));
    onClose();
  };
  const run = async (action, text) => {
    if (!track.data) return later(action, text);
    setError(null);
    try {
      done(await action(track.data), text);
      return onClose();
    } catch (problem) {
      return problem.code === "no_card" ? later(action, text) : setError(problem);
    }
  };
  const sendName = (given) => given.trim() && run((found) => nameTrack(found, given.trim()), t("face.named", {name: given.trim()}));
  return html`<${Dialog} title=${shown ?? t(track.loading ? "live.this_face" : "status.unknown")} onClose=${onClose}>
    ${error && html`<${Failure} error=${error} />`}
    <${Loaded} load=${track}>${(found) => html`
      ${found ? html`<div class="face-head"><${Face} src=${found.crops[0]} alt=${shown ?? t("status.unknown")} big /><${TrackFacts} track=${found} /></div>`
        : html`<${Note}>${face?.similarity ? `${t("live.similarity", {value: score(face.similarity)})}. ` : ""}${t("face.not_yet")}<//>`}
      ${shown ? html`<p class="small muted">${t("face.reject_text", {name: shown})}</p>` : html`<form class="stack" onSubmit=${(event) => { event.preventDefault(); sendName(name); }}>
          <${NameInput} people=${people} value=${name} onInput=${setName} onChoose=${sendName} label=${t("face.name")} autofocus />
          <p class="small muted">${t("face.name_text")}</p></form>`}
      <div class="dialog-foot">
        <a class="button" href=${shown ? link("timeline", "days", {person: shown}) : link("unknown")} onClick=${onClose}>${t(shown ? "face.history" : "face.card")}</a>
        ${shown ? html`<button class="button danger" onClick=${() => run((known) => rejectTrack(known.id), t("face.rejected", {name: shown}))}>${t("face.reject", {name: shown})}</button>`
          : html`<button class="button primary" disabled=${!name.trim()} onClick=${() => sendName(name)}>${t("do.name")}</button>`}
      </div>`}<//>
  <//>`;
}
