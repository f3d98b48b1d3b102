// One unknown person: five pictures, how often, where, when, and who is closest.
import {html} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {places, score, when} from "../../lib/format.js";
import {Bar, Face} from "../../parts/basics.js";

export function ClusterCard({item, isCurrent, isSelected, onFocus, onToggle}) {
  const where = places(item.sources);
  const label = t("unknown.card", {count: item.count, where, last: when(item.last_at)});
  const closest = item.suggestion;
  const crops = item.crops.length ? item.crops.slice(0, 5) : [null];
  return html`<li class="cluster-item">
    <div class="cluster card ${isSelected ? "selected" : ""} ${isCurrent ? "current" : ""}" tabindex=${isCurrent ? 0 : -1} role="group"
        aria-label=${isSelected ? t("unknown.card_selected", {card: label}) : label} onFocus=${onFocus} onClick=${onFocus}>
      <div class="crops">${crops.map((crop, at) => html`<${Face} key=${at} src=${crop} alt=${t("unknown.picture", {n: at + 1})} />`)}</div>
      <div class="cluster-text">
        <div class="row still apart">
          <span class="grow"><strong>${t("unknown.times", {count: item.count})}</strong><span class="muted">${where ? `, ${where}` : ""}</span></span>
          <label class="check" title=${t("unknown.select")}><input type="checkbox" checked=${isSelected} tabindex=${isCurrent ? 0 : -1}
            onClick=${(event) => event.stopPropagation()} onChange=${onToggle} /><span class="heard">${t("unknown.select_card", {card: label})}</span></label>
        </div>
        <div class="small muted">${t("unknown.last", {when: when(item.last_at)})}</div>
        ${closest ? html`<div class="stack tight closest">
            <span class="small">${t("unknown.closest", {name: closest.name, value: score(closest.similarity)})}${
              closest.wanted !== null ? html`<span class="muted">${t("unknown.wanted", {value: score(closest.wanted)})}</span>` : ""}</span>
            <${Bar} share=${closest.similarity} wanted=${closest.wanted} kind=${closest.wanted !== null && closest.similarity >= closest.wanted ? "good" : ""} />
          </div>` : html`<div class="small muted">${t("unknown.no_closest")}</div>`}
      </div>
    </div>
  </li>`;
}
