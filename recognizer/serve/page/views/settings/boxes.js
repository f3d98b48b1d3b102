// The boxes of a fleet: a code with which one joins, when each was here last, how far behind it is, and an end to it.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {count, when} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {inviteBox, listBoxes, revokeBox} from "../../lib/api.js";
import {say} from "../../parts/toast.js";
import {Confirm} from "../../parts/dialog.js";
import {Empty, Failure, Field, Loaded} from "../../parts/basics.js";
import {Secret} from "../../parts/secret.js";

const AWAY_MS = 10 * 60 * 1000;
const NAME = "[A-Za-z0-9][A-Za-z0-9._\\-]{0,39}";

export function Boxes() {
  const load = useLoad((signal) => listBoxes(signal), [], {every: 5000});
  const [out, setOut] = useState(null);
  return html`<div class="two-columns">
    <section class="panel"><h2>${t("boxes.title")}</h2>
      <${Loaded} load=${load}>${(found) => found.length === 0 ? html`<${Empty} icon="camera" level=${3} title=${t("boxes.none_title")} text=${t("boxes.none_text")} />`
        : html`<ul class="lines">${found.map((box) => html`<${Box} key=${box.name} box=${box} onRevoke=${() => setOut(box)} />`)}</ul>`}<//>
    </section>
    <${NewBox} onMade=${load.reload} />
    ${out && html`<${Confirm} danger title=${t("boxes.revoke_title", {name: out.name})} doing=${t("boxes.revoke")} onClose=${() => setOut(null)}
      text=${t(out.state === "invited" ? "boxes.revoke_code_text" : "boxes.revoke_text")}
      onDo=${async () => { await revokeBox(out.name); say(t("boxes.revoked_one", {name: out.name})); load.reload(); }} />`}
  </div>`;
}

function Box({box, onRevoke}) {
  const here = box.state === "joined" && box.seen_at !== null && Date.now() - new Date(box.seen_at) < AWAY_MS;
  const state = box.state === "joined" ? (here ? "here" : "away") : box.state;
  const kind = {here: "good", away: "warn"}[state] ?? "";
  const facts = box.state === "invited" ? [] : [
    box.joined_at && t("boxes.joined_at", {when: when(box.joined_at)}),
    box.joined_at && (box.seen_at ? t("boxes.seen_at", {when: when(box.seen_at)}) : t("boxes.never_seen")),
    box.state === "joined" && (box.behind ? t("boxes.behind", {count: box.behind}) : box.seen_at && t("boxes.up_to_date")),
    box.joined_at && t("boxes.tracks", {count: box.tracks, n: count(box.tracks)}),
  ].filter(Boolean);
  return html`<li class="row still apart"><span class="grow wrap"><strong>${box.name}</strong> <span class="chip ${kind}"><span class="dot ${kind}"></span>${t(`boxes.${state}`)}</span><br />
      <span class="small muted">${facts.length ? facts.join(" · ") : t("boxes.waits")}</span></span>
    ${box.state !== "revoked" && html`<button class="button small danger" aria-label=${t("boxes.revoke_one", {name: box.name})} onClick=${onRevoke}>${t("boxes.revoke")}</button>`}</li>`;
}

function NewBox({onMade}) {
  const [name, setName] = useState("");
  const [made, setMade] = useState(null);
  const [error, setError] = useState(null);
  const send = async (event) => {
    event.preventDefault();
    setError(null);
    setMade(null);
    try {
      setMade(await inviteBox(name.trim()));
      setName("");
      onMade();
    } catch (problem) {
      setError(problem);
    }
  };
  return html`<form class="panel" onSubmit=${send}><h2>${t("boxes.new")}</h2><p class="small muted">${t("boxes.new_text")}</p>
    <${Field} label=${t("boxes.name")} help=${t("boxes.name_help")}>${(id) => html`<input id=${id} class="input" required maxlength="40" pattern=${NAME} autocomplete="off"
      placeholder=${t("boxes.name_example")} value=${name} onInput=${(event) => setName(event.target.value)} />`}<//>
    ${error && html`<${Failure} error=${error} />`}
    <div><button class="button" type="submit">${t("boxes.make")}</button></div>
    ${made && html`<${Secret} title=${t("boxes.shown_once", {name: made.box})} value=${`python main.py fleet join ${location.origin} ${made.code}`} />`}
  </form>`;
}
