// The cameras of the settings file: add, change, remove.
import {html, useState} from "../../lib/ui.js";
import {go, link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {useLoad} from "../../lib/use.js";
import {listCameras, removeCamera} from "../../lib/api.js";
import {announce} from "../../lib/events.js";
import {say} from "../../parts/toast.js";
import {Confirm} from "../../parts/dialog.js";
import {Empty, Loaded, Note} from "../../parts/basics.js";
import {Icon} from "../../parts/icon.js";
import {NextSteps} from "../live/first_steps.js";
import {CameraDialog} from "./camera_dialog.js";

export function Cameras({route}) {
  const load = useLoad((signal) => listCameras(signal), []);
  const [out, setOut] = useState(null);
  const [, action, id] = route.rest;
  const edited = action === "edit" ? load.data?.cameras.find((camera) => camera.id === id) : null;
  const close = () => { go("settings", "cameras"); load.reload(); };
  return html`<${Loaded} load=${load}>${({cameras, can_change: canChange}) => cameras.length === 0
      ? html`<div class="card"><${Empty} icon="camera" title=${t("cameras.none_title")} text=${t("cameras.none_text")}>
          <a class="button primary" href=${link("settings", "cameras", "add")}>${t("cameras.add")}</a><//></div>`
      : html`<div class="stack"><${NextSteps} />${canChange ? html`<div class="row"><a class="button primary" href=${link("settings", "cameras", "add")}><${Icon} name="plus" />${t("cameras.add")}</a></div>`
          : html`<${Note}>${t("cameras.no_file")}<//>`}<ul class="panel lines">${cameras.map((camera) => html`<li key=${camera.id} class="camera-line">
          <div class="grow"><strong class="wrap">${camera.name}</strong><div class="small muted wrap">${camera.address}</div>
            ${camera.detect_address && html`<div class="small muted wrap">${t("cameras.found_in", {address: camera.detect_address})}</div>`}
            <div class="row tight small">${describe(camera).map((text) => html`<span key=${text} class="chip">${text}</span>`)}</div></div>
          ${canChange && html`<div class="row tight"><a class="button small" href=${link("settings", "cameras", "edit", camera.id)}><${Icon} name="edit" />${t("do.change")}</a>
            <button class="button small danger" onClick=${() => setOut(camera)}><${Icon} name="trash" />${t("cameras.remove")}</button></div>`}
        </li>`)}</ul></div>`}<//>
    ${(action === "add" || edited) && html`<${CameraDialog} key=${edited?.id ?? "new"} camera=${edited} onClose=${close} />`}
    ${out && html`<${Confirm} danger title=${t("cameras.remove_title", {name: out.name})} text=${t("cameras.remove_text")} doing=${t("cameras.remove")} onClose=${() => setOut(null)}
      onDo=${async () => { const answer = await removeCamera(out.id); say(answer.applies); announce({kind: "sources_changed"}); load.reload(); }} />`}`;
}

function describe(camera) {
  const [left, top, right, bottom] = camera.region;
  return [
    camera.rotate_deg && t("cameras.rotated", {n: camera.rotate_deg}),
    camera.mirror && t("cameras.mirrored"),
    (left || top || right < 1 || bottom < 1) && t("cameras.part", {n: Math.round((right - left) * (bottom - top) * 100)}),
    camera.has_password && t("cameras.has_password"),
  ].filter(Boolean);
}
