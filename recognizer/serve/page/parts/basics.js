// Small parts without a state of their own.
import {html, useState} from "../lib/ui.js";
import {t} from "../lib/texts.js";
import {score} from "../lib/format.js";
import {Icon} from "./icon.js";

/** The head of a view: title, what it is for in a sentence, and its actions. */
export function ViewHead({title, lead, children}) {
  return html`<header class="view-head">
    <div><h1>${title}</h1>${lead && html`<p>${lead}</p>`}</div>
    ${children && html`<div class="row">${children}</div>`}
  </header>`;
}

/** What to show where there is nothing yet: why, and what to do next. */
export function Empty({icon, title, text, children, level = 2}) {
  const heading = level === 2 ? html`<h2>${title}</h2>` : html`<h3>${title}</h3>`;
  return html`<div class="empty">
    <${Icon} name=${icon} big />
    ${heading}
    ${text && html`<p>${text}</p>`}
    ${children && html`<div class="row">${children}</div>`}
  </div>`;
}

/** An error in words, with a way on. */
export function Failure({error, retry}) {
  if (error.code === "not_available") {
    return html`<${Empty} icon="off" title=${t("errors.not_available_title")} text=${t("errors.not_available")} />`;
  }
  if (error.code === "history_off") {
    return html`<${Empty} icon="clock" title=${t("errors.history_off_title")} text=${t("errors.history_off")} />`;
  }
  if (error.code === "recognition_off") {
    return html`<${Empty} icon="off" level=${3} title=${t("errors.recognition_off_title")} text=${t("errors.recognition_off")} />`;
  }
  return html`<div class="note ${error.passes ? "warn" : "bad"}" role="alert">
    <${Icon} name="warn" />
    <div class="stack tight grow">
      <span>${error.message}</span>
      ${error.passes && html`<span>${t("errors.again_soon")}</span>`}
      ${error.requestId && html`<span class="small">${t("errors.request", {id: error.requestId})}</span>`}
    </div>
    ${retry && !error.passes && html`<button class="button small" onClick=${retry}>${t("do.retry")}</button>`}
  </div>`;
}

export const Loading = () => html`<div class="loading" role="status">${t("loading")}</div>`;

/** What `useLoad` returned: its view, its error, or that it is loading. */
export function Loaded({load, children}) {
  if (load.data !== undefined) {
    return html`${load.error && html`<${Failure} error=${load.error} retry=${load.reload} />`}${children(load.data)}`;
  }
  if (load.error) return html`<${Failure} error=${load.error} retry=${load.reload} />`;
  return html`<${Loading} />`;
}

/** A sentence that stands out a little. `kind`: none, good, warn, bad. */
export function Note({kind = "", icon = kind === "good" ? "good" : kind ? "warn" : "info", children}) {
  return html`<div class="note ${kind}"><${Icon} name=${icon} /><div class="grow wrap">${children}</div></div>`;
}

/** A picture of a face, or a silhouette where none is kept. */
export function Face({src, alt = "", big = false}) {
  const [broken, setBroken] = useState(null);
  const shown = src && broken !== src;
  return html`<span class="face ${big ? "big" : ""}">
    ${shown ? html`<img src=${src} alt=${alt} loading="lazy" decoding="async" onError=${() => setBroken(src)} />`
      : html`<${Icon} name="person" /><span class="heard">${alt || t("face.none")}</span>`}
  </span>`;
}

/** A similarity against the one that a name wants, as words and as a bar. */
export function Similarity({value, wanted, label}) {
  const share = Math.max(0, Math.min(1, value ?? 0));
  const kind = wanted === undefined || wanted === null ? "" : value >= wanted ? "good" : "warn";
  return html`<div class="stack tight">
    <span class="small">${label ?? score(value)}</span>
    <${Bar} share=${share} wanted=${wanted} kind=${kind} />
  </div>`;
}

export function Bar({share, wanted, kind = ""}) {
  const percent = (part) => `${Math.max(0, Math.min(1, part)) * 100}%`;
  return html`<div class="meter ${kind}" aria-hidden="true">
    <span class="value" style=${{width: percent(share)}}></span>
    ${wanted !== undefined && wanted !== null && html`<span class="wanted" style=${{left: percent(wanted)}}></span>`}
  </div>`;
}

/** A choice among a few, shown side by side. `choices`: [[value, text], ...] */
export function Segments({label, value, choices, onChange}) {
  return html`<div class="segments" role="group" aria-label=${label}>
    ${choices.map(([key, text]) => html`<button key=${key} type="button" aria-pressed=${key === value ? "true" : "false"}
      onClick=${() => onChange(key)}>${text}</button>`)}
  </div>`;
}

let fields = 0;

/** A labelled field; `children` is a function of the id that the control must bear. */
export function Field({label, help, wrong, children}) {
  const [id] = useState(() => `field-${++fields}`);
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${children(id)}
    ${help && html`<span class="help">${help}</span>`}
    ${wrong && html`<span class="wrong" role="alert">${wrong}</span>`}
  </div>`;
}

/** Tabs that are addresses. `tabs`: [[key, text, address], ...] */
export function Tabs({label, tabs, current}) {
  return html`<nav class="tabs" aria-label=${label}>
    ${tabs.map(([key, text, address]) => html`<a key=${key} href=${address}
      aria-current=${key === current ? "page" : undefined}>${text}</a>`)}
  </nav>`;
}
