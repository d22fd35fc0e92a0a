import { chartScript } from "./chart-script.ts";

/**
 * The script of a report: draws the charts (embedded as JSON), and again when the window, the colour
 * scheme or the medium changes.
 */
export const pageScript = `
(() => {${chartScript}
  const { charts, phases } = JSON.parse(document.getElementById("charts").textContent);
  const paperWidth = 330;
  let plots = [];
  function draw(paper) {
    for (const plot of plots) plot.destroy();
    plots = charts.map((chart) => plotOf(chart, phases, paper ? paperWidth : 0, paper ? 190 : 250));
  }
  const settle = themed(() => draw(false));
  // Paper is white, whatever the screen is.
  let theme;
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    settle();
    draw(true);
  });
  addEventListener("afterprint", () => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    draw(false);
  });
  draw(false);
})();
`;
