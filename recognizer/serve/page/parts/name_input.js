// A field for a person's name that completes over the people who are known (the ARIA combobox pattern).
import {html, useEffect, useRef, useState} from "../lib/ui.js";
import {t} from "../lib/texts.js";

let fields = 0;

/**
 * The list stands between the field and what follows, and stays when the field is left: a button below must not move
 * away while it is pressed.
 * @param people [{id, name}]; those whose name, or a word of it, begins with the text come first.
 * @param onChoose called with a name, and the key when Enter is pressed; or when an entry is clicked.
 */
export function NameInput({people, value, onInput, onChoose, label, autofocus = false, describedby}) {
  const [id] = useState(() => `name-${++fields}`);
  const [open, setOpen] = useState(autofocus && value !== ""); // typed before the field was there
  const [active, setActive] = useState(0);
  const input = useRef(null);
  useEffect(() => { if (autofocus) input.current.focus(); }, []);
  const found = matching(people, value);
  const choice = found[active]?.name;
  const isNew = value.trim() && !people.some(({name}) => name.toLowerCase() === value.trim().toLowerCase());
  const options = isNew ? [...found.map(({name}) => name), value.trim()] : found.map(({name}) => name);
  const choose = (name, event) => {
    setOpen(false);
    onInput(name);
    onChoose?.(name, event);
  };
  const down = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : options.length - 1;
      setActive((at) => (options.length ? (at + step) % options.length : 0));
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      const name = (open && options[active]) || choice || value.trim();
      if (name) choose(name, event);
    } else if (event.key === "Escape" && open && options.length && value) {
      event.preventDefault();
      setOpen(false);
    }
  };
  const listed = open && options.length > 0;
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <div class="complete">
      <input ref=${input} id=${id} class="input" type="text" role="combobox" autocomplete="off" spellcheck=${false} maxlength="255"
        aria-autocomplete="list" aria-expanded=${listed ? "true" : "false"} aria-controls=${`${id}-list`} aria-describedby=${describedby}
        aria-activedescendant=${listed ? `${id}-${active}` : undefined} value=${value} onKeyDown=${down}
        onInput=${(event) => { onInput(event.target.value); setActive(0); setOpen(true); }} />
      <ul id=${`${id}-list`} role="listbox" aria-label=${label} hidden=${!listed}>
        ${listed && options.map((name, at) => html`<li key=${name} id=${`${id}-${at}`} role="option"
            aria-selected=${at === active ? "true" : "false"} onMouseDown=${(event) => { event.preventDefault(); choose(name); }}>
          <span class="clip">${name}</span>
          ${isNew && at === options.length - 1 && html`<span class="small">${t("name.new")}</span>`}
        </li>`)}
      </ul>
    </div>
  </div>`;
}

/** People whose name fits what was typed, the best first; at most eight. */
export function matching(people, typed) {
  const text = fold(typed.trim());
  if (!text) return [];
  const rank = ({name}) => {
    const folded = fold(name);
    if (folded.startsWith(text)) return 0;
    if (folded.split(/\s+/).some((word) => word.startsWith(text))) return 1;
    return folded.includes(text) ? 2 : 3;
  };
  return people.map((person) => [rank(person), person]).filter(([at]) => at < 3)
    .sort((a, b) => a[0] - b[0]).slice(0, 8).map(([, person]) => person);
}

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
