// Runs before the first paint, so that a chosen theme does not flash: "light", "dark", or none for the system's.
(() => {
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch { /* storage is closed: the system's theme */ }
})();
