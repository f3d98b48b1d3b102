// What came of an upload: which photos count, which were refused and why; where a photo shows several faces, choose one.
import {html, useEffect, useRef, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {Dialog} from "../../parts/dialog.js";
import {Note} from "../../parts/basics.js";
import {LocalPicture} from "../../parts/drop_zone.js";

export function Outcome({name, files, outcome, onChoose, onClose, onMore}) {
  const {accepted, rejected, notes} = outcome;
  return html`<${Dialog} title=${accepted ? t("add.done_title", {name}) : t("add.refused_title")} onClose=${onClose}>
    ${accepted > 0 && html`<${Note} kind="good">${t("add.accepted", {count: accepted})}<//>`}
    ${[...new Set(notes)].map((text) => html`<${Note} key=${text} kind="warn">${text}<//>`)}
    ${rejected.length > 0 && html`<div class="stack"><h3>${t("add.rejected", {count: rejected.length})}</h3><ul class="lines">
      ${rejected.map(({index, reason, boxes}) => html`<li key=${index} class="stack">
        <div class="row still">${!boxes && html`<span class="thumb"><${LocalPicture} file=${files[index]} alt="" /></span>`}
          <span class="grow wrap"><strong>${files[index]?.name}</strong><br /><span class="small muted">${boxes ? t("add.multiple_faces") : inWords(reason)}</span></span></div>
        ${boxes && html`<${ChooseFace} file=${files[index]} boxes=${boxes} onChoose=${(box) => onChoose(index, box)} />`}
      </li>`)}</ul></div>`}
    ${accepted > 0 && html`<p class="small muted">${t("add.next")}</p>`}
    <div class="dialog-foot"><button class="button" onClick=${onMore}>${t("add.more")}</button>
      <button class="button primary" onClick=${onClose}>${t("do.finish")}</button></div>
  <//>`;
}

/** The service's reason without the field of the form that it begins with. */
const inWords = (reason) => reason.replace(/^photos\[\d+\][: ]*/, "").replace(/^./, (first) => first.toUpperCase());

/** The picture with its faces as buttons. */
function ChooseFace({file, boxes, onChoose}) {
  const canvas = useRef(null);
  const [size, setSize] = useState(null);
  useEffect(() => {
    createImageBitmap(file).then((bitmap) => {
      if (!canvas.current) return;
      canvas.current.width = bitmap.width;
      canvas.current.height = bitmap.height;
      canvas.current.getContext("2d").drawImage(bitmap, 0, 0);
      setSize([bitmap.width, bitmap.height]);
    }, () => {});
  }, [file]);
  const place = ([left, top, right, bottom], [width, height]) => ({
    left: `${left / width * 100}%`, top: `${top / height * 100}%`, width: `${(right - left) / width * 100}%`, height: `${(bottom - top) / height * 100}%`,
  });
  return html`<div class="stack tight"><span class="small">${t("add.which_face")}</span><div class="choose">
    <canvas ref=${canvas} role="img" aria-label=${file.name}></canvas>
    ${size && boxes.map((box, at) => html`<button key=${at} class="hit shown" style=${place(box, size)} aria-label=${t("add.face_number", {n: at + 1})} onClick=${() => onChoose(box)}></button>`)}
  </div></div>`;
}
