// Talks to the service: requests, errors in one form, and whether the service answers at all.
import {has, t} from "./texts.js";

const PASSING = [
  "offline", "too_slow", "busy", "model_loading", "history_loading", "recognition_starting", "recognition_busy", "recognition_away",
];

/** What went wrong: `code` is the service's, or "offline", "not_available", "too_slow". */
export class ServiceError extends Error {
  constructor(code, message, {status = 0, details = null, requestId = null} = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
    this.requestId = requestId;
  }

  /** True if asking again by itself makes sense. */
  get passes() {
    return PASSING.includes(this.code);
  }
}

const listeners = new Set();
let offlineSince = null;
let mustLogIn = false;

/** Call `listener({offlineSince, mustLogIn})` now and on every change; returns a function that ends it. */
export function onConnection(listener) {
  listeners.add(listener);
  listener({offlineSince, mustLogIn});
  return () => listeners.delete(listener);
}

/**
 * Ask the service. `body` is an object (sent as JSON) or FormData.
 * Returns the answer's JSON, or null where it has none.
 * Throws ServiceError, whose message can be shown to the user.
 */
export async function request(method, path, {body, signal, timeout = 30000} = {}) {
  const headers = {Accept: "application/json"};
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
  const late = AbortSignal.timeout(timeout);
  let answer;
  try {
    answer = await fetch(path, {
      method, headers, credentials: "same-origin", cache: "no-store",
      body: body === undefined || isForm ? body : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
  } catch (problem) {
    if (signal?.aborted) throw problem;
    if (late.aborted) throw new ServiceError("too_slow", t("errors.too_slow"));
    setOffline(true);
    throw new ServiceError("offline", t("errors.offline"));
  }
  setOffline(false);
  const content = await read(answer);
  if (answer.ok) return content;
  throw asError(answer, content);
}

export const get = (path, options) => request("GET", path, options);
export const post = (path, body, options) => request("POST", path, {...options, body: body ?? {}});
export const patch = (path, body, options) => request("PATCH", path, {...options, body});
export const remove = (path, options) => request("DELETE", path, options);

/** "/v1/tracks" and {since, person: undefined} -> "/v1/tracks?since=..." */
export function withQuery(path, values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

async function read(answer) {
  const type = answer.headers.get("Content-Type") ?? "";
  if (answer.status === 204) return null;
  if (type.startsWith("image/")) return answer.blob();
  return type.includes("json") ? answer.json() : answer.text();
}

function asError(answer, content) {
  const said = content?.error ?? {};
  const routeIsMissing = [undefined, "not_found", "method_not_allowed"].includes(said.code) && [404, 405].includes(answer.status);
  const code = routeIsMissing ? "not_available" : (said.code ?? `http_${answer.status}`);
  if (answer.status === 401 && location.pathname !== "/login") {
    mustLogIn = true;
    notify();
  }
  const own = `errors.${code}`;
  const message = has(own) ? t(own) : (said.message ?? t("errors.other", {status: answer.status}));
  return new ServiceError(code, message, {
    status: answer.status, details: said.details ?? null, requestId: content?.request_id ?? null,
  });
}

function setOffline(isOffline) {
  if (isOffline === (offlineSince !== null)) return;
  offlineSince = isOffline ? Date.now() : null;
  notify();
  if (isOffline) setTimeout(knock, 1000);
}

async function knock() {
  try {
    await fetch("/healthz", {cache: "no-store", signal: AbortSignal.timeout(3000)});
    setOffline(false);
  } catch {
    setTimeout(knock, 2000);
  }
}

function notify() {
  for (const listener of listeners) listener({offlineSince, mustLogIn});
}
