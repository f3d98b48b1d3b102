// One person: photos with their quality, consent, and what can be done with the record.
import {html, useState} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {date} from "../../lib/format.js";
import {useEvents, useLoad} from "../../lib/use.js";
import {getPerson, removePhoto} from "../../lib/api.js";
import {announce} from "../../lib/events.js";
import {Confirm} from "../../parts/dialog.js";
import {Empty, Face, Loaded, Note, ViewHead} from "../../parts/basics.js";
import {Icon} from "../../parts/icon.js";
import {AddPhotos} from "./add_photos.js";
import {ConsentDialog, DeleteDialog, EndConsentDialog, HideDialog, MergeDialog, RenameDialog} from "./person_dialogs.js";

const DIALOGS = {rename: RenameDialog, merge: MergeDialog, hide: HideDialog, consent: ConsentDialog, end: EndConsentDialog, delete: DeleteDialog};
const ACTIONS = ["rename", "merge", "hide", "delete"];

export function Person({id, people}) {
  const load = useLoad((signal) => getPerson(id, signal), [id]);
  useEvents((event) => event.kind === "people_changed" && load.reload());
  const [ask, setAsk] = useState(null);
  const person = load.data;
  const Shown = DIALOGS[ask];
  return html`<${ViewHead} title=${person?.name ?? id} lead=${person && [t("person.lead", {count: person.photos.length}), person.hidden && t("people.hidden")].filter(Boolean).join(" · ")}>
      <a class="button" href=${link("people")}><${Icon} name="back" />${t("person.all")}</a>
      ${person && html`<a class="button" href=${link("timeline", {person: person.name})}><${Icon} name="clock" />${t("person.timeline")}</a>
        <button class="button primary" onClick=${() => setAsk("add")}><${Icon} name="plus" />${t("person.add_photos")}</button>`}
    <//>
    <${Loaded} load=${load}>${() => html`<div class="person-columns">
      <${Photos} person=${person} onChanged=${load.reload} onAdd=${() => setAsk("add")} />
      <div class="stack">
        <${Consent} person=${person} onAsk=${setAsk} />
        <section class="panel"><h2>${t("person.record")}</h2>
          <div class="stack">${ACTIONS.map((action) => html`<div key=${action} class="row still apart action-line">
            <span class="small muted">${t(action === "hide" && person.hidden ? "person.show_short" : `person.${action}_short`)}</span>
            <button class="button small ${action === "delete" ? "danger" : ""}" onClick=${() => setAsk(action)}>
              ${t(action === "hide" && person.hidden ? "person.show" : `person.${action}`)}</button></div>`)}</div>
        </section>
      </div>
    </div>`}<//>
    ${ask === "add" && html`<${AddPhotos} person=${person} people=${people} onClose=${() => { setAsk(null); load.reload(); }} />`}
    ${Shown && html`<${Shown} person=${person} people=${people} onClose=${() => setAsk(null)} onChanged=${load.reload} />`}`;
}

function Photos({person, onChanged, onAdd}) {
  const [out, setOut] = useState(null);
  const few = person.photos.length === 1;
  return html`<section class="panel"><h2>${t("person.photos")}</h2>
    ${person.photos.length === 0 && html`<${Empty} level=${3} icon="camera" title=${t("person.no_photos_title")} text=${t("person.no_photos_text")}>
      <button class="button primary" onClick=${onAdd}>${t("person.add_photos")}</button><//>`}
    ${few && html`<${Note} kind="warn">${t("person.one_photo")}<//>`}
    <ul class="photos">${person.photos.map((photo) => html`<li key=${photo.id} class="photo">
      <${Face} src=${photo.url} alt=${t("person.photo_alt", {name: photo.name})} />
      <div class="row still apart"><span class="small clip" title=${photo.name}>${photo.name}</span>
        <button class="button quiet small only-icon" aria-label=${t("person.remove_photo", {name: photo.name})} onClick=${() => setOut(photo)}><${Icon} name="trash" /></button></div>
      ${photo.quality && html`<span class="small muted">${figures(photo.quality)}</span>`}
      ${photo.warnings.length > 0 ? html`<ul class="stack tight">${photo.warnings.map((text) => html`<li key=${text} class="small warn-text wrap"><${Icon} name="warn" />${text}</li>`)}</ul>`
        : photo.counts ? html`<span class="small good-text"><${Icon} name="good" />${t("person.photo_good")}</span>` : ""}
    </li>`)}</ul>
    ${out && html`<${Confirm} danger title=${t("person.remove_photo_title")} text=${t("person.remove_photo_text")} doing=${t("do.delete")} onClose=${() => setOut(null)}
      onDo=${async () => { await removePhoto(person.id, out.id); announce({kind: "people_changed"}); onChanged(); }} />`}
  </section>`;
}

function figures({eyes_px, sharpness, yaw_deg, roll_deg}) {
  const [eyes, sharp, turned, tilted] = [eyes_px, sharpness, Math.abs(yaw_deg), Math.abs(roll_deg)].map(Math.round);
  return [t("person.eyes", {n: eyes}), t("person.sharpness", {n: sharp}), t("person.turned", {n: turned}), t("person.tilted", {n: tilted})].join(" · ");
}

function Consent({person, onAsk}) {
  const {consent, withheld} = person;
  const kind = withheld ? "bad" : consent ? "good" : "";
  return html`<section class="panel"><h2>${t("consent.title")}</h2>
    <div class="row"><span class="chip ${kind}"><span class="dot ${kind}"></span>${t(withheld ? "consent.ended" : consent ? "consent.given" : "consent.none")}</span></div>
    ${withheld && html`<${Note} kind="warn">${t("consent.withheld", {why: withheld})}<//>`}
    ${consent ? html`<dl class="facts">
        <dt>${t("consent.since")}</dt><dd>${date(consent.given)}</dd>
        <dt>${t("consent.until")}</dt><dd>${consent.until ? date(consent.until) : t("consent.open_end")}</dd>
        ${consent.by && html`<dt>${t("consent.by")}</dt><dd>${consent.by}</dd>`}
        ${consent.withdrawn && html`<dt>${t("consent.withdrawn")}</dt><dd>${date(consent.withdrawn)}</dd>`}
      </dl>` : html`<p class="small muted">${t("consent.none_text")}</p>`}
    <div class="row"><button class="button small" onClick=${() => onAsk("consent")}>${t("consent.note")}</button>
      ${consent && !consent.withdrawn && html`<button class="button small danger" onClick=${() => onAsk("end")}>${t("consent.withdraw")}</button>`}</div>
  </section>`;
}
