// What can be done with a person's record; each says what it means before it is done.
import {html, useState} from "../../lib/ui.js";
import {go} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {names} from "../../lib/format.js";
import {deletePerson, endConsent, giveConsent, mergePeople, patchPerson} from "../../lib/api.js";
import {done} from "../../lib/actions.js";
import {announce} from "../../lib/events.js";
import {say} from "../../parts/toast.js";
import {Confirm} from "../../parts/dialog.js";
import {Field} from "../../parts/basics.js";
import {NameInput} from "../../parts/name_input.js";

const changed = (text) => {
  say(text);
  announce({kind: "people_changed"});
};

export function RenameDialog({person, onClose}) {
  const [name, setName] = useState(person.name);
  return html`<${Confirm} title=${t("person.rename_title", {name: person.name})} text=${t("person.rename_text")} doing=${t("person.rename")} onClose=${onClose}
      onDo=${async () => {
        const now = await patchPerson(person.id, {name: name.trim()});
        changed(t("person.renamed", {name: name.trim()}));
        go("people", now.id);
      }}>
    <${Field} label=${t("person.new_name")}>${(id) => html`<input id=${id} class="input" maxlength="255" value=${name} onInput=${(event) => setName(event.target.value)} />`}<//>
  <//>`;
}

export function MergeDialog({person, people, onClose}) {
  const [name, setName] = useState("");
  const others = people.filter(({id}) => id !== person.id);
  const target = others.find((other) => other.name.toLowerCase() === name.trim().toLowerCase());
  return html`<${Confirm} title=${t("person.merge_title", {name: person.name})} text=${t("person.merge_text", {name: person.name, target: target?.name ?? "…"})}
      doing=${t("person.merge")} onClose=${onClose} onDo=${async () => {
        if (!target) throw new Error(t("person.merge_whom"));
        done(await mergePeople(person.id, target.id), t("person.merged", {name: person.name, target: target.name}));
        announce({kind: "people_changed"});
        go("people", target.id);
      }}>
    <${NameInput} people=${others} value=${name} onInput=${setName} label=${t("person.merge_into")} />
  <//>`;
}

export function HideDialog({person, onClose, onChanged}) {
  const key = person.hidden ? "show" : "hide";
  return html`<${Confirm} title=${t(`person.${key}_title`, {name: person.name})} text=${t(`person.${key}_text`)} doing=${t(`person.${key}`)} onClose=${onClose}
    onDo=${async () => {
      await patchPerson(person.id, {hidden: !person.hidden});
      changed(t(`person.did_${key}`, {name: person.name}));
      onChanged();
    }} />`;
}

export function DeleteDialog({person, onClose}) {
  const [forget, setForget] = useState(false);
  return html`<${Confirm} danger title=${t("person.delete_title", {name: person.name})} text=${t("person.delete_text", {count: person.photos.length})}
      doing=${t("do.delete")} onClose=${onClose} onDo=${async () => {
        const gone = await deletePerson(person.id, {forget});
        changed(gone ? t("person.forgotten", {name: person.name, count: gone.tracks_deleted}) : t("person.deleted", {name: person.name}));
        announce({kind: "history_changed"});
        const backups = (gone?.backups ?? []).filter(({found}) => found).map(({path}) => path);
        if (backups.length) say(t("person.in_backups", {files: names(backups)}), {bad: true});
        go("people");
      }}>
    <label class="check"><input type="checkbox" checked=${forget} onChange=${(event) => setForget(event.target.checked)} />
      <span>${t("person.delete_history")}<br /><span class="small muted">${t("person.delete_history_help")}</span></span></label>
    ${!forget && html`<p class="small muted">${t("person.history_stays")}</p>`}
  <//>`;
}

export function ConsentDialog({person, onClose, onChanged}) {
  const [until, setUntil] = useState("");
  const [by, setBy] = useState("");
  const input = (type, value, set) => (id) => html`<input id=${id} class="input" type=${type} maxlength="200" value=${value} onInput=${(event) => set(event.target.value)} />`;
  return html`<${Confirm} title=${t("consent.dialog_title", {name: person.name})} text=${t("consent.dialog_text")} doing=${t("do.save")} onClose=${onClose}
      onDo=${async () => {
        await giveConsent(person.id, {until: until || null, by: by.trim() || null});
        changed(t("consent.saved"));
        onChanged();
      }}>
    <${Field} label=${t("consent.until")} help=${t("consent.until_help")}>${input("date", until, setUntil)}<//>
    <${Field} label=${t("consent.by")} help=${t("consent.by_help")}>${input("text", by, setBy)}<//>
  <//>`;
}

export function EndConsentDialog({person, onClose, onChanged}) {
  return html`<${Confirm} danger title=${t("consent.end_title", {name: person.name})} text=${t("consent.ends_help")} doing=${t("consent.withdraw")} onClose=${onClose}
    onDo=${async () => {
      await endConsent(person.id);
      changed(t("consent.saved"));
      onChanged();
    }} />`;
}
