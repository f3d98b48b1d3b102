// What would have been decided with other thresholds: before and after, and nothing is written until it is applied.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {count, place, score, when} from "../../lib/format.js";
import {cropUrl, replay} from "../../lib/api.js";
import {Empty, Face, Failure, Field, Note} from "../../parts/basics.js";
import {JobProgress} from "../../parts/job.js";

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
    ${result && html`<${Result} result=${result} />`}`;
}

function Result({result}) {
  const counted = (given) => Object.entries(given).map(([name, tracks]) => `${name} ${tracks}`).join(", ") || "0";
  const {other_model: other, without_moments: old} = result.not_comparable;
  return html`<section class="panel" aria-live="polite">
    <h2>${t("replay.title", {count: result.changed_count, compared: count(result.compared)})}</h2>
    ${result.compared === 0 && html`<${Note} kind="warn">${t("replay.nothing_compared")}<//>`}
    ${other + old > 0 && html`<${Note}>${t("replay.not_comparable", {count: other + old})}<//>`}
    ${result.changed.length === 0 ? result.compared > 0 && html`<${Empty} level=${3} icon="good" title=${t("replay.same_title")} text=${t("replay.same_text")} />`
      : html`<dl class="facts"><dt>${t("replay.won")}</dt><dd>${counted(result.new_names)}</dd><dt>${t("replay.lost")}</dt><dd>${counted(result.lost_names)}</dd></dl>
        <ul class="changes">${result.changed.map((change) => html`<li key=${change.track} class="change"><${Face} src=${cropUrl(change.track)} alt="" />
          <div class="stack tight"><span><s class="muted">${change.was ?? t("status.unknown")}</s> → <strong>${change.now ?? t("status.unknown")}</strong></span>
            <span class="small muted">${when(change.began)} · ${place(change.source)} · ${score(change.similarity)}</span></div></li>`)}</ul>`}
  </section>`;
}
