import { timelineStyle } from "./timeline-style.ts";

const light = `
  --ink: #1d2430; --soft: #5b6675; --paper: #fbfbfa; --card: #ffffff; --line: #dfe3e8; --shade: #1d243033;
  --pass: #1a7f4b; --fail: #b3261e; --invalid: #9a6700;
  --c1: #2563a8; --c2: #c2571a; --c3: #1a7f4b; --c4: #7a4fb5; --c5: #a8324a; --c6: #6b7280;
  --s-off: #dde1e6; --s-modem: #a9b2bd; --s-ranging: #7a4fb5; --s-dhcp: #2563a8; --s-time: #1295a8;
  --s-ntp: #5cc0d0; --s-tftp: #d9772b; --s-check: #e3b341; --s-registration: #b5478f;
  --s-syslog: #8a9a2b; --s-pausing: #8c6d46; --s-failed: #b3261e; --s-online: #2e9d63;`;

const dark = `
  --ink: #e6e9ee; --soft: #9aa5b4; --paper: #14181e; --card: #1c222b; --line: #303947; --shade: #000000b0;
  --pass: #4cc38a; --fail: #ff8a80; --invalid: #e3b341;
  --c1: #6ea8e8; --c2: #f0945a; --c3: #4cc38a; --c4: #b695e8; --c5: #f08a9e; --c6: #9aa5b4;
  --s-off: #2f3845; --s-modem: #5f6b7a; --s-ranging: #9a74d6; --s-dhcp: #4d8cd6;
  --s-time: #2fb0c4; --s-ntp: #86d5e0; --s-tftp: #e88d48; --s-check: #e8c25f;
  --s-registration: #d070ae; --s-syslog: #b0bf55; --s-pausing: #ab8a5f; --s-failed: #e5554a;
  --s-online: #3fb67c;`;

/**
 * The page's own style: light or dark by the reader's preference or the button, and also made for paper
 * and telephones.
 */
