// Who may use the service: tokens for programs, and the browsers that are logged in.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {date, names, when} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {endOtherSessions, endSession, getSession, listSessions, listTokens, logOut, makeToken, revokeToken} from "../../lib/api.js";
import {say, sayError} from "../../parts/toast.js";
import {Confirm} from "../../parts/dialog.js";
import {Failure, Field, Loaded} from "../../parts/basics.js";
import {Secret} from "../../parts/secret.js";

const SCOPES = ["read", "verify", "review", "admin"];
const DAYS = [0, 1, 7, 30, 365];

const may = (scopes) => names((scopes.includes("admin") ? ["admin"] : scopes).map((scope) => t(`access.${scope}`)));

export function Access() {
  const sessions = useLoad((signal) => listSessions(signal), [], {every: 10000});
  const tokens = useLoad((signal) => listTokens(signal), [], {fresh: true});
  return html`<div class="two-columns">
    <${Tokens} load=${tokens} onChanged=${() => { tokens.reload(); sessions.reload(); }} />
    <${Browsers} load=${sessions} />
  </div>`;
}

function Tokens({load, onChanged}) {
  const [out, setOut] = useState(null);
  return html`<section class="panel"><h2>${t("access.tokens")}</h2><p class="small muted">${t("access.tokens_text")}</p>
    <${Loaded} load=${load}>${(found) => html`
      ${found.length === 0 ? html`<p class="muted">${t("access.no_tokens")}</p>` : html`<ul class="lines">${found.map((token) => html`<li key=${token.name} class="row still apart">
        <span class="grow wrap"><strong>${token.name}</strong><br /><span class="small muted">${[
          t("access.may_what", {what: may(token.scopes)}), token.expires_at && t("access.until", {date: date(token.expires_at)}),
          token.sessions > 0 && t("access.browsers", {count: token.sessions}),
        ].filter(Boolean).join(" · ")}</span></span>
        <button class="button small danger" aria-label=${t("access.revoke_one", {name: token.name})} onClick=${() => setOut(token)}>${t("access.revoke")}</button></li>`)}</ul>`}
      <${NewToken} onMade=${onChanged} />`}<//>
    ${out && html`<${Confirm} danger title=${t("access.revoke_title", {name: out.name})} doing=${t("access.revoke")} onClose=${() => setOut(null)}
      text=${[t("access.revoke_text"), out.sessions > 0 && t("access.revoke_browsers", {count: out.sessions})].filter(Boolean).join(" ")}
      onDo=${async () => { await revokeToken(out.name); say(t("access.revoked", {name: out.name})); onChanged(); }} />`}
  </section>`;
}

function NewToken({onMade}) {
  const [form, setForm] = useState({name: "", scope: "read", days: 0});
  const [made, setMade] = useState(null);
  const [error, setError] = useState(null);
  const send = async (event) => {
    event.preventDefault();
    setError(null);
    setMade(null);
    try {
      setMade(await makeToken({name: form.name.trim(), scopes: [form.scope], ...(form.days ? {days: form.days} : {})}));
      setForm({...form, name: ""});
      onMade();
    } catch (problem) {
      setError(problem);
    }
  };
  const select = (name, choices) => (id) => html`<select id=${id} class="input" value=${form[name]}
    onChange=${(event) => setForm({...form, [name]: name === "days" ? Number(event.target.value) : event.target.value})}>
    ${choices.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}</select>`;
  return html`<form class="stack" onSubmit=${send}><h3>${t("access.new")}</h3>
    <div class="fields"><${Field} label=${t("access.name")}>${(id) => html`<input id=${id} class="input" required maxlength="100" autocomplete="off" placeholder=${t("access.name_example")} value=${form.name}
        onInput=${(event) => setForm({...form, name: event.target.value})} />`}<//>
      <${Field} label=${t("access.may")} help=${t(`access.${form.scope}_help`)}>${select("scope", SCOPES.map((one) => [one, t(`access.${one}`)]))}<//>
      <${Field} label=${t("access.good_for")}>${select("days", DAYS.map((days) => [days, days ? t("time.days", {count: days}) : t("access.always")]))}<//></div>
    ${error && html`<${Failure} error=${error} />`}
    <div><button class="button" type="submit">${t("access.make")}</button></div>
    ${made && html`<${Secret} title=${t("access.shown_once", {name: made.name})} value=${made.secret} />`}
  </form>`;
}

function Browsers({load}) {
  const me = useLoad((signal) => getSession(signal), []);
  const end = (work) => work.then(() => load.reload(), sayError);
  return html`<section class="panel"><h2>${t("access.browsers_title")}</h2>
    <${Loaded} load=${me}>${(who) => html`<div class="row apart"><span>${t("access.you", {name: who.name, what: may(who.scopes)})}</span>
      <button class="button small" onClick=${() => logOut().then(() => location.assign("/login"), sayError)}>${t("access.log_out")}</button></div>`}<//>
    <p class="small muted">${t("access.browsers_text")}</p>
    <${Loaded} load=${load}>${(found) => html`<ul class="lines">${found.map((session) => html`<li key=${session.id} class="row still apart">
      <span class="grow wrap"><strong>${session.began_with === "login_link" ? t("access.login_link") : session.name}</strong>${session.current && html` <span class="chip accent">${t("access.this_browser")}</span>`}<br />
        <span class="small muted">${t("access.since", {when: when(session.created_at)})} · ${t("access.may_what", {what: may(session.scopes)})}</span></span>
      ${!session.current && html`<button class="button small danger" onClick=${() => end(endSession(session.id))}>${t("access.end")}</button>`}</li>`)}</ul>
      ${found.length > 1 && html`<div><button class="button small" onClick=${() => end(endOtherSessions().then(({ended}) => say(t("access.ended", {count: ended}))))}>${t("access.end_others")}</button></div>`}`}<//>
  </section>`;
}
