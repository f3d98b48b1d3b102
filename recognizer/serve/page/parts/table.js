// A table; on a phone each row is a small card, with the columns' names beside the values.
import {html} from "../lib/ui.js";

/**
 * @param columns [[key, title, {right, bare}], ...]: `right` for numbers; `bare`: its title is only heard.
 * @param rows [{id, key: content, ...}, ...]
 */
export function Table({label, columns, rows}) {
  const side = ({right} = {}) => (right ? "right" : "");
  return html`<div class="table-wrap"><table role="table" aria-label=${label}>
    <thead role="rowgroup"><tr role="row">${columns.map(([key, title, options]) => html`<th key=${key} role="columnheader" scope="col" class=${side(options)}>${
      options?.bare ? html`<span class="heard">${title}</span>` : title}</th>`)}</tr></thead>
    <tbody role="rowgroup">${rows.map((row) => html`<tr key=${row.id} role="row">${columns.map(([key, title, options]) => html`<td key=${key} role="cell"
      class=${side(options)} data-title=${options?.bare ? undefined : title}>${row[key]}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}
