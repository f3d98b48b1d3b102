// The promised rate of wrong names beside what was counted, the thresholds in force and why, and drift.
import {html} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {count, date, score, share} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {getTrust} from "../../lib/api.js";
import {Bar, Loaded, Note} from "../../parts/basics.js";

export function Now() {
  const load = useLoad((signal) => getTrust(signal), []);
  return html`<${Loaded} load=${load}>${(trust) => html`<div class="trust-grid">
    <${Budget} trust=${trust} /><${Thresholds} trust=${trust} /><${Drift} drift=${trust.counted.drift} />
  </div>`}<//>`;
}

function Budget({trust}) {
  const {budget, fpir_allowed: allowed, counted} = trust;
  const most = Math.max(allowed ?? 0, counted.rejected_share ?? 0) || 1;
  const over = allowed !== null && counted.rejected_share !== null && counted.rejected_share > allowed;
  return html`<section class="panel"><h2>${t("trust.budget")}</h2>
    ${budget ? html`<div class="stack tight"><span>${t("trust.promised", {budget, share: share(allowed)})}</span><${Bar} share=${(allowed ?? 0) / most} /></div>`
      : html`<${Note}>${t("trust.no_budget")} <a href=${link("trust", "calibrate")}>${t("trust.to_calibrate")}</a><//>`}
    <div class="stack tight"><span>${t("trust.counted", {count: counted.rejected, strangers: count(counted.strangers), since: date(counted.since)})}${
      counted.rejected_share !== null ? ` (${share(counted.rejected_share)})` : ""}</span>
      ${counted.rejected_share !== null && html`<${Bar} share=${counted.rejected_share / most} kind=${over ? "bad" : "good"} />`}</div>
    ${over && html`<${Note} kind="warn">${t("trust.over")} <a href=${link("trust", "calibrate")}>${t("trust.to_calibrate")}</a><//>`}
    <p class="small muted">${t("trust.counted_help")}</p>
  </section>`;
}

function Thresholds({trust}) {
  return html`<section class="panel"><h2>${t("trust.thresholds")}</h2>
    <dl class="facts">
      <dt>${t("trust.known")}</dt><dd>${score(trust.thresholds.known)}</dd>
      <dt>${t("trust.margin")}</dt><dd>${score(trust.thresholds.margin)}</dd>
      <dt>${t("trust.why")}</dt><dd>${t(`trust.basis_${trust.basis}`)}${trust.given.length > 0 ? ` ${t("trust.given", {names: trust.given.join(", ")})}` : ""}</dd>
      ${trust.calibrated_at && html`<dt>${t("trust.calibrated")}</dt><dd>${date(trust.calibrated_at)}</dd>`}
      <dt>${t("trust.enrolled")}</dt><dd>${count(trust.enrolled)}</dd>
      ${trust.raised_by > 0 && html`<dt>${t("trust.raised")}</dt><dd>${score(trust.raised_by)}</dd>`}
      <dt>${t("trust.model")}</dt><dd>${trust.model}</dd>
    </dl>
    ${trust.measured_on && html`<div class="stack tight"><h3>${t("trust.measured_on")}</h3><ul class="bullets small">${trust.measured_on.split("; ").map((part) => html`<li key=${part}>${sentence(part)}</li>`)}</ul></div>`}
  </section>`;
}

/** How many strangers came near a name, against what the calibration expects. */
function Drift({drift}) {
  const part = drift && drift.tracks > 0 ? drift.near / drift.tracks : null;
  return html`<section class="panel"><h2>${t("trust.drift")}</h2>
    ${part === null ? html`<p class="muted">${t("trust.no_drift")}</p>` : html`
      <p>${t("trust.near", {near: count(drift.near), count: drift.tracks, similarity: score(drift.near_similarity), share: share(part)})}</p>
      <${Bar} share=${part} wanted=${drift.expected_share} kind=${drift.drift ? "bad" : "good"} />
      <p class="small muted">${t("trust.expected", {share: share(drift.expected_share)})}</p>
      ${drift.drift && html`<${Note} kind="warn">${t("trust.drift_alarm")}<//>`}`}
  </section>`;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