export const pageStyle = `
:root { color-scheme: light; ${light} }
:root[data-theme="dark"] { color-scheme: dark; ${dark} }
@media screen and (prefers-color-scheme: dark) {
  :root:not([data-theme="light"]) { color-scheme: dark; ${dark} }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
header { display: flex; flex-wrap: wrap; gap: 6px 18px; align-items: baseline;
  border-bottom: 3px solid var(--verdict); padding: 0 76px 12px 0; position: relative; }
#theme { position: absolute; top: 6px; right: 0; font: inherit; font-size: 13px; cursor: pointer;
  color: var(--soft); background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: 3px 10px; }
.verdict { font-size: 30px; font-weight: 700; letter-spacing: .04em; color: var(--verdict); }
h1 { font-size: 24px; margin: 0; font-weight: 600; overflow-wrap: break-word; min-width: 0; }
header p { margin: 0; color: var(--soft); flex-basis: 100%; }
h2 { font-size: 17px; margin: 38px 0 10px; }
h3 { font-size: 14px; margin: 22px 0 6px; font-weight: 600; }
.reasons { margin: 14px 0 0; padding-left: 20px; color: var(--verdict); overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px;
  margin-top: 20px; }
.figure { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 12px 14px; }
.figure b { display: block; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; }
.figure.headline { grid-column: span 2; }
.figure.headline b { font-size: 30px; line-height: 1.25; }
.figure.alarm b { color: var(--fail); }
.figure span { color: var(--soft); font-size: 13px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
/* Shadows at its edges show that there is more to scroll to. */
.wide { --under: var(--paper); overflow-x: auto; background:
  linear-gradient(to right, var(--under) 12px, transparent) left / 40px 100% local,
  linear-gradient(to left, var(--under) 12px, transparent) right / 40px 100% local,
  linear-gradient(to right, var(--shade), transparent) left / 12px 100% scroll,
  linear-gradient(to left, var(--shade), transparent) right / 12px 100% scroll;
  background-repeat: no-repeat; }
.chart .wide { --under: var(--card); }
th, td { padding: 5px 7px; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { color: var(--soft); font-weight: 500; font-size: 13px; }
th:first-child, td:first-child, .left { text-align: left; }
td.wrap { white-space: normal; overflow-wrap: anywhere; }
tbody tr:hover { background: color-mix(in srgb, var(--line) 30%, transparent); }
.bar { display: inline-block; height: 9px; min-width: 1px; background: var(--c2); border-radius: 2px;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.errors td:last-child { width: 30%; min-width: 90px; text-align: left; }
.errors td:first-child, .thresholds td:nth-child(2) { white-space: normal; overflow-wrap: break-word; }
.errors td:first-child { min-width: 150px; }
.thresholds td:nth-child(2), .thresholds th:nth-child(2) { text-align: left; width: 60%; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px;
  margin: 0; overflow-x: auto; font: 13px/1.5 ui-monospace, Consolas, monospace; }
.tight td, .tight th { padding: 5px 4px; font-size: 13px; }
.words td:nth-child(-n+4), .words th:nth-child(-n+4) { text-align: left; }
.words td:nth-child(4) { color: var(--soft); white-space: normal; min-width: 220px; }
.named td:nth-child(2), .named th:nth-child(2), .slowest td:nth-child(2),
.slowest th:nth-child(2) { text-align: left; }
.waterfall tbody { break-inside: avoid; }
.waterfall th { padding-left: 9px; padding-right: 9px; }
.waterfall td { border-bottom: 0; padding: 2px 9px; }
.waterfall .kind th { color: var(--ink); font-weight: 600; text-align: left; padding-top: 12px;
  border-bottom: 1px solid var(--line); }
.waterfall .total td { font-weight: 600; }
.waterfall .axis, .waterfall .track { width: 56%; min-width: 240px; padding: 2px 12px; }
.axis div, .track div { position: relative; height: 20px; }
.axis i { position: absolute; font-style: normal; transform: translateX(-50%); }
.axis i:first-child { transform: none; }
.track div { background: linear-gradient(to right, var(--line) 1px, transparent 1px) 0 0 / var(--tick) 100%; }
.track i { position: absolute; top: 4px; height: 12px; min-width: 2px; border-radius: 2px;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.ok { color: var(--pass); } .bad { color: var(--fail); font-weight: 600; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 18px; }
.wide + .charts { margin-top: 14px; }
.chart { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin: 0;
  padding: 12px 8px 8px; min-width: 0; }
.chart figcaption { margin: 0 0 4px 8px; font-size: 14px; font-weight: 600; overflow-wrap: anywhere; }
.chart details { margin: 4px 8px 0; font-size: 12px; color: var(--soft); }
.chart details table { font-size: 12px; }
.chart summary { cursor: pointer; }
.u-legend { font-size: 12px; text-align: left; }
.u-legend th, .u-legend td { border-bottom: 0; padding: 1px 3px; }
.u-legend .u-value { font-variant-numeric: tabular-nums; }
.u-legend .u-marker { border-radius: 2px; }
.downloads th { width: 230px; }
.lead { margin: 0 0 12px; }
.note { color: var(--soft); font-size: 13px; margin: 6px 0 0; }
${timelineStyle}
@media (max-width: 520px) {
  main { padding: 16px 12px 40px; }
  .charts { grid-template-columns: minmax(0, 1fr); }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; }
  .figure { padding: 9px 10px; }
  .figure b { font-size: 18px; overflow-wrap: break-word; }
  .stacking thead { display: none; }
  .stacking table, .stacking tbody { display: block; }
  .stacking tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 4px 10px; padding: 9px 0;
    border-bottom: 1px solid var(--line); }
  .stacking td, .tight .stacking td { display: block; padding: 0; border: 0; text-align: left; font-size: 14px;
    white-space: normal; overflow-wrap: break-word; }
  .stacking td:empty { display: none; }
  .stacking td::before { content: attr(data-head); display: block; color: var(--soft); font-size: 12px; }
  .phases td:first-child, .thresholds td:nth-child(2) { grid-column: 1 / -1; font-weight: 600; }
  .phases td:first-child::before, .thresholds td:nth-child(2)::before { content: none; }
  .thresholds td:nth-child(2) { order: -1; width: auto; font-weight: 400; }
  .thresholds td:first-child::before { content: "result"; }
  .figure.headline b { font-size: 25px; }
  h1 { font-size: 20px; flex-basis: 100%; }
  .downloads th { width: 120px; white-space: normal; }
}
@media print {
  @page { margin: 12mm; }
  body { background: #fff; font-size: 12px; }
  main { max-width: none; padding: 0; }
  #theme, .chart details { display: none; }
  .charts { grid-template-columns: 1fr 1fr; gap: 10px; }
  .chart, .figure, tr, pre { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  table, .tight td, .tight th { font-size: 11px; }
  th, td, .tight td, .tight th { padding: 3px 4px; }
  th { white-space: normal; font-size: 10px; }
  .phases td, .phases th { font-size: 9px; padding: 3px 2px; }
  .phases td:first-child { white-space: normal; }
  .wide { overflow: visible; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
}
`;
