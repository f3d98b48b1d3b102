// A small picture of an enrolled person, loaded when it comes into view.
import {html, useEffect, useRef, useState} from "../../lib/ui.js";
import {thumbOf} from "../../lib/api.js";
import {Face} from "../../parts/basics.js";

export function Thumb({id}) {
  const place = useRef(null);
  const [src, setSrc] = useState(null);
  useEffect(() => {
    const control = new AbortController();
    const watch = new IntersectionObserver(([seen]) => {
      if (!seen.isIntersecting) return;
      watch.disconnect();
      thumbOf(id, control.signal).then(setSrc, () => {}); // without a picture the silhouette stays
    });
    watch.observe(place.current);
    return () => {
      watch.disconnect();
      control.abort();
    };
  }, [id]);
  return html`<span ref=${place} class="thumb"><${Face} src=${src} alt="" /></span>`;
}
