// What a budget of wrong names costs: thresholds now and then, names that would be lost, and the site's own strangers.
import {html, useEffect, useRef, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {count, figure, names, score, share} from "../../lib/format.js";
import {useCalibration} from "../../lib/api.js";
import {announce} from "../../lib/events.js";
import {say} from "../../parts/toast.js";
import {Confirm} from "../../parts/dialog.js";
import {Face, Note} from "../../parts/basics.js";
import {Table} from "../../parts/table.js";
import {Changes} from "./changes.js";

const SHOWN = 12;

/** @param onAgain called with the tracks of those who are no strangers, to measure without them. */
export function CalibrationResult({result, onAgain, onUsed}) {
  const [ask, setAsk] = useState(false);
  const head = useRef(null);
  useEffect(() => head.current.scrollIntoView({block: "start"}), []);
  return html`<section class="panel" aria-live="polite" ref=${head}><h2>${t("calibrate.result", {budget: result.budget.text})}</h2>
      ${result.promise.warning && html`<${Note} kind="warn">${result.promise.warning}<//>`}
      <${Table} label=${t("calibrate.cost")} rows=${costs(result)} columns=${[["what", t("calibrate.what")], ["now", t("calibrate.now"), {right: true}], ["then", t("calibrate.then"), {right: true}]]} />
      ${result.one_photo.length > 0 && html`<${Note}>${t("calibrate.one_photo", {count: result.one_photo.length, names: names(result.one_photo)})}<//>`}
      ${result.confusable.length > 0 && html`<${Note} kind="warn">${t("calibrate.confusable", {
        pairs: result.confusable.map((pair) => t("calibrate.pair", {one: pair.name, other: pair.other, value: score(pair.similarity)})).join("; ")})}<//>`}
      <div class="row"><button type="button" class="button primary" onClick=${() => setAsk(true)}>${t("calibrate.use")}</button>
        <span class="small muted">${t("calibrate.not_yet")}</span></div></section>
    ${result.strangers && html`<${Strangers} strangers=${result.strangers} raisedBy=${result.raised_by} onAgain=${onAgain} />`}
    ${result.replay && html`<section class="panel"><h2>${t("calibrate.replay", {count: result.replay.changed_count, compared: count(result.replay.compared), days: figure(result.replay_days)})}</h2>
      <${Changes} result=${result.replay} /></section>`}
    ${ask && html`<${Confirm} title=${t("calibrate.use_title")} text=${t("calibrate.use_text")} doing=${t("calibrate.use")} onClose=${() => setAsk(false)}
      onDo=${async () => { say((await useCalibration(result.job_id)).applies); announce({kind: "calibration_changed"}); onUsed(); }} />`}`;
}

function costs(result) {
  const range = (value, shown) => (value === null ? "–" : value.mean === 0 ? t("calibrate.at_most", {most: shown(value.high)})
    : t("calibrate.range", {mean: shown(value.mean), low: shown(value.low), high: shown(value.high)}));
  const row = (id, now, then, values) => ({id, what: t(`calibrate.${id}`, values), now, then: html`<strong>${then}</strong>`});
  return [
    row("known", score(result.now.known), score(result.then.known)), row("margin", score(result.now.margin), score(result.then.margin)),
    ...(result.false_names_now ? [row("false_names", range(result.false_names_now, figure), range(result.false_names_then, figure))] : []),
    row("fpir", range(result.fpir_now, share), range(result.fpir_then, share)),
    ...result.missed.map((missed) => ({...row("missed", range(missed.now, share), range(missed.then, share), {count: missed.photos}), id: `missed ${missed.photos}`})),
  ];
}

/** The unknown people of the history, those first who are most alike to somebody: are they strangers? */
function Strangers({strangers, raisedBy, onAgain}) {
  const [out, setOut] = useState(() => new Set());
  const toggle = (at) => setOut((old) => {
    const next = new Set(old);
    if (!next.delete(at)) next.add(at);
    return next;
  });
  const [all, setAll] = useState(false);
  const shown = all ? strangers.nearest : strangers.nearest.slice(0, SHOWN);
  const few = strangers.count < strangers.wanted;
  return html`<section class="panel"><h2>${t("calibrate.strangers_title", {count: strangers.count})}</h2>
    <p class="small muted">${few ? t("calibrate.few", {wanted: strangers.wanted}) : raisedBy > 0 ? t("calibrate.raised", {by: score(raisedBy)})
      : t("calibrate.as_measured", {share: share(strangers.share), similarity: score(strangers.similarity), expected: score(strangers.expected)})}</p>
    ${strangers.nearest.length > 0 && html`<p>${t("calibrate.nearest")}</p>
      <ul class="pick">${shown.map((stranger, at) => html`<li key=${stranger.track_ids[0]}><label class="pick-item"><${Face} src=${stranger.crop_url} alt="" />
        <span class="check"><input type="checkbox" checked=${out.has(at) || stranger.is_left_out} disabled=${stranger.is_left_out} onChange=${() => toggle(at)} />
          <span class="small wrap">${t("calibrate.is", {name: stranger.nearest})}<br /><span class="muted">${score(stranger.similarity)}${stranger.is_left_out ? ` · ${t("calibrate.left_out")}` : ""}</span></span></span></label></li>`)}</ul>
      <div class="row">${shown.length < strangers.nearest.length && html`<button type="button" class="button" onClick=${() => setAll(true)}>${t("calibrate.show_all", {count: strangers.nearest.length})}</button>`}
        <button type="button" class="button" disabled=${out.size === 0} onClick=${() => onAgain([...out].flatMap((at) => strangers.nearest[at].track_ids))}>${out.size ? t("calibrate.again", {count: out.size}) : t("calibrate.again_none")}</button></div>`}
  </section>`;
}
