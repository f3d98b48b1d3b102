// The calibration wizard: choose how many wrong names are bearable, measure on strangers, see what it costs.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {score} from "../../lib/format.js";
import {calibrate, useCalibration} from "../../lib/api.js";
import {offers, useDescribed} from "../../lib/offers.js";
import {say, sayError} from "../../parts/toast.js";
import {Confirm} from "../../parts/dialog.js";
import {Empty, Failure, Field, Loading, Note} from "../../parts/basics.js";
import {JobProgress} from "../../parts/job.js";

const BUDGETS = [["1/month", "month"], ["1/week", "week"], ["1/day", "day"]];

export function Calibrate() {
  const service = useDescribed();
  if (!service) return html`<${Loading} />`;
  if (offers(service, "POST", "/v1/calibrations")) return html`<${Wizard} />`;
  return html`<div class="card"><${Empty} icon="trust" title=${t("errors.not_available_title")} text=${t("calibrate.on_command_line")}>
    <code class="command wrap">python main.py calibrate --budget "1 wrong name per week" --strangers-per-day 50</code><//></div>`;
}

function Wizard() {
  const [budget, setBudget] = useState("1/week");
  const [strangers, setStrangers] = useState(50);
  const [state, setState] = useState({result: null, error: null, job: null});
  const [ask, setAsk] = useState(false);
  const run = async (event) => {
    event.preventDefault();
    setState({result: null, error: null, job: {}});
    try {
      const result = await calibrate({budget, strangers_per_day: Number(strangers)}, (job) => setState((old) => ({...old, job})));
      setState({result, error: null, job: null});
    } catch (error) {
      setState({result: null, error, job: null});
    }
  };
  const {result} = state;
  return html`<form class="panel wizard" onSubmit=${run}>
      <fieldset class="stack tight"><legend class="label-text">${t("calibrate.budget")}</legend>
        ${BUDGETS.map(([value, key]) => html`<label key=${value} class="check"><input type="radio" name="budget" value=${value} checked=${budget === value} onChange=${() => setBudget(value)} />
          <span>${t(`calibrate.${key}`)}<br /><span class="small muted">${t(`calibrate.${key}_help`)}</span></span></label>`)}</fieldset>
      <${Field} label=${t("calibrate.strangers")} help=${t("calibrate.strangers_help")}>${(id) => html`<input id=${id} class="input" type="number" min="1" max="100000" required value=${strangers}
        onInput=${(event) => setStrangers(event.target.value)} />`}<//>
      <div><button class="button primary" type="submit" disabled=${state.job !== null}>${t("calibrate.do")}</button></div>
    </form>
    ${state.job && html`<${JobProgress} job=${state.job} />`}
    ${state.error && html`<${Failure} error=${state.error} />`}
    ${result && html`<section class="panel" aria-live="polite"><h2>${t("calibrate.result")}</h2>
      <dl class="facts"><dt>${t("trust.known")}</dt><dd>${score(result.known_now)} → <strong>${score(result.known)}</strong></dd>
        <dt>${t("trust.margin")}</dt><dd>${score(result.margin_now)} → <strong>${score(result.margin)}</strong></dd></dl>
      ${result.cost.map((text) => html`<p key=${text}>${text}</p>`)}
      ${result.warnings.map((text) => html`<${Note} key=${text} kind="warn">${text}<//>`)}
      ${result.can_apply && html`<div><button class="button primary" onClick=${() => setAsk(true)}>${t("calibrate.use")}</button></div>`}</section>`}
    ${ask && html`<${Confirm} title=${t("calibrate.use_title")} text=${t("calibrate.use_text")} doing=${t("calibrate.use")} onClose=${() => setAsk(false)}
      onDo=${async () => { await useCalibration(result.id).then(() => say(t("calibrate.used")), sayError); }} />`}`;
}
