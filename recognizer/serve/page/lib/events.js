// One stream of the service's events for the whole page, opened when somebody listens and opened again when it breaks.
const listeners = new Set();
let source = null;
let again = null;
let broken = false;

/** Call `listener(event)` for each event; returns a function that ends it. */
export function subscribe(listener) {
  listeners.add(listener);
  open();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) close();
  };
}

/** Tell all listeners of a change that this page made: announce({kind: "people_changed"}). */
export function announce(event) {
  for (const listener of [...listeners]) listener(event);
}

function open() {
  if (source || again) return;
  source = new EventSource("/v1/events/stream");
  source.onmessage = (message) => announce(JSON.parse(message.data));
  source.onopen = () => {
    if (broken) announce({kind: "service_back"});
    broken = false;
  };
  source.onerror = () => {
    broken = true;
    if (source?.readyState !== EventSource.CLOSED) return; // the browser itself tries again
    source = null;
    again = setTimeout(() => {
      again = null;
      if (listeners.size) open();
    }, 15000);
  };
}

function close() {
  source?.close();
  source = null;
  clearTimeout(again);
  again = null;
}
