import { chartScript } from "./chart-script.ts";

/**
 * The script of the page on which a run is watched: listens to its events, draws and extends the charts,
 * shows the figures of the last second, and posts the orders of the buttons. All text is set as text.
 */
export const liveScript = `
(() => {${chartScript}
  const byId = (id) => document.getElementById(id);
  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  let drawn = [];
  let phases = [];
  let isOver = false;
  const place = byId("charts");
  const plotAll = () => {
    for (const one of drawn) {
      if (one.plot) one.plot.destroy();
      one.plot = plotOf(one.chart, phases, 0, 250);
    }
  };
  const showCharts = (drawing) => {
    for (const { plot } of drawn) plot.destroy();
    phases = drawing.phases;
    place.replaceChildren(...drawing.charts.map(({ id, title }) => {
      const figure = element("figure", undefined, "chart");
      const box = element("div");
      box.id = id;
      figure.append(element("figcaption", title), box);
      return figure;
    }));
    drawn = drawing.charts.map((chart) => ({ chart }));
    plotAll();
    countPoints();
  };
  const countPoints = () => {
    place.dataset.points = drawn.length === 0 ? 0 : drawn[0].chart.xs.length;
  };
  const addPoint = ({ second, replaces, values }) => {
    const before = drawn.length === 0 ? 0 : drawn[0].chart.xs.at(-1);
    for (const { chart } of drawn) {
      if (replaces) {
        chart.xs.pop();
        for (const line of chart.series) line.values.pop();
      }
      chart.xs.push(second);
      chart.series.forEach((line, index) => line.values.push(values[chart.id][index]));
    }
    // The ticks of minutes are others than those of seconds.
    if (before < 120 && second >= 120) plotAll();
    else for (const { chart, plot } of drawn) {
      plot.setData(rowsOf(chart, (at) => plot.series[chart.series.length - at].show));
    }
    countPoints();
  };
  const showStatus = ({ line, progress, pace, figures }) => {
    byId("line").textContent = line;
    byId("progress").value = progress;
    byId("figures").replaceChildren(...figures.map(({ label, value, alarm }) => {
      const figure = element("div", undefined, alarm ? "figure alarm" : "figure");
      figure.append(element("b", value), element("span", label));
      return figure;
    }));
    byId("pause").textContent = pace === 0 ? "Resume" : "Pause";
    byId("pause").dataset.pace = pace === 0 ? 1 : 0;
    for (const button of document.querySelectorAll("button[data-pace]")) {
      if (button.id !== "pause") button.setAttribute("aria-pressed", Number(button.dataset.pace) === pace);
    }
    if (!isOver) byId("state").textContent = pace === 0 ? "PAUSED" : "RUNNING";
  };
  const showThresholds = (thresholds) => {
    const rows = document.querySelectorAll("#thresholds tbody tr");
    for (const [index, { holds, actual, margin }] of thresholds.entries()) {
      const row = rows[index];
      row.cells[0].replaceChildren(element("span", holds ? "✓ holds" : "✗ failed", holds ? "ok" : "bad"));
      row.cells[2].textContent = actual;
      row.cells[3].textContent = margin;
    }
  };
  const showEnd = ({ verdict, reasons, thresholds, hasReport }) => {
    isOver = true;
    events.close();
    document.body.style.setProperty("--verdict", "var(--" + verdict + ")");
    byId("state").textContent = verdict.toUpperCase();
    byId("reasons").replaceChildren(...reasons.map((reason) => element("li", reason)));
    showThresholds(thresholds);
    byId("report").hidden = !hasReport;
    byId("controls").hidden = true;
    tell("");
  };
  const tell = (text) => { byId("news").textContent = text; };
  const post = async (action, body) => {
    try {
      const answer = await fetch(action, { method: "POST", body: JSON.stringify(body),
        headers: { "Content-Type": "application/json" } });
      tell(answer.ok ? "" : "The run did not take that: " + await answer.text());
    } catch {
      tell("The run does not answer.");
    }
  };
  const events = new EventSource("events");
  const on = (name, show) => events.addEventListener(name, (event) => {
    tell("");
    show(JSON.parse(event.data));
  });
  on("charts", showCharts);
  on("point", addPoint);
  on("status", showStatus);
  on("end", showEnd);
  events.addEventListener("error", () => { if (!isOver) tell("The run does not answer."); });
  for (const button of document.querySelectorAll("button[data-pace]")) {
    button.addEventListener("click", () => post("pace", { pace: Number(button.dataset.pace) }));
  }
  // The first press asks, the second within five seconds does it.
  const abort = byId("abort");
  let asked;
  abort.addEventListener("click", () => {
    if (asked) { post("abort", {}); return; }
    abort.textContent = "Abort: sure?";
    asked = setTimeout(() => { asked = undefined; abort.textContent = "Abort"; }, 5000);
  });
  themed(plotAll);
})();
`;
