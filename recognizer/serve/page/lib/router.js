// Views are addressed by the part after "#": #/people/Ada%20Lovelace?tab=photos
import {useEffect, useState} from "./ui.js";

/** Return the current address: `{view, rest: [...], query: URLSearchParams}`. */
export function parse(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view, ...rest] = path.split("/").filter(Boolean).map(decode);
  return {view: view ?? "live", rest, query: new URLSearchParams(query)};
}

/** Make an address: link("people", name), link("timeline", {person: name}). */
export function link(...parts) {
  const last = parts.at(-1);
  const query = typeof last === "object" ? new URLSearchParams(Object.entries(parts.pop()).filter(([, v]) => v)) : "";
  const text = String(query);
  return "#/" + parts.map(encodeURIComponent).join("/") + (text ? `?${text}` : "");
}

export function go(...parts) {
  location.hash = link(...parts);
}

export function useRoute() {
  const [route, set] = useState(parse());
  useEffect(() => {
    const changed = () => set(parse());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
