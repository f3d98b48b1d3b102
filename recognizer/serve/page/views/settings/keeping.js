// What is kept, how long, and how much room it takes.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {bytes, count} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {getKeeping, saveKeeping} from "../../lib/api.js";
import {say} from "../../parts/toast.js";
import {Failure, Field, Loaded, Note} from "../../parts/basics.js";

const DAYS = ["known_days", "unknown_days", "crops_days"];

export function Keeping() {
  const load = useLoad((signal) => getKeeping(signal), []);
  return html`<${Loaded} load=${load}>${(keeping) => html`<div class="two-columns">
    <${Form} keeping=${keeping} onSaved=${load.reload} />
    <section class="panel"><h2>${t("keeping.storage")}</h2>
      ${keeping.storage.length === 0 ? html`<p class="muted">${t("keeping.no_storage")}</p>` : html`<dl class="facts">
        ${keeping.storage.map(({name, size, items}) => html`<dt key=${name}>${t(`keeping.store_${name}`)}</dt><dd>${size !== null ? bytes(size) : ""}${items !== null ? ` ${t("keeping.items", {count: count(items)})}` : ""}</dd>`)}</dl>`}
    </section></div>`}<//>`;
}

function Form({keeping, onSaved}) {
  const [form, setForm] = useState(keeping.history);
  const [error, setError] = useState(null);
  const save = async (event) => {
    event.preventDefault();
    setError(null);
    try {
      const answer = await saveKeeping(form);
      say(answer.applies);
      onSaved();
    } catch (problem) {
      setError(problem);
    }
  };
  return html`<form class="panel" onSubmit=${save}><h2>${t("keeping.title")}</h2>
    <label class="check"><input type="checkbox" checked=${form.enabled} onChange=${(event) => setForm({...form, enabled: event.target.checked})} />
      <span>${t("keeping.enabled")}<br /><span class="small muted">${t("keeping.enabled_help")}</span></span></label>
    <label class="check"><input type="checkbox" checked=${form.crops} onChange=${(event) => setForm({...form, crops: event.target.checked})} />
      <span>${t("keeping.crops")}<br /><span class="small muted">${t("keeping.crops_help")}</span></span></label>
    ${DAYS.map((name) => html`<${Field} key=${name} label=${t(`keeping.${name}`)}>${(id) => html`<input id=${id} class="input short" type="number" min="0" step="any" required value=${form[name]}
      onInput=${(event) => setForm({...form, [name]: Number(event.target.value)})} />`}<//>`)}
    <${Note}>${t("keeping.applies")}<//>
    ${error && html`<${Failure} error=${error} />`}
    <div><button class="button primary" type="submit">${t("do.save")}</button></div>
  </form>`;
}
