// A secret that is shown this once, with a button that copies it.
import {html} from "../lib/ui.js";
import {t} from "../lib/texts.js";
import {say, sayError} from "./toast.js";
import {Note} from "./basics.js";

export function Secret({title, value}) {
  return html`<${Note} kind="good"><div class="stack tight"><strong>${title}</strong><code class="wrap">${value}</code>
    <div><button type="button" class="button small" onClick=${() => navigator.clipboard.writeText(value).then(() => say(t("secret.copied")), sayError)}>${t("secret.copy")}</button></div></div><//>`;
}
