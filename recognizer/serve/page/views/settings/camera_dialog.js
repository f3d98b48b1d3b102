// One camera: address, a test picture, the part of it to watch, rotation. A saved password is never shown again.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {saveCamera, testCamera} from "../../lib/api.js";
import {announce} from "../../lib/events.js";
import {say} from "../../parts/toast.js";
import {Dialog} from "../../parts/dialog.js";
import {Failure, Field, Note} from "../../parts/basics.js";
import {RegionPicker, WHOLE} from "./region_picker.js";

const TURNS = [0, 90, 180, 270];

export function CameraDialog({camera, onClose}) {
  const [form, setForm] = useState(() => ({
    name: camera?.name ?? "", address: camera?.address ?? "", detect_address: camera?.detect_address ?? "", user: "", password: "",
    rotate_deg: camera?.rotate_deg ?? 0, mirror: camera?.mirror ?? false, region: camera?.region ?? WHOLE,
  }));
  const [test, setTest] = useState({picture: null, error: null, busy: false});
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const set = (change) => setForm((old) => ({...old, ...change}));
  const tryOut = async (stream) => {
    setTest({picture: null, error: null, busy: true});
    try {
      setTest({picture: await testCamera({...form, stream}, camera), error: null, busy: false, stream});
    } catch (problem) {
      setTest({picture: null, error: problem, busy: false});
    }
  };
  const save = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const answer = await saveCamera(form, camera);
      say(answer.applies);
      announce({kind: "sources_changed"});
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const text = (name, options = {}) => (id) => html`<input id=${id} class="input" type=${options.type ?? "text"} autocomplete="off" spellcheck=${false} required=${options.required}
    placeholder=${options.placeholder} value=${form[name]} onInput=${(event) => set({[name]: event.target.value})} />`;
  return html`<${Dialog} wide title=${camera ? t("cameras.change_title", {name: camera.name}) : t("cameras.add")} onClose=${onClose}>
    <form class="stack wide" onSubmit=${save}>
      <div class="camera-columns">
        <div class="stack">
          <${Field} label=${t("cameras.address")} help=${t("cameras.address_help")}>${text("address", {required: true, placeholder: "rtsp://192.0.2.10/stream"})}<//>
          <${Field} label=${t("cameras.small_address")} help=${t("cameras.small_help")}>${text("detect_address", {placeholder: "rtsp://192.0.2.10/small"})}<//>
          <div class="fields"><${Field} label=${t("cameras.user")}>${text("user")}<//>
            <${Field} label=${t("cameras.password")} help=${t(camera?.has_password ? "cameras.password_kept" : "cameras.password_help")}>${text("password", {type: "password"})}<//></div>
          <${Field} label=${t("cameras.name")} help=${t("cameras.name_help")}>${text("name", {required: true, placeholder: t("cameras.name_example")})}<//>
          <div class="fields"><${Field} label=${t("cameras.rotate")}>${(id) => html`<select id=${id} class="input" value=${form.rotate_deg} onChange=${(event) => set({rotate_deg: Number(event.target.value)})}>
              ${TURNS.map((turn) => html`<option key=${turn} value=${turn}>${t("cameras.degrees", {n: turn})}</option>`)}</select>`}<//>
            <label class="check"><input type="checkbox" checked=${form.mirror} onChange=${(event) => set({mirror: event.target.checked})} /><span>${t("cameras.mirror")}</span></label></div>
        </div>
        <div class="stack">
          <div class="row apart"><span class="label-text">${t("cameras.picture")}</span>
            <div class="row tight"><button type="button" class="button small" disabled=${test.busy || !form.address.trim()} onClick=${() => tryOut("address")}>${t(test.busy ? "cameras.testing" : "cameras.test")}</button>
              ${form.detect_address.trim() && html`<button type="button" class="button small" disabled=${test.busy || !form.address.trim()} onClick=${() => tryOut("detect_address")}>${t("cameras.test_small")}</button>`}</div></div>
          ${test.picture && html`<span class="small muted">${t(test.stream === "address" ? "cameras.shown" : "cameras.shown_small", {width: test.picture.width, height: test.picture.height})}</span>`}
          ${test.error && html`<${Failure} error=${test.error} />`}
          <${RegionPicker} picture=${test.picture} rotate=${form.rotate_deg} mirror=${form.mirror} region=${form.region} onChange=${(region) => set({region})} />
        </div>
      </div>
      ${error && html`<${Failure} error=${error} />`}
      <${Note}>${t("cameras.applies")}<//>
      <div class="dialog-foot"><button type="button" class="button" onClick=${onClose}>${t("do.cancel")}</button>
        <button type="submit" class="button primary" disabled=${busy}>${t("do.save")}</button></div>
    </form>
  <//>`;
}
