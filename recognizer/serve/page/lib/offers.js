// What this service can do, from its own description, so that the page offers nothing that would fail.
import {useEffect, useState} from "./ui.js";

let description = null;

/** Return the service's OpenAPI document; an empty one where there is none. */
export function described() {
  description ??= fetch("/openapi.json").then((answer) => (answer.ok ? answer.json() : {paths: {}}))
    .catch(() => {
      description = null;
      return {paths: {}};
    });
  return description;
}

/** True if a route exists: ("POST", "/v1/people/merge"), ("GET", "/v1/people/{}"). */
export function offers(document, method, path) {
  const wanted = path.replace(/\{\}/g, "{}");
  const found = Object.keys(document.paths ?? {}).find((known) => known.replace(/\{[^}]*\}/g, "{}") === wanted);
  return found !== undefined && method.toLowerCase() in document.paths[found];
}

/** True if a model of the service has a field: ("Person", "hidden"). */
export const hasField = (document, model, field) => field in (document.components?.schemas?.[model]?.properties ?? {});

/** The document, or null while it loads. */
export function useDescribed() {
  const [document, set] = useState(null);
  useEffect(() => { described().then(set); }, []);
  return document;
}
