// A dialog above the view. The browser keeps the focus in it, closes it on Escape and gives the focus back.
import {html, useEffect, useRef, useState} from "../lib/ui.js";
import {t} from "../lib/texts.js";
import {Icon} from "./icon.js";

const FIRST = ".dialog-body :is(input, select, textarea):not([type='file']), .dialog-foot .primary";
let dialogs = 0;

export function Dialog({title, onClose, wide = false, children}) {
  const ref = useRef(null);
  const [id] = useState(() => `dialog-${++dialogs}`);
  useEffect(() => {
    const before = document.activeElement;
    ref.current.showModal();
    ref.current.querySelector(FIRST)?.focus();
    return () => before?.isConnected && before.focus();
  }, []);
  return html`<dialog ref=${ref} class=${wide ? "wide" : ""} aria-labelledby=${id} onClose=${onClose}
      onCancel=${(event) => event.target === ref.current && onClose()}>
    <div class="dialog-head">
      <h2 id=${id}>${title}</h2>
      <button class="button quiet only-icon" aria-label=${t("do.close")} onClick=${onClose}><${Icon} name="close" /></button>
    </div>
    <div class="dialog-body">${children}</div>
  </dialog>`;
}

/** Ask before something is done: what it means, and the button that does it. */
export function Confirm({title, text, doing, danger = false, onDo, onClose, children}) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const run = async () => {
    setBusy(true);
    setError(null);
    try {
      await onDo();
      onClose();
    } catch (problem) {
      setError(problem.message);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    ${text && html`<p>${text}</p>`}
    ${children}
    ${error && html`<div class="note bad" role="alert"><${Icon} name="warn" /><span>${error}</span></div>`}
    <div class="dialog-foot">
      <button class="button" onClick=${onClose}>${t("do.cancel")}</button>
      <button class="button primary ${danger ? "danger" : ""}" disabled=${busy} onClick=${run}>${doing}</button>
    </div>
  <//>`;
}
