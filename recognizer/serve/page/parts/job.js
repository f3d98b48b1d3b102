// How far a long piece of work is, and a way to stop it.
import {html} from "../lib/ui.js";
import {t} from "../lib/texts.js";
import {cancelJob} from "../lib/api.js";
import {Bar} from "./basics.js";
import {sayError} from "./toast.js";

export function JobProgress({job}) {
  const share = job.total ? job.done / job.total : 0;
  return html`<div class="panel" role="status">
    <div class="row apart"><span>${job.message || t(`job.${job.state ?? "queued"}`)}${job.total ? ` · ${job.done} / ${job.total}` : ""}</span>
      ${job.id && html`<button class="button small" onClick=${() => cancelJob(job.id).catch(sayError)}>${t("do.cancel")}</button>`}</div>
    <${Bar} share=${share} />
  </div>`;
}
