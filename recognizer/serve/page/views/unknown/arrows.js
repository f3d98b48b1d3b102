// Which card an arrow key leads to, in a grid whose columns follow the width of the window.

/** Index of the next card from `at`; the same where there is none. */
export function step(key, at, list) {
  const cards = [...list.querySelectorAll(".cluster")];
  if (key === "ArrowRight") return Math.min(cards.length - 1, at + 1);
  if (key === "ArrowLeft") return Math.max(0, at - 1);
  const columns = cards.filter((card) => card.offsetTop === cards[0].offsetTop).length;
  const to = key === "ArrowDown" ? at + columns : at - columns;
  return to < 0 || to >= cards.length ? at : to;
}
