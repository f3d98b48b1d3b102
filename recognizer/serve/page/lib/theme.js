// Light, dark, or as the system says.
import {useState} from "./ui.js";

export const THEMES = ["system", "light", "dark"];

export function useTheme() {
  const [theme, set] = useState(document.documentElement.dataset.theme ?? "system");
  const choose = (next) => {
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      if (next === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", next);
    } catch { /* storage is closed: the choice lasts until the page is left */ }
    set(next);
  };
  return [theme, choose];
}
