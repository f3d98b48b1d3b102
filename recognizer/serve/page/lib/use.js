// Hooks: load something, load it again and again, react to events and keys.
import {useCallback, useEffect, useRef, useState} from "./ui.js";
import {onConnection} from "./client.js";
import {subscribe} from "./events.js";

/**
 * Load with `load(signal)` whenever `inputs` change.
 * Returns `{data, error, loading, reload, setData}`; old data stay while new ones come.
 * @param every ms between two loads while the page is visible; none by default. A load that takes longer is waited for.
 * @param fresh load again when somebody comes back to the page.
 */
export function useLoad(load, inputs = [], {every = 0, fresh = every > 0} = {}) {
  const [state, set] = useState({data: undefined, error: null, loading: true});
  const latest = useRef(load);
  latest.current = load;
  const control = useRef(null);
  const busy = useRef(false);
  const run = useCallback(async () => {
    control.current?.abort();
    const mine = (control.current = new AbortController());
    busy.current = true;
    try {
      const data = await latest.current(mine.signal);
      if (!mine.signal.aborted) set({data, error: null, loading: false});
    } catch (error) {
      if (!mine.signal.aborted) set((old) => ({...old, error, loading: false}));
    }
    if (control.current === mine) busy.current = false;
  }, []);
  useEffect(() => {
    set((old) => ({...old, loading: true}));
    run();
    return () => control.current?.abort();
  }, inputs);
  useEffect(() => {
    if (!every) return undefined;
    const timer = setInterval(() => !busy.current && document.visibilityState === "visible" && run(), every);
    return () => clearInterval(timer);
  }, [every]);
  useEffect(() => {
    if (!fresh) return undefined;
    addEventListener("focus", run);
    return () => removeEventListener("focus", run);
  }, [fresh]);
  const again = state.error?.passes ?? false;
  useEffect(() => {
    if (!again) return undefined;
    const timer = setTimeout(run, 2000);
    return () => clearTimeout(timer);
  }, [again, state.error]);
  const setData = useCallback((change) => set((old) => ({...old, data: change(old.data)})), []);
  return {...state, reload: run, setData};
}

/** Whether the service answers, and whether a login is needed. */
export function useConnection() {
  const [state, set] = useState({offlineSince: null, mustLogIn: false});
  useEffect(() => onConnection(set), []);
  return state;
}

/** Call `listener(event)` for every event of the service, and for changes that this page made. */
export function useEvents(listener) {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => subscribe((event) => latest.current(event)), []);
}

/** Call `pressed(event)` for keys that are not typed into a field. */
export function useKeys(pressed) {
  const latest = useRef(pressed);
  latest.current = pressed;
  useEffect(() => {
    const down = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (event.target.closest?.("input, textarea, select, dialog, [contenteditable]")) return;
      latest.current(event);
    };
    addEventListener("keydown", down);
    return () => removeEventListener("keydown", down);
  }, []);
}
