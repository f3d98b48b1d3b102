// Whether all parts work: recognition, cameras, model, history, versions.
import {html} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {duration, when} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {getHealth, listSources} from "../../lib/api.js";
import {Loaded, Note} from "../../parts/basics.js";
import {SourceProblem, State} from "../live/camera_tile.js";

export function Health() {
  const health = useLoad((signal) => getHealth(signal), [], {every: 5000});
  const sources = useLoad((signal) => listSources(signal), [], {every: 2000});
  return html`<div class="two-columns">
    <section class="panel"><h2>${t("health.parts")}</h2>
      <${Loaded} load=${health}>${(now) => html`
        <ul class="lines">${partsOf(now).map(([name, kind, text]) => html`<li key=${name} class="row still apart"><span>${t(`health.${name}`)}</span>
          <span class="chip ${kind}"><span class="dot ${kind}"></span>${text}</span></li>`)}</ul>
        ${now.recognition?.why && html`<${Note} kind="warn">${now.recognition.why}<//>`}
        <h3>${t("health.versions")}</h3>
        <dl class="facts"><dt>recognizer</dt><dd>${now.version}</dd><dt>${t("health.started")}</dt><dd>${when(now.started_at)}</dd>
          ${now.model && html`<dt>${t("health.model")}</dt><dd>${now.model}</dd>`}${now.engine && html`<dt>${t("health.engine")}</dt><dd>${now.engine}</dd>`}
          ${Object.entries(now.versions).map(([name, version]) => html`<dt key=${name}>${name}</dt><dd>${version}</dd>`)}</dl>`}<//>
    </section>
    <section class="panel"><h2>${t("health.cameras")}</h2>
      <${Loaded} load=${sources}>${(found) => found.length === 0 ? html`<p class="muted">${t("live.none_title")}</p>` : html`<ul class="lines">
        ${found.map((source) => html`<li key=${source.id} class="stack tight"><div class="row still apart"><strong class="clip">${source.name}</strong><${State} source=${source} /></div>
          ${source.state === "live" ? html`<span class="small muted">${t("health.rate", {rate: source.rate ?? "–", latency: source.latency_s === null ? "–" : duration_ms(source.latency_s)})}${
            source.losses ? ` · ${t("health.losses", {count: source.losses})}` : ""}</span>` : html`<${SourceProblem} source=${source} />`}</li>`)}</ul>`}<//>
    </section></div>`;
}

function partsOf({recognition, history}) {
  const state = recognition?.state ?? "off";
  const kind = {running: "good", starting: "warn", waiting: "bad"}[state] ?? "";
  return [
    ["service", "good", t("health.works")], ["recognition", kind, t(`health.recognition_${state}`)],
    ["history", history ? "good" : "", t(history ? "health.works" : "health.off")],
  ];
}

const duration_ms = (s) => (s < 1 ? t("time.ms", {n: Math.round(s * 1000)}) : duration(s));
