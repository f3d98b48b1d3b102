// The newest picture of a camera, once a second.
import {html, useEffect, useRef} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {snapshot} from "../../lib/api.js";
import {Icon} from "../../parts/icon.js";

const EVERY_MS = 1000;

/** The newest picture, drawn over the one before: nothing flickers, and a late picture leaves the old one. */
export function Snapshot({source}) {
  const canvas = useRef(null);
  useEffect(() => {
    if (!source.hasPicture) return undefined;
    const control = new AbortController();
    let timer = null;
    const next = async () => {
      if (document.visibilityState === "visible") await draw(canvas.current, source.id, control.signal);
      if (!control.signal.aborted) timer = setTimeout(next, EVERY_MS);
    };
    next();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [source.id, source.hasPicture]);
  if (!source.hasPicture) return html`<span class="no-picture"><${Icon} name="off" big /></span>`;
  return html`<canvas ref=${canvas} width="640" height="360" role="img" aria-label=${t("live.picture_of", {name: source.name})}></canvas>`;
}

async function draw(canvas, id, signal) {
  try {
    const picture = await snapshot(id, signal);
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
  } catch { /* the tile's state says why; the next second tries again */ }
}
