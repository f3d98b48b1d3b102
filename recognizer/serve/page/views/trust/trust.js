// Trust: how often a name may be wrong, how often it was, and what moves the threshold.
import {html} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {count, percent, score, when} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {getTrust} from "../../lib/api.js";
import {Bar, Loaded, Note, Tabs, ViewHead} from "../../parts/basics.js";
import {Calibrate} from "./calibrate.js";
import {Replay} from "./replay.js";

const TABS = {now: Now, calibrate: Calibrate, replay: Replay};

export function Trust({route}) {
  const tab = TABS[route.rest[0]] ? route.rest[0] : "now";
  const Tab = TABS[tab];
  return html`<${ViewHead} title=${t("trust.title")} lead=${t(`trust.lead_${tab}`)} />
    <${Tabs} label=${t("trust.title")} current=${tab} tabs=${Object.keys(TABS).map((name) => [name, t(`trust.tab_${name}`), link("trust", name)])} />
    <${Tab} />`;
}

function Now() {
  const load = useLoad((signal) => getTrust(signal), []);
  return html`<${Loaded} load=${load}>${(trust) => html`<div class="trust-grid">
    <${Budget} budget=${trust.budget} counted=${trust.counted} />
    <${Thresholds} trust=${trust} />
    <${Drift} drift=${trust.drift} />
  </div>`}<//>`;
}

/** What was promised beside what was counted. */
function Budget({budget, counted}) {
  const most = Math.max(budget?.per_week ?? 0, counted.rejected, 1);
  return html`<section class="panel"><h2>${t("trust.budget")}</h2>
    ${budget ? html`<div class="stack tight"><span>${t("trust.promised", {n: budget.text})}</span><${Bar} share=${(budget.per_week ?? 0) / most} /></div>`
      : html`<${Note}>${t("trust.no_budget")} <a href=${link("trust", "calibrate")}>${t("trust.to_calibrate")}</a><//>`}
    <div class="stack tight"><span>${t("trust.counted", {count: counted.rejected, since: when(counted.since), tracks: count(counted.named)})}</span>
      <${Bar} share=${counted.rejected / most} kind=${budget && counted.rejected > budget.per_week ? "bad" : "good"} /></div>
    <p class="small muted">${t("trust.counted_help")}</p>
  </section>`;
}

function Thresholds({trust}) {
  return html`<section class="panel"><h2>${t("trust.thresholds")}</h2>
    <dl class="facts">
      <dt>${t("trust.known")}</dt><dd>${score(trust.thresholds.known)}</dd>
      <dt>${t("trust.margin")}</dt><dd>${score(trust.thresholds.margin)}</dd>
      <dt>${t("trust.from")}</dt><dd>${trust.thresholds.source}</dd>
      ${trust.model && html`<dt>${t("trust.model")}</dt><dd>${trust.model}</dd>`}
    </dl>
    ${trust.thresholds.why?.length > 0 && html`<ul class="stack tight small">${trust.thresholds.why.map((text) => html`<li key=${text}>${text}</li>`)}</ul>`}
  </section>`;
}

function Drift({drift}) {
  return html`<section class="panel"><h2>${t("trust.drift")}</h2>
    ${!drift ? html`<p class="muted">${t("trust.no_drift")}</p>` : html`
      <div class="row"><span class="chip ${drift.alarm ? "bad" : "good"}"><span class="dot ${drift.alarm ? "bad" : "good"}"></span>${t(drift.alarm ? "trust.drift_alarm" : "trust.drift_none")}</span></div>
      ${drift.facts.map((text) => html`<p key=${text} class="small">${text}</p>`)}
      ${drift.share !== null && html`<p class="small muted">${percent(drift.share)}</p>`}`}
  </section>`;
}
