// After a correction: say what was done, offer to take it back, and tell the other parts of the page.
import {t} from "./texts.js";
import {getTrack, undoAction} from "./api.js";
import {ServiceError} from "./client.js";
import {announce} from "./events.js";
import {say, sayError} from "../parts/toast.js";

const stack = [];
const EVERY_MS = 3000;
const TRIES = 40; // two minutes: a face is saved when it leaves the picture, or after 30 s

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

/**
 * Correct a face as soon as the history has it, and say what came of it.
 * @param find returns the history's id of its track, or null where it is not saved yet.
 * @param act called with the track; it may throw "no_card", where the face is not on a card yet.
 */
export async function whenSaved(find, act, text) {
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const id = await find();
      const answer = id === null ? null : await getTrack(id).then(act).catch(notYet);
      if (answer) return done(answer, text);
      await new Promise((later) => setTimeout(later, EVERY_MS));
    }
    throw new ServiceError("not_saved", t("face.never_saved"));
  } catch (error) {
    return sayError(error);
  }
}

const notYet = (error) => {
  if (!error.passes && error.code !== "no_card") throw error;
  return null;
};

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
