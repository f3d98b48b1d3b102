// People: who is enrolled, with which photos; add, compare, correct.
import {html, useState} from "../../lib/ui.js";
import {go, link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {useEvents, useLoad} from "../../lib/use.js";
import {listPeople} from "../../lib/api.js";
import {Empty, Loaded, Tabs, ViewHead} from "../../parts/basics.js";
import {Icon} from "../../parts/icon.js";
import {AddPhotos} from "./add_photos.js";
import {Thumb} from "./thumb.js";
import {Alike} from "./alike.js";
import {Person} from "./person.js";

export function People({route}) {
  const load = useLoad((signal) => listPeople(signal), []);
  useEvents((event) => event.kind === "people_changed" && load.reload());
  const [text, setText] = useState("");
  const [withHidden, setWithHidden] = useState(false);
  const id = route.rest[0];
  const isAdding = route.query.get("add");
  if (id) return html`<${Person} key=${id} id=${id} people=${load.data ?? []} />`;
  const tab = route.query.get("tab") === "alike" ? "alike" : "all";
  const listed = (load.data ?? []).filter(({hidden}) => withHidden || !hidden);
  const hiddenCount = (load.data ?? []).filter(({hidden}) => hidden).length;
  const shown = listed.filter(({name}) => name.toLowerCase().includes(text.trim().toLowerCase()));
  return html`<${ViewHead} title=${t("people.title")} lead=${t("people.lead")}>
      <a class="button primary" href=${link("people", {add: "1"})}><${Icon} name="plus" />${t("people.add")}</a>
    <//>
    <${Tabs} label=${t("people.title")} current=${tab} tabs=${[["all", t("people.all"), link("people")], ["alike", t("people.alike"), link("people", {tab: "alike"})]]} />
    ${tab === "alike" ? html`<${Alike} people=${load.data ?? []} />` : html`<${Loaded} load=${load}>${(people) => people.length === 0
      ? html`<div class="card"><${Empty} icon="people" title=${t("people.none_title")} text=${t("people.none_text")}>
          <a class="button primary" href=${link("people", {add: "1"})}>${t("people.add")}</a>
          <a class="button" href=${link("unknown")}>${t("people.from_sightings")}</a><//></div>`
      : html`<div class="stack">
          <div class="row apart"><input class="input search" type="search" placeholder=${t("people.find")} aria-label=${t("people.find")} value=${text}
            onInput=${(event) => setText(event.target.value)} /><span class="row">
            ${hiddenCount > 0 && html`<label class="check small"><input type="checkbox" checked=${withHidden} onChange=${(event) => setWithHidden(event.target.checked)} /><span>${t("people.with_hidden", {count: hiddenCount})}</span></label>`}
            <span class="small muted">${t("people.count", {count: listed.length})}</span></span></div>
          ${shown.length === 0 ? html`<p class="muted" role="status">${text ? t("people.no_match", {text}) : t("people.all_hidden")}</p>`
            : html`<ul class="people">${shown.map((person) => html`<${PersonCard} key=${person.id} person=${person} />`)}</ul>`}
        </div>`}<//>`}
    ${isAdding && html`<${AddPhotos} people=${load.data ?? []} onClose=${() => go("people")} />`}`;
}

function PersonCard({person}) {
  return html`<li><a class="person card" href=${link("people", person.id)}>
    <${Thumb} id=${person.id} />
    <span class="stack tight person-text">
      <strong class="clip" title=${person.name}>${person.name}</strong>
      <span class="small muted">${t("people.photos", {count: person.photos})}</span>
      ${(person.hidden || person.warnings > 0 || person.withheld) && html`<span class="row tight">
        ${person.warnings > 0 && html`<span class="chip warn">${t("people.warnings", {count: person.warnings})}</span>`}
        ${person.withheld && html`<span class="chip bad">${t("people.consent_ended")}</span>`}
        ${person.hidden && html`<span class="chip">${t("people.hidden")}</span>`}</span>`}
    </span>
  </a></li>`;
}
