/**
 * Runs in the reader's browser: draws `charts` (embedded as JSON) with uPlot, in the colours of the
 * page, and redraws them when the window or the colour scheme changes.
 */
export const pageScript = `
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const short = (value) =>
    value == null ? "" : value >= 1000 ? (value / 1000).toLocaleString("en-US") + "k"
      : String(Math.round(value * 1000) / 1000);
  const percent = (nines) => {
    const share = 100 * (1 - Math.pow(10, -nines));
    return share === 0 ? "0" : String(Math.round(share * 1e6) / 1e6);
  };
  const seconds = (value) => value < 120 ? value + " s" : Math.round(value / 6) / 10 + " min";
  let plots = [];
  function draw() {
    for (const plot of plots) plot.destroy();
    plots = charts.map((chart) => {
      const box = document.getElementById(chart.id);
      const xText = chart.x === "percentile" ? percent : seconds;
      const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 },
        ticks: { stroke: colour("--line"), width: 1 } };
      return new uPlot({
        width: box.clientWidth - 8, height: 240,
        scales: { x: { time: false }, y: chart.log ? { distr: 3 } : { range: (u, low, high) => [0, Math.max(high * 1.05, 1)] } },
        axes: [
          { ...axis, values: (u, splits) => splits.map(xText) },
          { ...axis, size: 56, values: (u, splits) => splits.map(short) },
        ],
        series: [
          { label: chart.x, value: (u, value) => value == null ? "" : xText(value) },
          ...chart.series.map((series, index) => ({
            label: series.label, stroke: colour("--c" + (index % 6 + 1)), width: 1.5,
            points: { show: false }, value: (u, value) => value == null ? "-" : value.toLocaleString("en-US"),
          })),
        ],
      }, [chart.xs, ...chart.series.map((series) => series.values)], box);
    });
  }
  let pending;
  const redraw = () => { clearTimeout(pending); pending = setTimeout(draw, 100); };
  addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  draw();
})();
`;
