// Takes sightings out of a card that are somebody else.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {place, when} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {clusterTracks, splitUnknown} from "../../lib/api.js";
import {done} from "../../lib/actions.js";
import {Dialog} from "../../parts/dialog.js";
import {Face, Failure, Loaded} from "../../parts/basics.js";

export function SplitDialog({item, onClose}) {
  const [others, setOthers] = useState(() => new Set());
  const [error, setError] = useState(null);
  const load = useLoad((signal) => clusterTracks(item, signal), [item.id]);
  const toggle = (id) => setOthers((old) => {
    const next = new Set(old);
    if (!next.delete(id)) next.add(id);
    return next;
  });
  const send = async () => {
    try {
      done(await splitUnknown(item.id, [...others]), t("unknown.did_split", {count: others.size}));
      onClose();
    } catch (problem) {
      setError(problem);
    }
  };
  return html`<${Dialog} title=${t("unknown.split_title")} onClose=${onClose} wide>
    <p class="muted">${t("unknown.split_text")}</p>
    <${Loaded} load=${load}>${(tracks) => html`<fieldset><legend class="heard">${t("unknown.split_text")}</legend><ul class="pick">
      ${tracks.map((track) => html`<li key=${track.id}><label class="pick-item">
        <${Face} src=${track.crops[0]} alt="" />
        <span class="check"><input type="checkbox" checked=${others.has(track.id)} onChange=${() => toggle(track.id)} />
          <span class="small">${when(track.began_at)}<br /><span class="muted">${place(track.source)}</span></span></span></label></li>`)}
    </ul></fieldset>`}<//>
    ${error && html`<${Failure} error=${error} />`}
    <div class="dialog-foot"><span class="grow small muted">${t("unknown.split_would", {count: others.size})}</span>
      <button class="button" onClick=${onClose}>${t("do.cancel")}</button>
      <button class="button primary" disabled=${others.size === 0} onClick=${send}>${t("unknown.split")}</button></div>
  <//>`;
}
