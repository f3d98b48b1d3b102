// A contact sheet of sightings that would bear another name: before and after.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {count, place, score, when} from "../../lib/format.js";
import {cropUrl} from "../../lib/api.js";
import {Empty, Face, Note} from "../../parts/basics.js";

const SHOWN = 60;

export function Changes({result}) {
  const [all, setAll] = useState(false);
  const counted = (given) => Object.entries(given).map(([name, tracks]) => `${name} ${count(tracks)}`).join(", ") || "0";
  const {other_model: other, without_moments: old} = result.not_comparable;
  const shown = all ? result.changed : result.changed.slice(0, SHOWN);
  return html`${result.compared === 0 && html`<${Note} kind="warn">${t("replay.nothing_compared")}<//>`}
    ${other + old > 0 && html`<${Note}>${t("replay.not_comparable", {count: other + old})}<//>`}
    ${result.changed.length === 0 ? result.compared > 0 && html`<${Empty} level=${3} icon="good" title=${t("replay.same_title")} text=${t("replay.same_text")} />`
      : html`<dl class="facts"><dt>${t("replay.won")}</dt><dd>${counted(result.new_names)}</dd><dt>${t("replay.lost")}</dt><dd>${counted(result.lost_names)}</dd></dl>
        <ul class="changes">${shown.map((change) => html`<li key=${change.track} class="change"><${Face} src=${cropUrl(change.track)} alt="" />
          <div class="stack tight wrap"><span><s class="muted">${change.was ?? t("status.unknown")}</s> → <strong>${change.now ?? t("status.unknown")}</strong></span>
            <span class="small muted">${when(change.began)} · ${place(change.source)} · ${score(change.similarity)}</span></div></li>`)}</ul>
        ${shown.length < result.changed.length && html`<div><button type="button" class="button small" onClick=${() => setAll(true)}>${t("replay.show_all", {count: result.changed.length})}</button></div>`}`}`;
}
