// What gets events: webhooks and the MQTT broker, each with a test message.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {names} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {addWebhook, listTargets, removeTarget, testTarget} from "../../lib/api.js";
import {say} from "../../parts/toast.js";
import {Confirm} from "../../parts/dialog.js";
import {Empty, Failure, Field, Loaded, Note} from "../../parts/basics.js";
import {Secret} from "../../parts/secret.js";

const KINDS = ["appeared", "recognised", "changed", "lost", "source_lost", "source_back", "alert"];

export function Targets() {
  const load = useLoad((signal) => listTargets(signal), []);
  const [out, setOut] = useState(null);
  return html`<${Loaded} load=${load}>${({targets, can_change: canChange}) => html`<div class="two-columns">
      ${targets.length === 0 ? html`<div class="card"><${Empty} icon="send" title=${t("targets.none_title")} text=${t("targets.none_text")} /></div>`
        : html`<section class="panel"><h2>${t("targets.title")}</h2><ul class="lines">${targets.map((target) => html`<${Target} key=${target.id} target=${target} onRemove=${() => setOut(target)} />`)}</ul></section>`}
      ${canChange ? html`<${NewWebhook} onAdded=${load.reload} />` : html`<${Note}>${t("targets.no_file")}<//>`}</div>`}<//>
    ${out && html`<${Confirm} danger title=${t("targets.remove_title", {address: out.address})} text=${t("targets.remove_text")} doing=${t("targets.remove")} onClose=${() => setOut(null)}
      onDo=${async () => { say((await removeTarget(out.id)).applies); load.reload(); }} />`}`;
}

function Target({target, onRemove}) {
  const [test, setTest] = useState({busy: false, result: null, error: null});
  const send = async () => {
    setTest({busy: true, result: null, error: null});
    try {
      setTest({busy: false, result: await testTarget(target.id), error: null});
    } catch (error) {
      setTest({busy: false, result: null, error});
    }
  };
  const facts = [
    target.kinds.length ? names(target.kinds.map((kind) => t(`targets.${kind}`))) : t(target.kind === "notify" ? "targets.by_rules" : "targets.all_kinds"),
    target.has_secret && t(`targets.${target.kind}_secret`), target.private_hosts.length > 0 && t("targets.reaches", {hosts: names(target.private_hosts)}),
  ].filter(Boolean);
  return html`<li class="stack tight"><div class="camera-line">
      <div class="grow"><strong class="wrap">${target.address}</strong> <span class="chip">${t(`targets.${target.kind}`)}</span><div class="small muted wrap">${facts.join(" · ")}</div></div>
      <div class="row tight"><button class="button small" disabled=${test.busy} onClick=${send}>${t(test.busy ? "targets.testing" : "targets.test")}</button>
        ${target.can_remove && html`<button class="button small danger" onClick=${onRemove}>${t("targets.remove")}</button>`}</div></div>
    <div role="status">${test.result && html`<${Note} kind=${test.result.delivered ? "good" : "warn"}>${test.result.message}<//>`}</div>
    ${test.error && html`<${Failure} error=${test.error} />`}</li>`;
}

function NewWebhook({onAdded}) {
  const [form, setForm] = useState({address: "", kinds: ["recognised"], allow_private: false});
  const [state, setState] = useState({made: null, error: null, busy: false});
  const toggle = (kind) => setForm((old) => ({...old, kinds: old.kinds.includes(kind) ? old.kinds.filter((each) => each !== kind) : [...old.kinds, kind]}));
  const send = async (event) => {
    event.preventDefault();
    setState({made: null, error: null, busy: true});
    try {
      const made = await addWebhook({...form, address: form.address.trim()});
      setState({made, error: null, busy: false});
      setForm((old) => ({...old, address: ""}));
      say(made.applies);
      onAdded();
    } catch (error) {
      setState({made: null, error, busy: false});
    }
  };
  return html`<form class="panel" onSubmit=${send}><h2>${t("targets.new")}</h2>
    <${Field} label=${t("targets.address")} help=${t("targets.address_help")}>${(id) => html`<input id=${id} class="input" type="url" required maxlength="1000" autocomplete="off" spellcheck=${false}
      placeholder="https://" value=${form.address} onInput=${(event) => setForm({...form, address: event.target.value})} />`}<//>
    <fieldset class="stack tight"><legend class="label-text">${t("targets.kinds")}</legend>
      ${KINDS.map((kind) => html`<label key=${kind} class="check"><input type="checkbox" checked=${form.kinds.includes(kind)} onChange=${() => toggle(kind)} /><span>${t(`targets.${kind}`)}</span></label>`)}
      <span class="small muted">${t("targets.kinds_help")}</span></fieldset>
    <label class="check"><input type="checkbox" checked=${form.allow_private} onChange=${(event) => setForm({...form, allow_private: event.target.checked})} />
      <span>${t("targets.private")}<br /><span class="small muted">${t("targets.private_help")}</span></span></label>
    ${state.error && html`<${Failure} error=${state.error} />`}
    <${Note}>${t("targets.applies")}<//>
    <div><button class="button primary" type="submit" disabled=${state.busy}>${t("targets.add")}</button></div>
    ${state.made && html`<${Secret} title=${t("targets.shown_once")} value=${state.made.secret} />`}
  </form>`;
}
