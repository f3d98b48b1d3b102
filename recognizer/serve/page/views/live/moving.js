// The moving picture of one camera; where there is none, as for the ninth viewer, its newest picture once a second.
import {html, useEffect, useRef, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {hasRoom, liveUrl} from "../../lib/api.js";
import {useEvents} from "../../lib/use.js";
import {Note} from "../../parts/basics.js";
import {Snapshot} from "./snapshot.js";

const RETRY_MS = 3000;
const AGAIN_MS = 300;

/** The browser ends the stream only when the address is taken away, and then it can be requested anew. */
export function Moving({source}) {
  const image = useRef(null);
  const [failed, setFailed] = useState(false);
  useEvents((event) => { // no browser says that such a picture has ended
    const element = image.current;
    if (event.kind !== "service_back" || failed || !element) return;
    element.removeAttribute("src");
    setTimeout(() => { if (element.isConnected) element.src = liveUrl(source.id); }, AGAIN_MS);
  });
  useEffect(() => {
    if (failed) return undefined;
    const element = image.current;
    return () => element.removeAttribute("src");
  }, [failed]);
  useEffect(() => {
    if (!failed) return undefined;
    const control = new AbortController();
    let timer = null;
    const again = async () => {
      if (await hasRoom(source.id, control.signal)) setFailed(false);
      else if (!control.signal.aborted) timer = setTimeout(again, RETRY_MS);
    };
    timer = setTimeout(again, RETRY_MS);
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [failed]);
  if (!failed) return html`<img ref=${image} src=${liveUrl(source.id)} alt=${t("live.picture_of", {name: source.name})} onError=${() => setFailed(true)} />`;
  return html`<${Snapshot} source=${source} /><div class="over-picture"><${Note}>${t("live.not_moving")}<//></div>`;
}
