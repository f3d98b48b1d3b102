// What would have been decided with other thresholds: before and after, and nothing is written until it is applied.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {count} from "../../lib/format.js";
import {applyReplay, replay} from "../../lib/api.js";
import {done} from "../../lib/actions.js";
import {Confirm} from "../../parts/dialog.js";
import {Failure, Field} from "../../parts/basics.js";
import {JobProgress} from "../../parts/job.js";
import {Changes} from "./changes.js";

export function Replay() {
  const [known, setKnown] = useState("");
  const [margin, setMargin] = useState("");
  const [since, setSince] = useState("");
  const [state, setState] = useState({result: null, error: null, job: null});
  const options = () => ({
    known: known === "" ? undefined : Number(known), margin: margin === "" ? undefined : Number(margin),
    since: since ? new Date(`${since}T00:00`).toISOString() : undefined,
  });
  const run = async (event) => {
    event.preventDefault();
    setState({result: null, error: null, job: {}});
    try {
      setState({result: await replay(options(), (job) => setState((old) => ({...old, job}))), error: null, job: null});
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
    ${result && html`<${Result} key=${result.job_id} result=${result} onApplied=${() => setState({result: null, error: null, job: null})} />`}`;
}

function Result({result, onApplied}) {
  const [ask, setAsk] = useState(false);
  return html`<section class="panel" aria-live="polite">
    <h2>${t("replay.title", {count: result.changed_count, compared: count(result.compared)})}</h2>
    ${result.changed_count > 0 && html`<div class="row"><button type="button" class="button" onClick=${() => setAsk(true)}>${t("replay.apply")}</button><span class="small muted">${t("replay.apply_help")}</span></div>`}
    <${Changes} result=${result} />
    ${ask && html`<${Confirm} title=${t("replay.apply_title", {count: result.changed_count})} text=${t("replay.apply_text")} doing=${t("replay.apply")} onClose=${() => setAsk(false)}
      onDo=${async () => {
        const answer = await applyReplay(result.job_id);
        done(answer, t("replay.applied", {count: answer.tracks}));
        onApplied();
      }} />`}
  </section>`;
}
