// What would have been decided with other thresholds: before and after, and nothing is written until it is applied.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {when} from "../../lib/format.js";
import {applyReplay, replay} from "../../lib/api.js";
import {done} from "../../lib/actions.js";
import {Confirm} from "../../parts/dialog.js";
import {Empty, Face, Failure, Field, Note} from "../../parts/basics.js";
import {JobProgress} from "../../parts/job.js";

export function Replay() {
  const [known, setKnown] = useState("");
  const [margin, setMargin] = useState("");
  const [since, setSince] = useState("");
  const [state, setState] = useState({result: null, error: null, job: null});
  const [ask, setAsk] = useState(false);
  const wishes = () => ({
    known: known === "" ? undefined : Number(known), margin: margin === "" ? undefined : Number(margin),
    since: since ? new Date(`${since}T00:00`).toISOString() : undefined,
  });
  const run = async (event) => {
    event.preventDefault();
    setState({result: null, error: null, job: {}});
    try {
      setState({result: await replay(wishes(), (job) => setState((old) => ({...old, job}))), error: null, job: null});
    } catch (error) {
      setState({result: null, error, job: null});
    }
  };
  const number = (value, set) => (id) => html`<input id=${id} class="input" type="number" min="-1" max="1" step="0.01" value=${value} placeholder=${t("replay.as_now")}
    onInput=${(event) => set(event.target.value)} />`;
  const {result} = state;
  return html`<form class="panel" onSubmit=${run}>
      <div class="fields"><${Field} label=${t("trust.known")} help=${t("replay.known_help")}>${number(known, setKnown)}<//>
        <${Field} label=${t("trust.margin")} help=${t("replay.margin_help")}>${number(margin, setMargin)}<//>
        <${Field} label=${t("replay.since")} help=${t("replay.since_help")}>${(id) => html`<input id=${id} class="input" type="date" value=${since} onChange=${(event) => setSince(event.target.value)} />`}<//></div>
      <div class="row"><button class="button primary" type="submit" disabled=${state.job !== null}>${t("replay.do")}</button>
        <span class="small muted">${t("replay.writes_nothing")}</span></div>
    </form>
    ${state.job && html`<${JobProgress} job=${state.job} />`}
    ${state.error && html`<${Failure} error=${state.error} />`}
    ${result && html`<section class="panel" aria-live="polite">
      <div class="row apart"><h2>${t("replay.title", {count: result.changed.length})}</h2>
        ${result.changed.length > 0 && result.can_apply && html`<button class="button" onClick=${() => setAsk(true)}>${t("replay.apply")}</button>`}</div>
      <p>${t("replay.summary", {gained: result.new_names, lost: result.lost_names, tracks: result.tracks})}</p>
      ${result.warnings.map((text) => html`<${Note} key=${text} kind="warn">${text}<//>`)}
      ${result.changed.length === 0 ? html`<${Empty} level=${3} icon="good" title=${t("replay.same_title")} text=${t("replay.same_text")} />`
        : html`<ul class="changes">${result.changed.map((change) => html`<li key=${change.track_id} class="change"><${Face} src=${change.crop} alt="" />
          <div class="stack tight"><span><s class="muted">${change.was ?? t("status.unknown")}</s> → <strong>${change.now ?? t("status.unknown")}</strong></span>
            ${change.began_at && html`<span class="small muted">${when(change.began_at)} · ${change.source}</span>`}</div></li>`)}</ul>`}
    </section>`}
    ${ask && html`<${Confirm} title=${t("replay.apply_title", {count: result.changed.length})} text=${t("replay.apply_text")} doing=${t("replay.apply")} onClose=${() => setAsk(false)}
      onDo=${async () => { done(await applyReplay(wishes())); setState({result: null, error: null, job: null}); }} />`}`;
}
