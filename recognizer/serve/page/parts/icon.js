// Icons: strokes on a grid of 24, in the colour of the text beside them. They are never the only sign of a meaning.
import {html} from "../lib/ui.js";

const PATHS = {
  live: "M3 7h11v10H3zM14 11l7-4v10l-7-4",
  unknown: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9.500 9.500a2.500 2.500 0 1 1 3.700 2.200c-.8.4-1.200 1-1.200 1.800M12 16.500v.01",
  people: "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7M2.500 20a6.500 6.500 0 0 1 13 0M16 4.300a3.500 3.500 0 0 1 0 6.400M18 14.200a6.500 6.500 0 0 1 3.500 5.800",
  timeline: "M4 6h9M4 12h16M10 18h10M17 6h3M4 18h2",
  trust: "M12 3l8 3v6c0 4.500-3.300 7.700-8 9-4.700-1.300-8-4.500-8-9V6zM8.500 12l2.500 2.500 4.500-5",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 16.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.500 21a7.500 7.500 0 0 1 15 0",
  warn: "M12 4l9.500 16h-19zM12 10v4.500M12 17.500v.01",
  good: "M4.500 12.500l5 5 10-11",
  close: "M6 6l12 12M18 6L6 18",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  upload: "M12 16V4M7 9l5-5 5 5M4 16v4h16v-4",
  download: "M12 4v12M7 11l5 5 5-5M4 20h16",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l5 5",
  plus: "M12 5v14M5 12h14",
  undo: "M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  off: "M3 3l18 18M10.500 7H14v3.500M14 14v3H3V7h2M14 11l7-4v10l-3-1.700",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600L19 19M5 19l1.400-1.400M17.600 6.400L19 5",
  dark: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500",
  system: "M3 5h18v11H3zM8 20h8M12 16v4",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  trash: "M4 7h16M9 7V4h6v3M6.500 7l1 13h9l1-13M10 11v5.500M14 11v5.500",
  merge: "M6 4v4a5 5 0 0 0 5 5h2a5 5 0 0 1 5 5v2M18 4v4a5 5 0 0 1-5 5",
  split: "M12 4v6M12 10l-6 6v4M12 10l6 6v4",
  hide: "M4 4l16 16M9.900 6A9.600 9.600 0 0 1 12 5.800c5 0 8.500 4 9.500 6.200a12 12 0 0 1-2.700 3.500M6 8a12 12 0 0 0-3.500 4c1 2.200 4.500 6.200 9.500 6.200a9 9 0 0 0 3.700-.8",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7.500V12l3 2",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5M12 8v.01",
  send: "M21 3L3 10.5l7 3.500 3.500 7zM21 3L10 14",
  expand: "M4 10V4h6M20 14v6h-6M4 4l6 6M20 20l-6-6",
};

/** An icon beside a text. It is hidden from screen readers, which read the text. */
export function Icon({name, big = false}) {
  return html`<svg class="icon ${big ? "big" : ""}" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
