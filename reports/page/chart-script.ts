/**
 * The beginning of every page's script: how a chart is drawn with uPlot. `plotOf(chart, phases, width,
 * height)` makes the plot in the element with the chart's id, in the colours of the page. `rowsOf` has
 * the data in uPlot's order. `themed(redraw)` follows the colour scheme, its button and the window. A
 * stacked chart is drawn from the top down: each area reaches the ground, and the next one covers its
 * lower part. Lanes stand below the axis. For readers who do not see colours, lines also differ by dashes, thresholds by a sign.
 */
export const chartScript = `
  const root = document.documentElement;
  const dashes = [[], [7, 3], [2, 2], [10, 3, 2, 3], [14, 4], [4, 4]];
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const short = (value) =>
    value == null ? "" : value >= 1000 ? (value / 1000).toLocaleString("en-US") + "k"
      : String(Math.round(value * 1000) / 1000);
  const percent = (nines) => {
    const share = 100 * (1 - Math.pow(10, -nines));
    return share === 0 ? "0" : String(Math.round(share * 1e6) / 1e6);
  };
  const seconds = (value) => value < 120 ? value + " s" : Math.round(value / 6) / 10 + " min";
  const text = (value) => value == null ? "-" : value.toLocaleString("en-US");
  const xTexts = { time: seconds, percentile: percent, load: short };
  const xLabels = { time: "time", percentile: "percentile", load: "offered/s" };
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
        : { label, stroke: ink, width: 1.5, dash: dashes[index % dashes.length],
            points: { show: chart.x === "load" }, value: (u, value) => text(value) };
    });
    return chart.stacked ? styles.reverse() : styles;
  };
  // An area that the reader hides leaves the others standing on each other.
  const restack = (chart) => (u, index, change) => {
    if (change.show == null) return;
    u.setData(rowsOf(chart, (at) => u.series[chart.series.length - at].show));
  };
  const inks = (u) => {
    const { ctx } = u;
    ctx.save();
    ctx.font = 11 * devicePixelRatio + "px system-ui, sans-serif";
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([]);
    return ctx;
  };
  // Where each phase begins, with as much of its name as there is room for.
  const markPhases = (phases) => (u) => {
    const ctx = inks(u);
    const { left, top, width, height } = u.bbox;
    phases.forEach(({ name, second }, index) => {
      const from = u.valToPos(second, "x", true);
      const next = phases[index + 1];
      const to = next ? u.valToPos(next.second, "x", true) : left + width;
      if (to < left || from > left + width) return;
      ctx.strokeStyle = ctx.fillStyle = colour("--soft");
      if (index > 0) {
        ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
        ctx.beginPath();
        ctx.moveTo(from, top);
        ctx.lineTo(from, top + height);
        ctx.stroke();
      }
      const room = to - Math.max(from, left) - 6 * devicePixelRatio;
      let label = name;
      while (label.length > 1 && ctx.measureText(label).width > room) label = label.slice(0, -2) + "…";
      if (label.length < 2 || ctx.measureText(label).width > room) return;
      ctx.fillText(label, Math.max(from, left) + 2 * devicePixelRatio, top - 2 * devicePixelRatio);
    });
    ctx.restore();
  };
  // A bar that the line must stay below, with a sign that says whether it did.
  const markLimits = (limits) => (u) => {
    const ctx = inks(u);
    const half = 14 * devicePixelRatio;
    ctx.textAlign = "center";
    ctx.lineWidth = 2.5 * devicePixelRatio;
    for (const { x: nines, y: limit, holds } of limits) {
      const x = u.valToPos(nines, "x", true);
      const y = u.valToPos(limit, "y", true);
      ctx.strokeStyle = ctx.fillStyle = colour(holds ? "--pass" : "--fail");
      ctx.beginPath();
      ctx.moveTo(x - half, y);
      ctx.lineTo(x + half, y);
      ctx.stroke();
      ctx.fillText(holds ? "✓" : "✗", x, y - devicePixelRatio);
    }
    ctx.restore();
  };
  // Below the numbers of the axis, on its scale; the longer, the taller.
  const laneHeight = 16;
  const axisHeight = 30;
  const markLanes = (lanes) => (u) => {
    const ctx = inks(u);
    const ratio = devicePixelRatio;
    const { left, top, width, height } = u.bbox;
    ctx.beginPath();
    ctx.rect(0, top + height, left + width + 2 * ratio, u.ctx.canvas.height);
    ctx.clip();
    lanes.forEach(({ label, spans }, index) => {
      const ground = top + height + (axisHeight + (index + 1) * laneHeight) * ratio;
      ctx.fillStyle = colour("--soft");
      ctx.textAlign = "right";
      ctx.fillText(label, left - 6 * ratio, ground);
      ctx.fillStyle = colour("--line");
      ctx.fillRect(left, ground, width, ratio);
      ctx.fillStyle = colour("--c" + (index % 6 + 1));
      for (const { second, ms } of spans) {
        const from = u.valToPos(second, "x", true);
        const to = Math.max(u.valToPos(second + ms / 1000, "x", true), from + 2 * ratio);
        if (to < left) continue;
        const tall = ratio * (3 + 9 * Math.min(1, Math.log10(Math.max(ms, 5) / 5) / 2));
        ctx.fillRect(Math.max(from, left), ground - tall, to - Math.max(from, left), tall);
      }
    });
    ctx.restore();
  };
  const yScale = ({ log, limits = [] }) => {
    const bounds = limits.map(({ y }) => y);
    return log
      ? { distr: 3, range: (u, low, high) => low == null ? [0.1, 1] : [
          Math.pow(10, Math.floor(Math.log10(Math.min(low, ...bounds)))),
          Math.pow(10, Math.ceil(Math.log10(Math.max(high, ...bounds) * 1.001)))] }
      : { range: (u, low, high) => [0, Math.max(high * 1.05, 1, ...bounds.map((y) => y * 1.1))] };
  };
  // From two minutes on the ticks are whole parts of minutes.
  const ticksOf = ({ x, xs }) => x === "time" && xs[xs.length - 1] >= 120
    ? { incrs: [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800] } : {};
  const percentTicks = (width) => ({
    splits: () => [0, 1, 2, 3, 4, 5].filter((nines) => width > 380 || nines !== 4),
  });
  const plotOf = (chart, phases, width, height) => {
    const box = document.getElementById(chart.id);
    const across = width || box.clientWidth - 8;
    const lanes = chart.lanes || [];
    const below = lanes.length * laneHeight;
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 },
      ticks: { stroke: colour("--line"), width: 1 } };
    const marks = [
      ...(chart.x === "time" && phases.length > 1 ? [markPhases(phases)] : []),
      ...(chart.limits ? [markLimits(chart.limits)] : []),
      ...(below > 0 ? [markLanes(lanes)] : []),
    ];
    const plot = new uPlot({
      width: across, height: height + below, padding: [18, null, null, null],
      scales: { x: { time: false }, y: yScale(chart) },
      axes: [
        { ...axis, size: below > 0 ? axisHeight + below + 4 : 50, ...ticksOf(chart), ...(chart.x === "percentile" ? percentTicks(across) : {}),
          values: (u, splits) => splits.map(xTexts[chart.x]) },
        { ...axis, size: 56, values: (u, splits) => splits.map(short) },
      ],
      series: [
        { label: xLabels[chart.x], value: (u, value) => value == null ? "" : xTexts[chart.x](value) },
        ...styleOf(chart),
      ],
      hooks: { draw: marks, setSeries: chart.stacked ? [restack(chart)] : [] },
    }, rowsOf(chart, () => true), box);
    const canvas = plot.root.querySelector("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", chart.words);
    return plot;
  };
  const themed = (redraw) => {
    const darkScheme = matchMedia("(prefers-color-scheme: dark)");
    const button = document.getElementById("theme");
    const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : darkScheme.matches;
    const nameButton = () => { button.textContent = isDark() ? "Light" : "Dark"; };
    let pending;
    const later = () => { clearTimeout(pending); pending = setTimeout(redraw, 100); };
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      nameButton();
      redraw();
    });
    darkScheme.addEventListener("change", () => { nameButton(); later(); });
    addEventListener("resize", later);
    nameButton();
    return () => clearTimeout(pending);
  };
`;
