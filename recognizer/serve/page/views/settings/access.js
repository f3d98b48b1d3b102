// Who may use the service: tokens for programs, and this browser's session.
import {html, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {date, names} from "../../lib/format.js";
import {useLoad} from "../../lib/use.js";
import {getSession, listTokens, logOut, makeToken, revokeToken} from "../../lib/api.js";
import {say, sayError} from "../../parts/toast.js";
import {Confirm} from "../../parts/dialog.js";
import {Failure, Field, Loaded, Note} from "../../parts/basics.js";

const COMMANDS = ["create door --scope read", "list", "revoke door"].map((words) => `python main.py serve token ${words}`);
const SCOPES = ["read", "verify", "review", "admin"];

export function Access() {
  const session = useLoad((signal) => getSession(signal), []);
  const tokens = useLoad((signal) => listTokens(signal), []);
  const [out, setOut] = useState(null);
  return html`<div class="two-columns">
    <section class="panel"><h2>${t("access.tokens")}</h2><p class="small muted">${t("access.tokens_text")}</p>
      <${OrCommand} load=${tokens}>${(found) => html`
        ${found.length === 0 ? html`<p class="muted">${t("access.no_tokens")}</p>` : html`<ul class="lines">${found.map((token) => html`<li key=${token.name} class="row still apart">
          <span class="grow"><strong class="wrap">${token.name}</strong><br /><span class="small muted">${names(token.scopes.map((scope) => t(`access.${scope}`)))}${
            token.expires_at ? ` · ${t("access.until", {date: date(token.expires_at)})}` : ""}</span></span>
          <button class="button small danger" onClick=${() => setOut(token)}>${t("access.revoke")}</button></li>`)}</ul>`}
        <${NewToken} onMade=${tokens.reload} />`}<//>
    </section>
    <section class="panel"><h2>${t("access.session")}</h2>
      <${Loaded} load=${session}>${(who) => html`<p>${t("access.you", {name: who.name, scopes: names((who.scopes.includes("admin") ? ["admin"] : who.scopes).map((scope) => t(`access.${scope}`)))})}</p>
        <div><button class="button" onClick=${() => logOut().then(() => location.assign("/login"), sayError)}>${t("access.log_out")}</button></div>`}<//>
    </section></div>
    ${out && html`<${Confirm} danger title=${t("access.revoke_title", {name: out.name})} text=${t("access.revoke_text")} doing=${t("access.revoke")} onClose=${() => setOut(null)}
      onDo=${async () => { await revokeToken(out.name); say(t("access.revoked", {name: out.name})); tokens.reload(); }} />`}`;
}

/** The tokens, or the commands for them where this service has no route. */
function OrCommand({load, children}) {
  if (load.error?.code !== "not_available") return html`<${Loaded} load=${load}>${children}<//>`;
  return html`<p>${t("access.on_command_line")}</p>
    ${COMMANDS.map((command) => html`<code key=${command} class="command wrap">${command}</code>`)}`;
}

function NewToken({onMade}) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState("read");
  const [made, setMade] = useState(null);
  const [error, setError] = useState(null);
  const send = async (event) => {
    event.preventDefault();
    setError(null);
    try {
      setMade(await makeToken({name: name.trim(), scopes: [scope]}));
      setName("");
      onMade();
    } catch (problem) {
      setError(problem);
    }
  };
  return html`<form class="stack" onSubmit=${send}><h3>${t("access.new")}</h3>
    <div class="fields"><${Field} label=${t("access.name")}>${(id) => html`<input id=${id} class="input" required maxlength="100" value=${name} onInput=${(event) => setName(event.target.value)} />`}<//>
      <${Field} label=${t("access.may")}>${(id) => html`<select id=${id} class="input" value=${scope} onChange=${(event) => setScope(event.target.value)}>
        ${SCOPES.map((one) => html`<option key=${one} value=${one}>${t(`access.${one}`)}</option>`)}</select>`}<//></div>
    ${error && html`<${Failure} error=${error} />`}
    <div><button class="button" type="submit">${t("access.make")}</button></div>
    ${made && html`<${Note} kind="good"><strong>${t("access.shown_once")}</strong><br /><code class="wrap">${made.token}</code><//>`}
  </form>`;
}
