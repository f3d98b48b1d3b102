// A place for pictures: dropped, pasted or chosen.
import {html, useEffect, useRef, useState} from "../lib/ui.js";
import {t} from "../lib/texts.js";
import {Icon} from "./icon.js";

export function DropZone({title, help, multiple = false, onFiles}) {
  const [over, setOver] = useState(false);
  const input = useRef(null);
  const take = (files) => {
    const pictures = [...files].filter((file) => file.type.startsWith("image/") || /\.(heic|heif)$/i.test(file.name));
    if (pictures.length) onFiles(multiple ? pictures : pictures.slice(0, 1));
  };
  useEffect(() => {
    const paste = (event) => take(event.clipboardData?.files ?? []);
    addEventListener("paste", paste);
    return () => removeEventListener("paste", paste);
  }, [onFiles]);
  return html`<div class="drop ${over ? "over" : ""}"
      onDragOver=${(event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)}
      onDrop=${(event) => { event.preventDefault(); setOver(false); take(event.dataTransfer.files); }}>
    <${Icon} name="upload" big />
    <span>${title}</span>
    <button type="button" class="button" onClick=${() => input.current.click()}>${t(multiple ? "do.choose_files" : "do.choose_file")}</button>
    <input ref=${input} type="file" class="heard" tabindex="-1" aria-label=${title} accept="image/*,.heic" multiple=${multiple}
      onChange=${(event) => { take(event.target.files); event.target.value = ""; }} />
    ${help && html`<span class="small">${help}</span>`}
  </div>`;
}

/** A picture that is still on this computer, drawn on a canvas: the page's rules allow no other addresses. */
export function LocalPicture({file, alt}) {
  const canvas = useRef(null);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    let gone = false;
    createImageBitmap(file, {resizeWidth: 240, resizeQuality: "medium"}).then((bitmap) => {
      if (gone || !canvas.current) return;
      canvas.current.width = bitmap.width;
      canvas.current.height = bitmap.height;
      canvas.current.getContext("2d").drawImage(bitmap, 0, 0);
    }, () => !gone && setBroken(true));
    return () => { gone = true; };
  }, [file]);
  return html`<span class="face">${broken ? html`<${Icon} name="camera" /><span class="heard">${alt}</span>`
    : html`<canvas ref=${canvas} role="img" aria-label=${alt}></canvas>`}</span>`;
}
