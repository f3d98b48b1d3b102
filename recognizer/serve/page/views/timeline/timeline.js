// Timeline and search: who was where when; by a picture; reports.
import {html} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {Tabs, ViewHead} from "../../parts/basics.js";
import {Days} from "./days.js";
import {PictureSearch} from "./picture_search.js";
import {Reports} from "./reports.js";

const TABS = {days: Days, search: PictureSearch, reports: Reports};

export function Timeline({route}) {
  const tab = TABS[route.rest[0]] ? route.rest[0] : "days";
  const Tab = TABS[tab];
  return html`<${ViewHead} title=${t("timeline.title")} lead=${t(`timeline.lead_${tab}`)} />
    <${Tabs} label=${t("timeline.title")} current=${tab}
      tabs=${Object.keys(TABS).map((name) => [name, t(`timeline.tab_${name}`), link("timeline", name)])} />
    <${Tab} route=${route} />`;
}
