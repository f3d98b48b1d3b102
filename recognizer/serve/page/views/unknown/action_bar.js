// What can be done with the chosen cards, and what it would change, before it is done.
import {html} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {undoLast} from "../../lib/actions.js";

export function ActionBar({state, chosen, marked, onAct, onMerge, onClear}) {
  const count = chosen.reduce((sum, item) => sum + item.count, 0);
  const button = (action, key, run, kind = "") => html`<button class="button small ${kind}" onClick=${run} title=${t(`unknown.${action}_text`, {count})}>
    ${t(`unknown.${action}`)}<kbd class="only-wide" aria-hidden="true">${key}</kbd></button>`;
  return html`<div class="action-bar" role="region" aria-label=${t("unknown.actions")}>
    <div class="grow small">
      <strong>${marked ? t("unknown.chosen", {count: marked}) : t("unknown.this_card")}</strong>
      <span class="muted">${" "}${t("unknown.would", {count})}</span>
    </div>
    <div class="row tight">
      ${button("name", "N", () => onAct("name"), "primary")}
      ${state === "open" && button("ignore", "I", () => onAct("ignore"))}
      ${state === "open" && button("discard", "X", () => onAct("discard"))}
      ${marked > 1 && button("merge", "M", onMerge)}
      ${chosen.length === 1 && chosen[0].count > 1 && button("split", "S", () => onAct("split"))}
      ${marked > 0 && html`<button class="button small quiet" onClick=${onClear}>${t("unknown.clear")}</button>`}
      <button class="button small quiet only-wide" onClick=${undoLast}>${t("do.undo")}<kbd aria-hidden="true">Z</kbd></button>
    </div>
  </div>`;
}
