// Unknown: people without a name, one card each, to be named with few keys.
import {html, useEffect, useMemo, useRef, useState} from "../../lib/ui.js";
import {go, link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {useEvents, useKeys, useLoad} from "../../lib/use.js";
import {decideUnknown, listPeople, listUnknowns, mergeUnknowns} from "../../lib/api.js";
import {done, undoLast} from "../../lib/actions.js";
import {sayError} from "../../parts/toast.js";
import {Confirm} from "../../parts/dialog.js";
import {Empty, Loaded, Segments, ViewHead} from "../../parts/basics.js";
import {ActionBar} from "./action_bar.js";
import {ClusterCard} from "./cluster_card.js";
import {NameDialog} from "./name_dialog.js";
import {SplitDialog} from "./split_dialog.js";
import {step} from "./arrows.js";

const STATES = ["open", "ignored", "discarded"];

export function Unknown({route}) {
  const state = STATES.includes(route.query.get("state")) ? route.query.get("state") : "open";
  const load = useLoad((signal) => listUnknowns({state}, signal), [state], {every: 30000});
  const people = useLoad((signal) => listPeople(signal), []);
  const [current, setCurrent] = useState(0);
  const [selected, setSelected] = useState(() => new Set());
  const [ask, setAsk] = useState(null);
  const list = useRef(null);
  const items = load.data?.items ?? [];
  const at = Math.min(current, Math.max(0, items.length - 1));
  const chosen = useMemo(() => {
    const marked = items.filter(({id}) => selected.has(id));
    return marked.length ? marked : items.slice(at, at + 1);
  }, [items, selected, at]);

  useEvents((event) => event.kind === "unknowns_changed" && load.reload());
  useEffect(() => setSelected(new Set()), [state]);
  useEffect(() => {
    const lost = document.activeElement === document.body || document.activeElement?.id === "view";
    if (items.length && lost) card(list.current, at)?.focus({preventScroll: true});
  }, [load.data]);

  const move = (to) => {
    setCurrent(to);
    card(list.current, to)?.focus();
  };
  const toggle = (item) => setSelected((old) => {
    const next = new Set(old);
    if (!next.delete(item.id)) next.add(item.id);
    return next;
  });
  const run = async (action) => {
    try {
      for (const item of chosen) done(await decideUnknown(item.id, action), t(`unknown.did_${action}`, {count: item.count}));
    } catch (error) {
      sayError(error);
    }
    setSelected(new Set());
  };
  const act = (action) => {
    if (chosen.length === 0) return;
    if (["name", "split"].includes(action) || chosen.length > 1) setAsk(action);
    else run(action);
  };
  const early = useRef(null); // what is typed after N, until the field for it is there
  useKeys((event) => {
    if (early.current !== null && event.key.length === 1) {
      early.current += event.key;
      event.preventDefault();
      return;
    }
    if (ask) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "z") undoLast();
    else if (items.length === 0) return;
    else if (event.key.startsWith("Arrow")) move(step(event.key, at, list.current));
    else if (key === " " && event.target.closest?.(".cluster") && event.target.tagName !== "BUTTON") toggle(items[at]);
    else if (key === "n") {
      early.current = "";
      act("name");
    }
    else if (key === "i" && state === "open") act("ignore");
    else if (key === "x" && state === "open") act("discard");
    else if (key === "m" && chosen.length > 1) setAsk("merge");
    else if (key === "s" && chosen.length === 1) setAsk("split");
    else return;
    event.preventDefault();
  });
  const close = () => setAsk(null);
  const finish = () => { setSelected(new Set()); close(); };

  return html`<${ViewHead} title=${t("unknown.title")} lead=${t(`unknown.lead_${state}`)}>
      <${Segments} label=${t("unknown.shown")} value=${state} onChange=${(next) => go("unknown", {state: next})}
        choices=${STATES.map((name) => [name, t(`unknown.state_${name}`)])} />
    <//>
    <${Loaded} load=${load}>${() => items.length === 0
      ? html`<div class="card"><${Empty} icon="unknown" title=${t(`unknown.none_${state}_title`)} text=${t(`unknown.none_${state}_text`)}>
          <a class="button" href=${link("live")}>${t("unknown.to_live")}</a><//></div>`
      : html`<ul class="clusters" ref=${list} aria-label=${t("unknown.title")}>
          ${items.map((item, index) => html`<${ClusterCard} key=${item.id} item=${item} isCurrent=${index === at} isSelected=${selected.has(item.id)}
            onFocus=${() => setCurrent(index)} onToggle=${() => toggle(item)} />`)}
        </ul>
        <${ActionBar} state=${state} chosen=${chosen} marked=${selected.size} onAct=${act} onMerge=${() => setAsk("merge")} onClear=${() => setSelected(new Set())} />`}<//>
    ${ask === "name" && html`<${NameDialog} chosen=${chosen} people=${people.data ?? []} early=${early} onClose=${close} onDone=${finish} />`}
    ${ask === "split" && chosen.length === 1 && html`<${SplitDialog} item=${chosen[0]} onClose=${close} />`}
    ${["ignore", "discard"].includes(ask) && html`<${Confirm} title=${t(`unknown.${ask}_title`, {count: chosen.length})} onClose=${close}
      text=${t(`unknown.${ask}_text`, {count: sightings(chosen)})} doing=${t(`unknown.${ask}`)} onDo=${() => run(ask)} />`}
    ${ask === "merge" && html`<${Confirm} title=${t("unknown.merge_title", {count: chosen.length})} onClose=${close} doing=${t("unknown.merge")}
      text=${t("unknown.merge_text", {count: sightings(chosen)})}
      onDo=${async () => { done(await mergeUnknowns(chosen.map(({id}) => id)), t("unknown.did_merge")); finish(); }} />`}`;
}

const sightings = (items) => items.reduce((sum, {count}) => sum + count, 0);
const card = (list, at) => list?.querySelectorAll(".cluster")[at];
