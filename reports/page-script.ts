/**
 * Runs in the reader's browser: draws `charts` (embedded as JSON) with uPlot, in the colours of the
 * page, and redraws them when the window or the colour scheme changes. A stacked chart is drawn from
 * its top down, each area from its sum to the ground, so that the next one covers the rest of it.
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
  const text = (value) => value == null ? "-" : value.toLocaleString("en-US");
  // What uPlot draws of each series, in its own order: of a stack the sums, the topmost first.
  const rowsOf = (chart, isShown) => {
    if (!chart.stacked) return [chart.xs, ...chart.series.map(({ values }) => values)];
    let sums = chart.xs.map(() => 0);
    const areas = chart.series.map(({ values }, index) =>
      isShown(index) ? (sums = sums.map((sum, at) => sum + values[at])) : sums);
    return [chart.xs, ...areas.reverse()];
  };
  const styleOf = (chart) => {
    const styles = chart.series.map(({ label, values, colour: name }, index) => {
      const ink = colour(name || "--c" + (index % 6 + 1));
      return chart.stacked
        ? { label, stroke: ink, fill: ink, width: 0.5, points: { show: false },
            value: (u, sum, series, row) => text(row == null ? null : values[row]) }
        : { label, stroke: ink, width: 1.5, points: { show: false }, value: (u, value) => text(value) };
    });
    return chart.stacked ? styles.reverse() : styles;
  };
  // An area that the reader hides leaves the others standing on each other.
  const restack = (chart) => (u, index, change) => {
    if (change.show == null) return;
    u.setData(rowsOf(chart, (at) => u.series[chart.series.length - at].show));
  };
  // From two minutes on the ticks are whole parts of minutes.
  const ticksOf = ({ x, xs }) => x === "time" && xs[xs.length - 1] >= 120
    ? { incrs: [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800] } : {};
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
          { ...axis, ...ticksOf(chart), values: (u, splits) => splits.map(xText) },
          { ...axis, size: 56, values: (u, splits) => splits.map(short) },
        ],
        series: [
          { label: chart.x, value: (u, value) => value == null ? "" : xText(value) },
          ...styleOf(chart),
        ],
        hooks: chart.stacked ? { setSeries: [restack(chart)] } : {},
      }, rowsOf(chart, () => true), box);
    });
  }
  let pending;
  const redraw = () => { clearTimeout(pending); pending = setTimeout(draw, 100); };
  addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  draw();
})();
`;
