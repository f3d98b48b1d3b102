// Whether all parts work: recognition, cameras, model, history, versions.
import {html} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {duration, when} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {getHealth, listSources} from "../../lib/api.js";
import {Loaded} from "../../parts/basics.js";
import {State, Trouble} from "../live/camera_tile.js";

export function Health() {
  const health = useLoad((signal) => getHealth(signal), [], {every: 5000});
  const sources = useLoad((signal) => listSources(signal), [], {every: 2000});
  return html`<div class="two-columns">
    <section class="panel"><h2>${t("health.parts")}</h2>
      <${Loaded} load=${health}>${({parts, facts}) => html`
        <ul class="lines">${parts.map(({name, good, text}) => html`<li key=${name} class="row still apart"><span>${t(`health.${name}`)}</span>
          <span class="chip ${good ? "good" : "warn"}"><span class="dot ${good ? "good" : "warn"}"></span>${text}</span></li>`)}</ul>
        <h3>${t("health.versions")}</h3>
        <dl class="facts">${facts.map(([name, value]) => html`<dt key=${name}>${t(`health.${name}`)}</dt><dd>${name === "started" ? when(value) : value}</dd>`)}</dl>`}<//>
    </section>
    <section class="panel"><h2>${t("health.cameras")}</h2>
      <${Loaded} load=${sources}>${(found) => found.length === 0 ? html`<p class="muted">${t("live.none_title")}</p>` : html`<ul class="lines">
        ${found.map((source) => html`<li key=${source.id} class="stack tight"><div class="row still apart"><strong class="clip">${source.name}</strong><${State} source=${source} /></div>
          ${source.state === "live" ? html`<span class="small muted">${t("health.rate", {rate: source.rate ?? "–", latency: source.latency_s === null ? "–" : duration_ms(source.latency_s)})}${
            source.losses ? ` · ${t("health.losses", {count: source.losses})}` : ""}</span>` : html`<${Trouble} source=${source} />`}</li>`)}</ul>`}<//>
    </section></div>`;
}

const duration_ms = (s) => (s < 1 ? t("time.ms", {n: Math.round(s * 1000)}) : duration(s));
