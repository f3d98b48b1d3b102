// What is known of one track, in words.
import {html} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {place, score, timeWithSeconds, when} from "../../lib/format.js";

export function TrackFacts({track}) {
  return html`<dl class="facts">
    <dt>${t("track.seen")}</dt><dd>${when(track.began_at)} – ${timeWithSeconds(track.ended_at)}, ${place(track.source)}</dd>
    ${track.nearest && html`<dt>${t("track.nearest")}</dt><dd>${t("track.nearest_text", {name: track.nearest, value: score(track.similarity), wanted: score(track.known)})}</dd>`}
    ${track.reasons.length > 0 && html`<dt>${t("track.why")}</dt><dd><ul>${track.reasons.map((reason) => html`<li key=${reason}>${reason}</li>`)}</ul></dd>`}
  </dl>`;
}
