// One track of the history: its pictures, why it was decided so, and corrections.
import {html} from "../../lib/ui.js";
import {FaceDialog} from "../live/face_dialog.js";

export function TrackDialog({id, people, onClose}) {
  return html`<${FaceDialog} face=${{track_id: id, history_id: id, name: null, similarity: null}} people=${people} onClose=${onClose} />`;
}
