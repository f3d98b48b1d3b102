// Leads through an empty installation: add a camera, add a person, see a name.
import {html} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {useLoad} from "../../lib/use.js";
import {listPeople, listSources} from "../../lib/api.js";
import {Icon} from "../../parts/icon.js";

/** The same where a step was just done, so that the next one is at hand. */
export function NextSteps() {
  const sources = useLoad((signal) => listSources(signal), [], {every: 3000});
  const people = useLoad((signal) => listPeople(signal), []);
  return html`<${FirstSteps} sources=${sources.data} people=${people.data} />`;
}

export function FirstSteps({sources, people}) {
  if (!sources || !people) return null;
  const named = sources.some((source) => source.people.some(({name}) => name));
  const steps = [
    ["camera", sources.length > 0, link("settings", "cameras", "add")],
    ["person", people.length > 0, link("people", {add: "1"})],
    ["name", named, link("live")],
  ];
  const now = steps.findIndex(([, done]) => !done);
  if ((sources.length > 0 && people.length > 0) || now < 0) return null;
  return html`<section class="panel" aria-label=${t("first.title")}>
    <div><h2>${t("first.title")}</h2><p class="muted small">${t("first.text")}</p></div>
    <ol class="steps">
      ${steps.map(([name, done, address], at) => html`<li key=${name} class=${done ? "done" : at === now ? "now" : ""}
          aria-current=${at === now ? "step" : undefined}>
        <span class="step-mark">${done ? html`<${Icon} name="good" /><span class="heard">${t("first.done")}</span>` : at + 1}</span>
        <div class="stack tight"><h3>${t(`first.${name}_title`)}</h3><p class="small muted">${t(`first.${name}_text`)}</p>
          ${at === now && name !== "name" && html`<div><a class="button primary small" href=${address}>${t(`first.${name}_do`)}</a></div>`}</div>
      </li>`)}
    </ol>
  </section>`;
}
