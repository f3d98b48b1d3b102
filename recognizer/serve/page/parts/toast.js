// Short messages after something was done, with a button that takes it back.
import {html, useEffect, useState} from "../lib/ui.js";
import {t} from "../lib/texts.js";

const listeners = new Set();
let shown = [];
let number = 0;

/** Show a message; `undo` is called by its button. Errors stay until they are closed. */
export function say(text, {undo = null, bad = false} = {}) {
  const message = {id: ++number, text, undo, bad};
  set([...shown.slice(-2), message]);
  if (!bad) setTimeout(() => drop(message.id), undo ? 12000 : 5000);
}

export const sayError = (error) => error.name !== "AbortError" && say(error.message, {bad: true});

export function Toasts() {
  const [messages, setMessages] = useState(shown);
  useEffect(() => {
    listeners.add(setMessages);
    return () => listeners.delete(setMessages);
  }, []);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${messages.map((message) => html`<div key=${message.id} class="toast ${message.bad ? "bad" : ""}">
      <span class="wrap">${message.text}</span>
      ${message.undo
        ? html`<button class="button small" onClick=${() => { drop(message.id); message.undo(); }}>${t("do.undo")}</button>`
        : html`<button class="button small" onClick=${() => drop(message.id)}>${t("do.close")}</button>`}
    </div>`)}
  </div>`;
}

function drop(id) {
  set(shown.filter((message) => message.id !== id));
}

function set(next) {
  shown = next;
  for (const listener of listeners) listener(next);
}
