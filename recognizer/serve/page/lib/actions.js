// After a correction: say what was done, offer to take it back, and tell the other parts of the page.
import {t} from "./texts.js";
import {undoAction} from "./api.js";
import {announce} from "./events.js";
import {say, sayError} from "../parts/toast.js";

const stack = [];

/**
 * Report a correction.
 * @param answer what the service answered: `{action_id, what}`.
 * @param text what to show; by default the service's own words.
 */
export function done(answer, text = answer?.what ?? t("do.done")) {
  const id = answer?.action_id;
  if (id !== undefined && id !== null) stack.push(id);
  say(text, {undo: id === undefined || id === null ? null : () => takeBack(id)});
  announce({kind: "unknowns_changed"});
  announce({kind: "history_changed"});
}

/** Take back the last correction of this page. */
export function undoLast() {
  const id = stack.at(-1);
  if (id === undefined) say(t("undo.nothing"));
  else takeBack(id);
}

export async function takeBack(id) {
  try {
    await undoAction(id);
    const at = stack.lastIndexOf(id);
    if (at >= 0) stack.splice(at, 1);
    say(t("undo.done"));
    announce({kind: "people_changed"});
    announce({kind: "unknowns_changed"});
    announce({kind: "history_changed"});
  } catch (error) {
    sayError(error);
  }
}
