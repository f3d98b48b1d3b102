// Live: all cameras, one camera large, and what happens.
import {html} from "../../lib/ui.js";
import {go, link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {useEvents, useLoad} from "../../lib/use.js";
import {listPeople, listSources} from "../../lib/api.js";
import {ViewHead, Empty, Loaded} from "../../parts/basics.js";
import {Icon} from "../../parts/icon.js";
import {CameraTile} from "./camera_tile.js";
import {CameraLarge} from "./camera_large.js";
import {EventList} from "./event_list.js";
import {FirstSteps} from "./first_steps.js";

export function Live({route}) {
  const sources = useLoad((signal) => listSources(signal), [], {every: route.rest[0] ? 500 : 1000});
  const people = useLoad((signal) => listPeople(signal), []);
  useEvents((event) => {
    if (event.kind === "people_changed") people.reload();
    if (["source_lost", "source_back", "sources_changed"].includes(event.kind)) sources.reload();
  });
  const chosen = sources.data?.find(({id}) => id === route.rest[0]);
  if (chosen) {
    return html`<${CameraLarge} source=${chosen} people=${people.data ?? []} onClose=${() => go("live")} />`;
  }
  return html`<${ViewHead} title=${t("live.title")} lead=${sources.data?.length ? summary(sources.data) : t("live.lead")}>
      <a class="button" href=${link("settings", "cameras", "add")}><${Icon} name="plus" />${t("live.add_camera")}</a>
    <//>
    <${FirstSteps} sources=${sources.data} people=${people.data} />
    <${Loaded} load=${sources}>${(found) => html`<div class="live-columns">
      ${found.length === 0
        ? html`<div class="card"><${Empty} icon="camera" title=${t("live.none_title")} text=${t("live.none_text")}>
            <a class="button primary" href=${link("settings", "cameras", "add")}>${t("live.add_camera")}</a><//></div>`
        : html`<ul class="tiles ${found.length === 1 ? "single" : ""}" aria-label=${t("live.cameras")}>
            ${found.map((source) => html`<li key=${source.id}><${CameraTile} source=${source} /></li>`)}</ul>`}
      <${EventList} />
    </div>`}<//>`;
}

function summary(sources) {
  const live = sources.filter(({hasPicture}) => hasPicture).length;
  const people = sources.flatMap((source) => source.people);
  const seen = new Set(people.filter(({name}) => name).map(({name}) => name)).size;
  const unknown = people.filter(({name}) => !name).length;
  const who = seen + unknown === 0 ? t("live.nobody") : [
    seen && t("live.known", {count: seen}), unknown && t("live.unknown", {count: unknown}),
  ].filter(Boolean).join(", ");
  return `${t("live.cameras_live", {count: sources.length, live})} · ${who}`;
}
