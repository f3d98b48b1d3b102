// The calibration wizard: choose how many wrong names are bearable, measure on the site's strangers, see what it costs.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {score} from "../../lib/format.js";
import {getCalibration, resetCalibration, tryCalibration} from "../../lib/api.js";
import {useLoad} from "../../lib/use.js";
import {say} from "../../parts/toast.js";
import {Confirm} from "../../parts/dialog.js";
import {Failure, Field, Loaded, Note} from "../../parts/basics.js";
import {JobProgress} from "../../parts/job.js";
import {CalibrationResult} from "./calibration_result.js";

const BUDGETS = ["year", "month", "week", "day"];

export function Calibrate() {
  const load = useLoad((signal) => getCalibration(signal), []);
  const [ask, setAsk] = useState(false);
  return html`<${Loaded} load=${load}>${(now) => html`
    <section class="panel wizard"><h2>${t("calibrate.in_force")}</h2>
      <p>${t("calibrate.decided_by", {known: score(now.thresholds.known), margin: score(now.thresholds.margin)})} ${now.budget ? t("calibrate.budget_is", {budget: now.budget.text}) : t(`trust.basis_${now.basis}`)}</p>
      ${now.basis === "site" && html`<div><button class="button small" onClick=${() => setAsk(true)}>${t("calibrate.reset")}</button></div>`}
      ${!now.can_change && html`<${Note} kind="warn">${t("calibrate.cannot", {why: now.why_not})}<//>`}</section>
    ${now.can_change && html`<${Wizard} onUsed=${load.reload} />`}`}<//>
    ${ask && html`<${Confirm} title=${t("calibrate.reset_title")} text=${t("calibrate.reset_text")} doing=${t("calibrate.reset")} onClose=${() => setAsk(false)}
      onDo=${async () => { say((await resetCalibration()).applies); load.reload(); }} />`}`;
}

function Wizard({onUsed}) {
  const [form, setForm] = useState({per: "month", strangers_per_day: 50, sample_strangers: true, replay_days: 7});
  const [state, setState] = useState({result: null, error: null, job: null});
  const set = (change) => setForm((old) => ({...old, ...change}));
  const run = async (without = []) => {
    setState({result: null, error: null, job: {}});
    try {
      const result = await tryCalibration({...form, wrong_names: 1, without_tracks: without}, (job) => setState((old) => ({...old, job})));
      setState({result, error: null, job: null});
    } catch (error) {
      setState({result: null, error, job: null});
    }
  };
  const number = (name, least, most) => (id) => html`<input id=${id} class="input short" type="number" min=${least} max=${most} step="any" required value=${form[name]}
    onInput=${(event) => set({[name]: Number(event.target.value)})} />`;
  const {result, job, error} = state;
  return html`<form class="panel wizard" onSubmit=${(event) => { event.preventDefault(); run(); }}>
      <fieldset class="stack tight"><legend class="label-text">${t("calibrate.budget")}</legend>
        ${BUDGETS.map((per) => html`<label key=${per} class="check"><input type="radio" name="budget" value=${per} checked=${form.per === per} onChange=${() => set({per})} />
          <span>${t(`calibrate.${per}`)}<br /><span class="small muted">${t(`calibrate.${per}_help`)}</span></span></label>`)}</fieldset>
      <${Field} label=${t("calibrate.strangers")} help=${t("calibrate.strangers_help")}>${number("strangers_per_day", 0.01, 1e7)}<//>
      <label class="check"><input type="checkbox" checked=${form.sample_strangers} onChange=${(event) => set({sample_strangers: event.target.checked})} />
        <span>${t("calibrate.sample")}<br /><span class="small muted">${t("calibrate.sample_help")}</span></span></label>
      <${Field} label=${t("calibrate.replay_days")} help=${t("calibrate.replay_days_help")}>${number("replay_days", 0, 3660)}<//>
      <div class="row"><button class="button primary" type="submit" disabled=${job !== null}>${t("calibrate.do")}</button><span class="small muted">${t("replay.writes_nothing")}</span></div>
    </form>
    ${job && html`<${JobProgress} job=${job} />`}
    ${error && html`<${Failure} error=${error} />`}
    ${result && html`<${CalibrationResult} key=${result.job_id} result=${result} onAgain=${run} onUsed=${onUsed} />`}`;
}
