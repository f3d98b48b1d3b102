// The page: navigation, banners, and the view that the address names.
import {html, render, useEffect, useRef} from "./lib/ui.js";
import {link, useRoute} from "./lib/router.js";
import {language, t} from "./lib/texts.js";
import {THEMES, useTheme} from "./lib/theme.js";
import {timeWithSeconds} from "./lib/format.js";
import {useConnection, useEvents, useLoad} from "./lib/use.js";
import {listUnknowns} from "./lib/api.js";
import {Icon} from "./parts/icon.js";
import {Toasts} from "./parts/toast.js";
import {Live} from "./views/live/live.js";
import {Unknown} from "./views/unknown/unknown.js";
import {People} from "./views/people/people.js";
import {Timeline} from "./views/timeline/timeline.js";
import {Trust} from "./views/trust/trust.js";
import {Settings} from "./views/settings/settings.js";

const VIEWS = {live: Live, unknown: Unknown, people: People, timeline: Timeline, trust: Trust, settings: Settings};

function Page() {
  const connection = useConnection();
  const route = useRoute();
  const main = useRef(null);
  const first = useRef(true);
  const name = VIEWS[route.view] ? route.view : "live";
  useEffect(() => {
    document.title = `${t(`nav.${name}`)} · recognizer`;
    if (first.current) first.current = false;
    else {
      main.current?.focus({preventScroll: true});
      scrollTo(0, 0);
    }
  }, [name]);
  useEffect(() => {
    if (!connection.mustLogIn) return;
    sessionStorage.setItem("after_login", location.hash);
    location.replace("/login");
  }, [connection.mustLogIn]);
  const View = VIEWS[name];
  return html`<a class="button primary skip" href="#view" onClick=${(event) => { event.preventDefault(); main.current.focus(); }}>${t("skip")}</a>
    <div class="shell">
      <${Side} current=${name} />
      <div class="main">
        ${connection.offlineSince && html`<div class="banner bad" role="alert"><${Icon} name="off" />
          ${t("errors.offline_since", {time: timeWithSeconds(connection.offlineSince)})}</div>`}
        <main class="view" id="view" tabindex="-1" ref=${main}><${View} route=${route} key=${name} /></main>
      </div>
    </div>
    <${Toasts} />`;
}

function Side({current}) {
  const unknowns = useLoad((signal) => listUnknowns({}, signal), [], {every: 60000});
  useEvents((event) => event.kind === "unknowns_changed" && unknowns.reload());
  const waiting = unknowns.data?.items.length ?? 0;
  return html`<header class="side">
    <a class="brand" href=${link("live")}><img src="/page/icon.svg" alt="" />recognizer</a>
    <nav class="nav" aria-label=${t("nav.label")}>
      ${Object.keys(VIEWS).map((name) => html`<a key=${name} href=${link(name)} aria-current=${name === current ? "page" : undefined}>
        <${Icon} name=${name} /><span>${t(`nav.${name}`)}</span>
        ${name === "unknown" && waiting > 0 && html`<span class="count" aria-label=${t("nav.waiting", {count: waiting})}>${waiting}</span>`}
      </a>`)}
    </nav>
    <div class="side-foot"><${ThemeButton} /></div>
  </header>`;
}

function ThemeButton() {
  const [theme, choose] = useTheme();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  return html`<button class="button quiet small" onClick=${() => choose(next)} title=${t("theme.change", {next: t(`theme.${next}`)})}
    aria-label=${t("theme.label", {now: t(`theme.${theme}`), next: t(`theme.${next}`)})}>
    <${Icon} name=${theme} /><span class="label">${t(`theme.${theme}`)}</span></button>`;
}

document.documentElement.lang = language;
render(html`<${Page} />`, document.getElementById("page"));
