// Trust: how often a name may be wrong, how often it was, and what moves the threshold.
import {html} from "../../lib/ui.js";
import {link} from "../../lib/router.js";
import {t} from "../../lib/texts.js";
import {Tabs, ViewHead} from "../../parts/basics.js";
import {Calibrate} from "./calibrate.js";
import {Now} from "./now.js";
import {Replay} from "./replay.js";

const TABS = {now: Now, calibrate: Calibrate, replay: Replay};

export function Trust({route}) {
  const tab = TABS[route.rest[0]] ? route.rest[0] : "now";
  const Tab = TABS[tab];
  return html`<${ViewHead} title=${t("trust.title")} lead=${t(`trust.lead_${tab}`)} />
    <${Tabs} label=${t("trust.title")} current=${tab} tabs=${Object.keys(TABS).map((name) => [name, t(`trust.tab_${name}`), link("trust", name)])} />
    <${Tab} />`;
}
