// Logs in with the code behind # of the address (the link that the service printed), or with what is typed.
import {html, render, useEffect, useState} from "./lib/ui.js";
import {logIn} from "./lib/api.js";
import {t} from "./lib/texts.js";
import {Field} from "./parts/basics.js";

function Login() {
  const [secret, setSecret] = useState("");
  const [wrong, setWrong] = useState(null);
  const enter = async (value) => {
    setWrong(null);
    try {
      await logIn(value);
      location.replace(`/${sessionStorage.getItem("after_login") ?? ""}`);
    } catch (error) {
      setWrong(error.message);
    }
  };
  useEffect(() => {
    const code = location.hash.slice(1);
    if (!code) return;
    history.replaceState(null, "", "/login");
    enter(code);
  }, []);
  return html`<div class="card">
    <div class="brand"><img src="/page/icon.svg" alt="" />recognizer</div>
    <div class="stack tight"><h1>${t("login.title")}</h1><p class="muted">${t("login.text")}</p></div>
    <form class="stack" onSubmit=${(event) => { event.preventDefault(); enter(secret.trim()); }}>
      <${Field} label=${t("login.secret")} help=${t("login.help")} wrong=${wrong}>
        ${(id) => html`<input id=${id} class="input" type="password" autocomplete="current-password" required value=${secret}
          onInput=${(event) => setSecret(event.target.value)} />`}
      <//>
      <button class="button primary" type="submit">${t("login.do")}</button>
    </form>
  </div>`;
}

render(html`<${Login} />`, document.getElementById("page"));
