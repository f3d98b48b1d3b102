// Search by a picture: where and when was this face seen, named or not?
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {place, score, when} from "../../lib/format.js";
import {searchByPicture} from "../../lib/api.js";
import {Empty, Face, Failure, Loading} from "../../parts/basics.js";
import {DropZone, LocalPicture} from "../../parts/drop_zone.js";
import {FaceDialog} from "../live/face_dialog.js";
import {useLoad} from "../../lib/use.js";
import {listPeople} from "../../lib/api.js";

export function PictureSearch() {
  const [file, setFile] = useState(null);
  const [state, setState] = useState({hits: null, error: null, busy: false});
  const [shown, setShown] = useState(null);
  const people = useLoad((signal) => listPeople(signal), []);
  const search = async ([picture]) => {
    setFile(picture);
    setState({hits: null, error: null, busy: true});
    try {
      setState({...await searchByPicture(picture), error: null, busy: false});
    } catch (error) {
      setState({hits: null, error, busy: false});
    }
  };
  return html`<div class="search-columns">
    <div class="stack"><${DropZone} title=${t("search.drop")} help=${t("search.help")} onFiles=${search} />
      ${file && html`<div class="row still"><span class="thumb"><${LocalPicture} file=${file} alt=${file.name} /></span><span class="small muted clip">${file.name}</span></div>`}</div>
    <section class="panel" aria-live="polite"><h2>${t("search.results")}</h2>
      ${state.busy && html`<${Loading} />`}
      ${state.error && html`<${Failure} error=${state.error} />`}
      ${!state.busy && !state.error && !state.hits && html`<p class="muted">${t("search.none_yet")}</p>`}
      ${state.hits?.length === 0 && html`<${Empty} level=${3} icon="search" title=${t("search.nothing_title")} text=${t("search.nothing_text", {from: score(state.from)})} />`}
      ${state.hits?.length > 0 && html`<ul class="hits">${state.hits.map((hit) => html`<li key=${hit.id}><button class="hit-card" onClick=${() => setShown(hit.id)}>
        <${Face} src=${hit.crop_url} alt="" /><span class="stack tight"><strong class="clip">${hit.name ?? t("status.unknown")}</strong>
        <span class="small muted">${when(hit.time)} · ${place(hit.source)}</span><span class="small">${t("search.similarity", {value: score(hit.similarity)})}</span></span></button></li>`)}</ul>`}
    </section>
  </div>
  ${shown && html`<${FaceDialog} id=${shown} people=${people.data ?? []} onClose=${() => setShown(null)} />`}`;
}
