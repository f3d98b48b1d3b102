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
export const offers = (document, method, path) => operation(document, method, path) !== undefined;

/** True if a route takes a parameter in its address. */
export const takes = (document, method, path, name) => Boolean(operation(document, method, path)?.parameters?.some((each) => each.name === name));

function operation(document, method, path) {
  const found = Object.keys(document?.paths ?? {}).find((known) => known.replace(/\{[^}]*\}/g, "{}") === path);
  return found === undefined ? undefined : document.paths[found][method.toLowerCase()];
}

/** True if a model of the service has a field: ("Person", "hidden"). */
export const hasField = (document, model, field) => field in (document.components?.schemas?.[model]?.properties ?? {});

/** The document, or null while it loads. */
export function useDescribed() {
  const [document, set] = useState(null);
  useEffect(() => { described().then(set); }, []);
  return document;
}
