// The newest lines of the log; it holds no passwords, tokens or pictures.
import {html} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {useLoad} from "../../lib/use.js";
import {getLog} from "../../lib/api.js";
import {Loaded} from "../../parts/basics.js";

export function Log() {
  const load = useLoad((signal) => getLog(signal), [], {every: 5000});
  return html`<${Loaded} load=${load}>${(lines) => lines.length === 0 ? html`<p class="muted">${t("log.empty")}</p>`
    : html`<pre class="log panel" tabindex="0" aria-label=${t("log.title")}>${lines.join("\n")}</pre>`}<//>`;
}
