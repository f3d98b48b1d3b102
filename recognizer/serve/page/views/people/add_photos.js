// Adds photos of a person: uploaded, or taken with a webcam. Each photo's fate is said, with the reason.
import {html, useState} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {addPhotos, giveConsent} from "../../lib/api.js";
import {announce} from "../../lib/events.js";
import {Dialog} from "../../parts/dialog.js";
import {DropZone, LocalPicture} from "../../parts/drop_zone.js";
import {Failure, Segments} from "../../parts/basics.js";
import {JobProgress} from "../../parts/job.js";
import {NameInput} from "../../parts/name_input.js";
import {Icon} from "../../parts/icon.js";
import {Outcome} from "./outcome.js";
import {Webcam} from "./webcam.js";

/** @param person the person to add to; without one, a name must be given. */
export function AddPhotos({person = null, people, onClose}) {
  const [name, setName] = useState(person?.name ?? "");
  const [way, setWay] = useState("upload");
  const [files, setFiles] = useState([]);
  const [consent, setConsent] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const [outcome, setOutcome] = useState(null);
  const [made, setMade] = useState(null);
  const [job, setJob] = useState(null);
  const given = name.trim();
  const canSend = given && files.length > 0 && (person || made || consent) && !busy;
  const send = async (photos = files, boxes = null) => {
    setBusy(true);
    setError(null);
    try {
      const result = await addPhotos(person ?? made, given, photos, {boxes, onProgress: setJob});
      if (result.person_id && !person) {
        setMade({id: result.person_id});
        if (!made) await giveConsent(result.person_id, {by: t("add.noted_by")});
      }
      setOutcome(result);
      if (result.accepted) announce({kind: "people_changed"});
    } catch (problem) {
      setError(problem);
    }
    setJob(null);
    setBusy(false);
  };
  const choose = (index, box) => {
    const file = files[index];
    setFiles([file]);
    send([file], [box]);
  };
  const more = () => {
    setOutcome(null);
    setFiles([]);
  };
  if (outcome) {
    return html`<${Outcome} name=${given} files=${files} outcome=${outcome} onChoose=${choose} onMore=${more} onClose=${onClose} />`;
  }
  return html`<${Dialog} title=${person ? t("add.title_more", {name: person.name}) : t("add.title")} onClose=${onClose} wide>
    ${!person && html`<${NameInput} people=${people} value=${name} onInput=${setName} label=${t("add.name")} autofocus />`}
    <div class="stack">
      <div class="row apart"><span class="label-text">${t("add.photos")}</span>
        <${Segments} label=${t("add.way")} value=${way} onChange=${setWay} choices=${[["upload", t("add.upload")], ["webcam", t("add.webcam")]]} /></div>
      ${way === "upload" ? html`<${DropZone} title=${t("add.drop")} help=${t("add.good_photos")} multiple onFiles=${(more) => setFiles((old) => [...old, ...more].slice(0, 50))} />`
        : html`<${Webcam} onPicture=${(file) => setFiles((old) => [...old, file])} />`}
      ${files.length > 0 && html`<ul class="strip">${files.map((file, at) => html`<li key=${`${file.name} ${at}`}>
        <${LocalPicture} file=${file} alt=${file.name} />
        <button class="button small only-icon" aria-label=${t("add.take_out", {name: file.name})} onClick=${() => setFiles(files.filter((_, other) => other !== at))}><${Icon} name="close" /></button>
      </li>`)}</ul>`}
    </div>
    ${!person && html`<label class="check"><input type="checkbox" checked=${consent} onChange=${(event) => setConsent(event.target.checked)} />
      <span>${t("add.consent")}<br /><span class="small muted">${t("add.consent_help")}</span></span></label>`}
    ${!person && html`<p class="small muted">${t("add.or_sightings")} <a href=${link("unknown")}>${t("add.sightings_link")}</a></p>`}
    ${job && html`<${JobProgress} job=${job} />`}
    ${error && html`<${Failure} error=${error} />`}
    <div class="dialog-foot"><button class="button" onClick=${onClose}>${t("do.cancel")}</button>
      <button class="button primary" disabled=${!canSend} onClick=${() => send()}>${busy ? t("add.busy") : files.length ? t("add.do", {count: files.length}) : t("add.do_none")}</button></div>
  <//>`;
}
