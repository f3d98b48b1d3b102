// Names one or several cards; says before what will change.
import {html, useEffect, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {date, places} from "../../lib/format.js";
import {enrolUnknown, nameUnknown} from "../../lib/api.js";
import {announce} from "../../lib/events.js";
import {done} from "../../lib/actions.js";
import {Dialog} from "../../parts/dialog.js";
import {Face, Failure} from "../../parts/basics.js";
import {JobProgress} from "../../parts/job.js";
import {NameInput, matching} from "../../parts/name_input.js";

export function NameDialog({chosen: cards, people, early = {current: null}, onClose, onDone}) {
  const [chosen] = useState(cards); // a card that is named leaves the list while its pictures are still enrolled
  const [name, setName] = useState("");
  useEffect(() => {
    setName(early.current ?? "");
    early.current = null;
  }, []);
  const [enrol, setEnrol] = useState(false);
  const [job, setJob] = useState(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const count = chosen.reduce((sum, item) => sum + item.count, 0);
  const [known] = matching(people, name);
  const send = async (given, {shiftKey: andEnrol = false} = {}) => {
    const text = given.trim();
    if (!text || busy) return;
    setBusy(true);
    setError(null);
    try {
      for (const item of chosen) done(await nameUnknown(item.id, text), t("unknown.did_name", {count: item.count, name: text}));
      if (enrol || andEnrol) await enrolAll(chosen, text, setJob);
      onDone();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const first = Math.min(...chosen.map((item) => Date.parse(item.first_at)));
  const last = Math.max(...chosen.map((item) => Date.parse(item.last_at)));
  const span = date(first) === date(last) ? date(first) : t("unknown.span", {first: date(first), last: date(last)});
  const where = places([...new Set(chosen.flatMap((item) => item.sources))]);
  return html`<${Dialog} title=${t("unknown.name_title", {count: chosen.length})} onClose=${onClose}>
    <div class="crops">${chosen.flatMap((item) => item.crops).slice(0, 5).map((crop, at) => html`<${Face} key=${at} src=${crop} alt=${t("unknown.picture", {n: at + 1})} />`)}</div>
    <form class="stack" onSubmit=${(event) => { event.preventDefault(); send(known?.name ?? name); }}>
      <div id="name-change" class="stack tight small">
        <p>${t("unknown.name_change", {count, span, where})}</p>
        <p class="muted">${name.trim() === "" ? t("unknown.name_hint") : known ? t("unknown.name_known", {name: known.name}) : t("unknown.name_new", {name: name.trim()})}</p>
      </div>
      <${NameInput} people=${people} value=${name} onInput=${setName} onChoose=${send} label=${t("unknown.name_label")} autofocus describedby="name-change" />
      <label class="check"><input type="checkbox" checked=${enrol} onChange=${(event) => setEnrol(event.target.checked)} />
        <span>${t("unknown.enrol")} <kbd class="only-wide" aria-hidden="true">⇧ ↵</kbd><br /><span class="small muted">${t("unknown.enrol_help")}</span></span></label>
      ${job && html`<${JobProgress} job=${job} />`}
      ${error && html`<${Failure} error=${error} />`}
      <div class="dialog-foot"><button type="button" class="button" onClick=${onClose}>${t("do.cancel")}</button>
        <button type="submit" class="button primary" disabled=${busy || !name.trim()}>${t("do.name")}<kbd class="only-wide" aria-hidden="true">↵</kbd></button></div>
    </form>
  <//>`;
}

async function enrolAll(items, name, onProgress) {
  for (const item of items) {
    const {action_id, accepted} = await enrolUnknown(item.id, onProgress);
    done({action_id}, t(accepted.length ? "unknown.did_enrol" : "unknown.none_enrolled", {count: accepted.length, name}));
  }
  announce({kind: "people_changed"});
}
