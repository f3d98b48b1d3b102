// The part of a camera's picture to watch: drawn with the pointer, or typed.
import {html, useEffect, useRef, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";

export const WHOLE = [0, 0, 1, 1];
const SIDES = ["left", "top", "right", "bottom"];
const LEAST = 0.05;

/**
 * @param picture ImageBitmap of the camera, not yet turned, or null.
 * @param region [left, top, right, bottom], shares of the turned and mirrored picture.
 */
export function RegionPicker({picture, rotate, mirror, region, onChange}) {
  const canvas = useRef(null);
  const [start, setStart] = useState(null);
  useEffect(() => { if (picture) draw(canvas.current, picture, rotate, mirror); }, [picture, rotate, mirror]);
  const at = (event) => {
    const box = canvas.current.getBoundingClientRect();
    const share = (value, from, size) => Math.max(0, Math.min(1, (value - from) / size));
    return [share(event.clientX, box.left, box.width), share(event.clientY, box.top, box.height)];
  };
  const drag = (event) => {
    if (!start) return;
    const [x, y] = at(event);
    const next = [Math.min(start[0], x), Math.min(start[1], y), Math.max(start[0], x), Math.max(start[1], y)];
    if (next[2] - next[0] >= LEAST && next[3] - next[1] >= LEAST) onChange(next.map(rounded));
  };
  const type = (side, value) => {
    const next = [...region];
    next[side] = Math.max(0, Math.min(1, Number(value) / 100));
    if (next[2] - next[0] >= LEAST && next[3] - next[1] >= LEAST) onChange(next);
  };
  const percent = (share) => `${share * 100}%`;
  const [left, top, right, bottom] = region;
  return html`<div class="region">
    ${picture ? html`<canvas ref=${canvas} role="img" aria-label=${t("cameras.test_picture")}
        onPointerDown=${(event) => { canvas.current.setPointerCapture(event.pointerId); setStart(at(event)); }} onPointerMove=${drag} onPointerUp=${() => setStart(null)}></canvas>
        <span class="region-box" style=${{left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top)}}></span>`
      : html`<span class="no-picture small">${t("cameras.no_picture")}</span>`}
  </div>
  <fieldset class="sides"><legend class="small muted">${t("cameras.region_help")}</legend>
    ${SIDES.map((name, side) => html`<label key=${name} class="small">${t(`cameras.${name}`)}
      <input class="input" type="number" min="0" max="100" step="1" value=${Math.round(region[side] * 100)} onInput=${(event) => type(side, event.target.value)} /></label>`)}
    <button type="button" class="button small" onClick=${() => onChange(WHOLE)}>${t("cameras.whole")}</button>
  </fieldset>`;
}

const rounded = (share) => Math.round(share * 1000) / 1000;

function draw(canvas, picture, rotate, mirror) {
  const across = rotate % 180 === 90;
  canvas.width = across ? picture.height : picture.width;
  canvas.height = across ? picture.width : picture.height;
  const context = canvas.getContext("2d");
  context.translate(canvas.width / 2, canvas.height / 2);
  if (mirror) context.scale(-1, 1);
  context.rotate(rotate * Math.PI / 180);
  context.drawImage(picture, -picture.width / 2, -picture.height / 2);
}
