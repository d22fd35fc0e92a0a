/** The page's own style: light and dark by the reader's preference, and fit for paper. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --ink: #1d2430; --soft: #5b6675; --paper: #fbfbfa; --card: #ffffff; --line: #dfe3e8;
  --pass: #1a7f4b; --fail: #b3261e; --invalid: #9a6700;
  --c1: #2563a8; --c2: #c2571a; --c3: #1a7f4b; --c4: #7a4fb5; --c5: #a8324a; --c6: #6b7280;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ee; --soft: #9aa5b4; --paper: #14181e; --card: #1c222b; --line: #303947;
    --pass: #4cc38a; --fail: #ff8a80; --invalid: #e3b341;
    --c1: #6ea8e8; --c2: #f0945a; --c3: #4cc38a; --c4: #b695e8; --c5: #f08a9e; --c6: #9aa5b4;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
header { display: flex; flex-wrap: wrap; gap: 6px 18px; align-items: baseline;
  border-bottom: 3px solid var(--verdict); padding-bottom: 12px; }
.verdict { font-size: 30px; font-weight: 700; letter-spacing: .04em; color: var(--verdict); }
h1 { font-size: 24px; margin: 0; font-weight: 600; }
header p { margin: 0; color: var(--soft); flex-basis: 100%; }
h2 { font-size: 16px; margin: 34px 0 10px; }
.reasons { margin: 14px 0 0; padding-left: 20px; color: var(--verdict); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px;
  margin-top: 20px; }
.figure { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 12px 14px; }
.figure b { display: block; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; }
.figure span { color: var(--soft); font-size: 13px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: 5px 7px; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { color: var(--soft); font-weight: 500; font-size: 13px; }
th:first-child, td:first-child, .left { text-align: left; }
td.wrap { white-space: normal; }
.ok { color: var(--pass); } .bad { color: var(--fail); font-weight: 600; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 18px; }
@media (max-width: 520px) { .charts { grid-template-columns: 1fr; } }
.chart { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 12px 8px 4px; min-width: 0; }
.chart h3 { margin: 0 0 4px 8px; font-size: 14px; font-weight: 600; }
.u-legend { font-size: 12px; text-align: left; }
.u-legend .u-value { font-variant-numeric: tabular-nums; }
.note { color: var(--soft); font-size: 13px; margin: 6px 0 0; }
@media print { body { background: #fff; } .chart, .figure { break-inside: avoid; } }
`;
