// Settings and health: cameras, what is kept and how long, what gets events, models and versions, who may use the service, a fleet's boxes, the log.
import {html} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {Tabs, ViewHead} from "../../parts/basics.js";
import {Cameras} from "./cameras.js";
import {Keeping} from "./keeping.js";
import {Health} from "./health.js";
import {Access} from "./access.js";
import {Boxes} from "./boxes.js";
import {Targets} from "./targets.js";
import {Log} from "./log.js";

const TABS = {cameras: Cameras, keeping: Keeping, targets: Targets, health: Health, access: Access, boxes: Boxes, log: Log};

export function Settings({route}) {
  const tab = TABS[route.rest[0]] ? route.rest[0] : "cameras";
  const Tab = TABS[tab];
  return html`<${ViewHead} title=${t("settings.title")} lead=${t(`settings.lead_${tab}`)} />
    <${Tabs} label=${t("settings.title")} current=${tab} tabs=${Object.keys(TABS).map((name) => [name, t(`settings.tab_${name}`), link("settings", name)])} />
    <${Tab} route=${route} />`;
}
